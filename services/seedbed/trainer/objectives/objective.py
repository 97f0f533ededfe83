"""The interface of all objectives."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import ConfigDict

from seedbed.kernel.formats.yaml_config import StrictModel
from seedbed.trainer.data.masks import Sample
from seedbed.trainer.data.rows import Row
from seedbed.trainer.v1.checkpoint_pb2 import Base

if TYPE_CHECKING:
    from seedbed.trainer.model.frozen import FrozenModel
    from seedbed.trainer.model.loss import RowLoss
    from seedbed.trainer.model.student import PackedRow

OWN_BASE = "base"
"""What a recipe calls the model that its own training begins from."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model that is loaded beside the student and does not learn."""

    name: str
    """A folder, a name on the hub, or `OWN_BASE`."""
    digest: str = ""
    """Of the folder's files, or the commit; the base's stands in the training."""

    def found(self, base: Base) -> Base:
        """It by its content, in a training that begins from `base`."""
        return base if self.name == OWN_BASE else Base(name=self.name, digest=self.digest)


class Objective(StrictModel, ABC):
    """What a phase is tuned for. Its fields are its options, as a phase of a recipe has them."""

    model_config = ConfigDict(serialize_by_alias=True)
    name: ClassVar[str]
    """As recipes have it."""
    example: ClassVar[str] = ""
    """Of its options, the fewest."""

    def sources(self) -> Sequence[Source]:
        """The models that it needs beside the student."""
        return ()

    def pinned(self, find: Callable[[str], Base]) -> Self:
        """The same, with the models that it needs named by their content. Raises what `find` raises."""
        del find
        return self

    def moves_base(self) -> bool:
        """Whether a student that is still its own base learns anything."""
        return True

    @abstractmethod
    def identity(self, base: Base) -> dict[str, Any]:
        """What a phase's weights depend on by it, beside the rows and the phase's other settings."""

    @abstractmethod
    def describe(self) -> str:
        """What it is, in half a sentence; empty where that goes without saying."""

    @abstractmethod
    def make_samples(self, tokenizer: Any, row: Row, system: str, context: int) -> list[Sample]:
        """What it takes of a row: its tokens, and which count. Raises NotRendered where that is nothing.

        A conversation may be longer than the context, and is left out then; a text is in pieces that fit.
        """

    @abstractmethod
    def start(self, frozen: Sequence["FrozenModel"]) -> Callable[["PackedRow"], "RowLoss"]:
        """How the loss of a row comes about; `frozen` are the models of `sources`, in their order."""
