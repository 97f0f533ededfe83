"""Supervised tuning: each token of an answer, or of a text, is to be the likeliest one."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.trainer.data.masks import Sample
from seedbed.trainer.data.rows import Row
from seedbed.trainer.data.texts import encode_row
from seedbed.trainer.objectives.objective import Objective
from seedbed.trainer.v1.checkpoint_pb2 import Base

if TYPE_CHECKING:
    from seedbed.trainer.model.frozen import FrozenModel
    from seedbed.trainer.model.loss import RowLoss
    from seedbed.trainer.model.student import PackedRow


class Supervised(Objective):
    """The cross-entropy of the tokens that count."""

    name = "supervised"

    def identity(self, base: Base) -> dict[str, Any]:
        """Nothing: a phase that names no objective is one of these."""
        del base
        return {}

    def describe(self) -> str:
        """Nothing, for the same reason."""
        return ""

    def make_samples(self, tokenizer: Any, row: Row, system: str, context: int) -> list[Sample]:
        """A conversation, of which the assistant's turns count, or all but the system's; or a text."""
        return encode_row(tokenizer, row, system, context)

    def start(self, frozen: Sequence["FrozenModel"]) -> Callable[["PackedRow"], "RowLoss"]:
        from seedbed.trainer.model.loss import CrossEntropy  # noqa: PLC0415  it loads torch

        del frozen
        return lambda packed: CrossEntropy(packed.labels)
