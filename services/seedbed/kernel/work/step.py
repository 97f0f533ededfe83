"""What a step is: `run` is paid for and recorded, `follow` is pure and computed again at every recall."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from google.protobuf.message import Message
from pydantic import BaseModel

from seedbed.bus.v1.bus_pb2 import Follower, Sampling, StepSpec
from seedbed.kernel.endpoint.prompt import Prompt, ReplyT
from seedbed.kernel.store.interface import Store
from seedbed.pipeline.items import Following
from seedbed.pipeline.kinds import Role
from seedbed.pipeline.recipe import Recipe

InputT = TypeVar("InputT", bound=Message)
ResultT = TypeVar("ResultT", bound=Message)


class Tools(Protocol):
    """What a step may use while it runs."""

    @property
    def store(self) -> Store: ...

    async def ask(self, prompt: Prompt[ReplyT], /, **values: object) -> ReplyT:
        """Render the step's own prompt and return the parsed reply; re-asks a malformed one twice."""
        ...


@dataclass(frozen=True, slots=True)
class Work(Generic[InputT, ResultT]):
    """A finished item, as `follow` sees it."""

    digest: str
    input: InputT
    result: ResultT
    candidate: str = ""
    draw: int = 0
    then: Follower | None = None


class Step(ABC, Generic[InputT, ResultT]):
    """One kind of work. Subclasses declare what it is and do it."""

    name: ClassVar[str]
    version: ClassVar[int]
    prompt: ClassVar[Prompt[BaseModel] | None] = None
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
