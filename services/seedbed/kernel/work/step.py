"""What a step is: `run` is paid for and recorded, `follow` is pure and computed again at every recall."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from google.protobuf.message import Message
from pydantic import BaseModel

from seedbed.bus.v1.bus_pb2 import Follower, Item, Sampling, StepSpec
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.kernel.store.backend import Store
from seedbed.pipeline.recipe import Recipe

InputT = TypeVar("InputT", bound=Message)
ResultT = TypeVar("ResultT", bound=Message)
Role = Literal["teacher", "judge"]


class Tools(Protocol):
    """What a step may use while it runs."""

    @property
    def store(self) -> Store: ...

    async def ask(self, **values: Any) -> Any:
        """Render the step's prompt and return the parsed reply; re-asks a malformed one twice."""


@dataclass(frozen=True, slots=True)
class Work(Generic[InputT, ResultT]):
    """A finished item, as `follow` sees it."""

    digest: str
    input: InputT
    result: ResultT
    candidate: str = ""
    draw: int = 0
    then: Follower | None = None


@dataclass(frozen=True, slots=True)
class Announce:
    """An item to be."""

    step: str
    # Bytes where another service has written the input: that of a Follower.
    input: Message | bytes
    candidate: str = ""
    repeat: int = 0
    then: Follower | None = None
    origins: Sequence[int] = ()
    """Of a draw's first item; what follows has those of the item it follows from."""

    def size(self) -> int:
        """Bytes of what the item will hold; its names are few more."""
        own = len(self.input) if isinstance(self.input, bytes) else self.input.ByteSize()
        return own + (self.then.ByteSize() if self.then else 0)


@dataclass(frozen=True, slots=True)
class Drop:
    """A candidate let go before anything more is paid for it."""

    candidate: str
    end: Literal["duplicate", "rejected"]
    reason: str


@dataclass(frozen=True, slots=True)
class Following:
    """What follows from a finished item."""

    announce: Sequence[Announce] = field(default=())
    drop: Sequence[Drop] = field(default=())


class Step(ABC, Generic[InputT, ResultT]):
    """One kind of work. Subclasses declare what it is and do it."""

    name: ClassVar[str]
    version: ClassVar[int]
    prompt: ClassVar[Prompt[BaseModel] | Prompt[Any] | None] = None
    role: ClassVar[Role | None] = None
    sampling: ClassVar[Sampling] = Sampling()
    input_type: type[InputT]
    result_type: type[ResultT]

    @abstractmethod
    async def run(self, value: InputT, tools: Tools) -> ResultT:
        """Do the work. Raises ItemError where the item itself is at fault."""

    def follow(self, work: Work[InputT, ResultT], recipe: Recipe) -> Following:
        """Say what comes next. Pure."""
        del work, recipe
        return Following()

    def spec(self, model: str, parameters: str = "") -> StepSpec:
        """How this step is done when `model` answers, asked with these parameters besides its own."""
        spec = StepSpec(step=self.name, version=self.version, prompt=self.prompt.hash if self.prompt else "")
        if self.role:
            spec.model = model
            spec.sampling.CopyFrom(self.sampling)
            spec.sampling.parameters = parameters
        return spec


class SpecBook:
    """The specs of a plan, each with its digest."""

    def __init__(self, specs: Sequence[StepSpec]) -> None:
        self._specs = {spec.step: spec for spec in specs}

    @cached_property
    def digests(self) -> dict[str, str]:
        """sha256 of each step's spec, by step."""
        return {name: spec_digest(spec) for name, spec in self._specs.items()}

    def __getitem__(self, step: str) -> StepSpec:
        return self._specs[step]

    def __contains__(self, step: object) -> bool:
        return step in self._specs

    def make_item(
        self,
        run: str,
        leaf: str,
        draw: int,
        announce: Announce,
        digest: str = "",
        *,
        origins: Sequence[int] = (),
    ) -> Item:
        """The item that an announcement becomes in this plan."""
        data = announce.input if isinstance(announce.input, bytes) else message_bytes(announce.input)
        return Item(
            run=run,
            leaf=leaf,
            step=announce.step,
            digest=digest or item_digest(self.digests[announce.step], data, announce.repeat),
            input=data,
            repeat=announce.repeat,
            draw=draw,
            candidate=announce.candidate,
            then=announce.then,
            origins=origins or announce.origins,
        )


def spec_digest(spec: StepSpec) -> str:
    """sha256 of how a step is done."""
    return sha256_hex(message_bytes(spec))


def item_digest(spec: str, data: bytes, repeat: int) -> str:
    """sha256 of how, of what, and of which repeat."""
    return sha256_hex(f"{spec}:{repeat}:".encode() + data)


def item_name(digest: str, candidate: str) -> str:
    """What tells an item apart within its leaf: two candidates may ask the same, each with its own sequel."""
    return f"{digest}-{candidate}" if candidate else digest


def candidate_id(digest: str, index: int) -> str:
    """The id of the candidate born as number `index` of an item: 32 hex digits."""
    return sha256_hex(f"{digest}:{index}")[:32]
