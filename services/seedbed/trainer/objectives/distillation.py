"""Distillation: each token of an answer is to be as likely as a frozen teacher takes every token to be."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from seedbed.kernel.errors import InputError
from seedbed.trainer.data.masks import Sample
from seedbed.trainer.data.rows import Row
from seedbed.trainer.data.texts import encode_row
from seedbed.trainer.objectives.objective import OWN_BASE, Objective, Source
from seedbed.trainer.v1.checkpoint_pb2 import Base

if TYPE_CHECKING:
    import torch

    from seedbed.trainer.model.frozen import FrozenModel
    from seedbed.trainer.model.loss import RowLoss
    from seedbed.trainer.model.student import PackedRow

_SCRATCH = "scratch"


class Distillation(Objective):
    """The forward KL divergence from a teacher, KL(teacher || student), beside the cross-entropy."""

    name = "distil"
    example = "{from: base}"

    source: Annotated[str, Field(alias="from", min_length=1)]
    """The teacher: `base`, which is the training's own, or another model with the student's tokenizer."""
    digest: str = ""
    """The teacher's files' or its commit; filled in when the training is asked for."""
    temperature: Annotated[float, Field(ge=0.1, le=100)] = 1
    """Divides the scores of both: above 1, what the teacher takes for unlikely counts for more."""
    weight: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The divergence's share of the loss; the rest is the cross-entropy's, as supervised tuning has it."""

    @field_validator("source")
    @classmethod
    def _can_teach(cls, source: str) -> str:
        if source == _SCRATCH:
            raise ValueError(
                f"a model from scratch knows nothing to teach; `{OWN_BASE}` is the training's own"
            )
        return source

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.source == OWN_BASE and self.digest:
            raise ValueError(f"`digest` is a named teacher's; which one `{OWN_BASE}` is, the training says")
        return self

    def sources(self) -> Sequence[Source]:
        return [Source(self.source, self.digest)]

    def pinned(self, find: Callable[[str], Base]) -> Self:
        if self.source == OWN_BASE:
            return self
        found = find(self.source)
        if self.digest not in ("", found.digest):
            raise InputError(
                f"the teacher {self.source} is {found.digest}, and the training recipe means {self.digest}",
                hint="leave `digest` out to take it as it is",
            )
        return self.model_copy(update={"source": found.name, "digest": found.digest})

    def moves_base(self) -> bool:
        """Whether it differs from its teacher, or has answers to learn."""
        return self.source != OWN_BASE or self.weight < 1

    def identity(self, base: Base) -> dict[str, Any]:
        """The teacher by its content alone, wherever it lies."""
        (teacher,) = (source.found(base).digest for source in self.sources())
        return {self.name: {"teacher": teacher, "temperature": self.temperature, "weight": self.weight}}

    def describe(self) -> str:
        teacher = "its base" if self.source == OWN_BASE else f"`{self.source}` at `{self.digest}`"
        return f"distilled from {teacher} at temperature {self.temperature:g}, weight {self.weight:g}"

    def make_samples(self, tokenizer: Any, row: Row, system: str, context: int) -> list[Sample]:
        """The same as in supervised tuning: the teacher is asked about the same tokens."""
        return encode_row(tokenizer, row, system, context)

    def start(self, frozen: Sequence["FrozenModel"]) -> Callable[["PackedRow"], "RowLoss"]:
        from seedbed.trainer.model.loss import Differentiated  # noqa: PLC0415  it loads torch

        (teacher,) = frozen

        def on(packed: "PackedRow") -> "RowLoss":
            teacher_scores = teacher.scores(packed)
            return Differentiated(
                lambda scores, rows: self.loss(scores, teacher_scores(rows), packed.labels[rows])
            )

        return on

    def loss(
        self, scores: "torch.Tensor", teacher_scores: "torch.Tensor", labels: "torch.Tensor"
    ) -> "torch.Tensor":
        """The sum over some tokens, by the scores of student and teacher: (tokens, vocabulary) each.

        Many models have a few more scores than there are tokens, to a round number: what the teacher has
        beyond the student's is left out. The divergence is multiplied by the temperature's square, so that
        its gradient keeps its size.
        """
        scores, teacher_scores = scores.float(), teacher_scores.float()
        width = min(scores.shape[1], teacher_scores.shape[1])
        expected = (teacher_scores[:, :width] / self.temperature).log_softmax(dim=1)
        found = (scores / self.temperature).log_softmax(dim=1)[:, :width]
        divergence = (expected.exp() * (expected - found)).sum()
        loss = self.weight * self.temperature**2 * divergence
        if self.weight < 1:
            answers = scores.log_softmax(dim=1).gather(1, labels[:, None])
            loss = loss - (1 - self.weight) * answers.sum()
        return loss
