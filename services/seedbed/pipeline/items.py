"""Items: what is announced, what is let go, and the names by which items and candidates differ. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from google.protobuf.message import Message

from seedbed.bus.v1.bus_pb2 import Follower
from seedbed.kernel.identity import sha256_hex

# Jobs: the steps that come of no leaf, few and long, by the names of their queues.
TRAINING_PHASE = "trainer.phase"
EVALUATION = "evaluator.score"


@dataclass(frozen=True, slots=True)
class Announce:
    """An item to be queued: its step and input, and for which candidate it is."""

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


def item_digest(spec: str, data: bytes, repeat: int) -> str:
    """sha256 of how, of what, and of which repeat."""
    return sha256_hex(f"{spec}:{repeat}:".encode() + data)


def item_name(digest: str, candidate: str) -> str:
    """An item's name within its leaf: two candidates may ask the same, each with its own sequel."""
    return f"{digest}-{candidate}" if candidate else digest


def candidate_id(digest: str, index: int) -> str:
    """The id of the candidate born as number `index` of an item: 32 hex digits."""
    return sha256_hex(f"{digest}:{index}")[:32]
