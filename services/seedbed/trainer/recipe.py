"""The training recipe: which phases, each on what, how long and how fast. Pure.

What cannot be is refused here, with the reason, before anything is loaded.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from seedbed.kernel.errors import InputError
from seedbed.kernel.formats.yaml_config import StrictModel, read_config
from seedbed.kernel.identity import canonical_json, sha256_hex
from seedbed.trainer.objectives.registry import ObjectiveFields
from seedbed.trainer.phase_data import MOST, Count, External, Replay, Selection, Share

BASE = "base"
"""The phase that makes a student from scratch; recipes cannot name it."""

Rate = Annotated[float, Field(gt=0, le=1)]


class Phase(ObjectiveFields):
    """One phase of a training."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
    data: tuple[Selection, ...] = ()
    external: tuple[External, ...] = ()
    replay: tuple[Replay, ...] = ()
    learning_rate: Rate
    warmup: Annotated[int, Field(ge=0, le=MOST)] = 0
    """Steps over which the learning rate rises from nothing."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    floor: Annotated[float, Field(ge=0, le=1)] = 0
    """Share of the learning rate at which a falling schedule ends."""
    batch_samples: Count | None = None
    """Samples that one step learns from, over all processes."""
    batch_tokens: Count | None = None
    """Or tokens, instead."""
    epochs: Count = 1
    tokens: Count | None = None
    """Instead of epochs: as many tokens that count; whole epochs, and of a last one what is left."""
    context: Annotated[int, Field(ge=16, le=MOST)] = 4096
    """Tokens of the longest sample; a longer text is cut, a conversation left out."""

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.name == BASE:
            raise ValueError(f"`{BASE}` is the phase that makes a student from scratch; name it otherwise")
        if not self.data and not self.external:
            raise ValueError("it has neither `data` nor `external`, so there is nothing to train on")
        if (self.batch_samples is None) == (self.batch_tokens is None):
            raise ValueError("give one of `batch_samples` and `batch_tokens`")
        if self.tokens is not None and self.epochs != 1:
            raise ValueError("give one of `epochs` and `tokens`")
        if self.schedule == "constant" and self.floor:
            raise ValueError("`floor` is for a falling schedule, and this one is constant")
        return self

    def _unset(self) -> list[str]:
        return [*super()._unset(), *(["tokens"] if self.tokens is None else [])]


class Lora(StrictModel):
    """Train an adapter instead of the whole model."""

    rank: Annotated[int, Field(ge=1, le=4096)] = 16
    alpha: Annotated[float, Field(gt=0)] = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0
    targets: tuple[str, ...] = ()
    """Names of the layers that are adapted; none means all linear ones but the head."""
    quantize: Literal["none", "nf4"] = "none"
    """Hold the base in four bits; on NVIDIA GPUs."""


class Scratch(StrictModel):
    """A student from scratch: what it is, and how it learns its first words."""

    vocabulary: Annotated[int, Field(ge=300, le=200_000)] = 4096
    hidden: Annotated[int, Field(ge=16, le=MOST)] = 256
    layers: Count = 4
    heads: Count = 8
    key_value_heads: Count = 4
    intermediate: Annotated[int, Field(ge=16, le=MOST)] = 704
    context: Annotated[int, Field(ge=64, le=MOST)] = 1024
    learning_rate: Rate = 2e-3
    warmup: Annotated[int, Field(ge=0, le=MOST)] = 10
    batch_tokens: Count = 2048
    epochs: Count = 12

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.hidden % (2 * self.heads):
            raise ValueError("`hidden` must be a multiple of twice `heads`")
        if self.heads % self.key_value_heads:
            raise ValueError("`heads` must be a multiple of `key_value_heads`")
        return self


class TrainingRecipe(StrictModel):
    """How a training goes. Everything here is part of its identity."""

    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 42
    pack_tokens: Annotated[int, Field(ge=0, le=MOST)] = 0
    """Tokens that go through the model at once; 0 means the longest context of the phases."""
    packing: bool = True
    """Several samples in a row, kept apart; else each in a row of its own."""
    attention: Literal["segments", "eager"] = "segments"
    """How samples in a row are kept apart; `eager` is slower and knows every model's peculiarities."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the arithmetic; `auto` is bfloat16 where the machine has instructions for it."""
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0
    betas: tuple[Share, Share] = (0.9, 0.95)
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    clip: Annotated[float, Field(gt=0)] = 1
    """The gradient's norm, at most."""
    gradient_checkpointing: bool = False
    """Compute activations again instead of keeping them: slower, in less memory."""
    system: Literal["keep", "merge", "drop"] = "keep"
    """System messages: as they are, put before the first user's message, or left out."""
    chat_template: str = ""
    """A Jinja template for models that have none, or instead of theirs."""
    lora: Lora | None = None
    scratch: Scratch = Scratch()

    @model_validator(mode="after")
    def _phases_fit(self) -> Self:
        for fault in _faults(self):
            raise ValueError(fault)
        return self

    @property
    def row_tokens(self) -> int:
        """Tokens of one row of packed samples."""
        return self.pack_tokens or max(phase.context for phase in self.phases)

    def phase(self, name: str) -> Phase:
        """A phase by its name, which the recipe has to have."""
        return next(phase for phase in self.phases if phase.name == name)

    def with_rows(self, files: Iterable[External]) -> Self:
        """The same with these files in its first phase, too. Raises InputError."""
        first, *others = self.phases
        phases = [first.model_copy(update={"external": (*first.external, *files)}), *others]
        changed = self.model_copy(update={"phases": tuple(phases)})
        for fault in _faults(changed):
            raise InputError(f"the rows do not fit the training recipe: {fault}")
        return changed

    def canonical(self) -> str:
        """The recipe as text that is equal for equal recipes."""
        return canonical_json(self.model_dump(mode="json")).decode()

    @property
    def digest(self) -> str:
        """sha256 of the recipe as canonical JSON."""
        return sha256_hex(self.canonical())


def _faults(recipe: TrainingRecipe) -> Iterator[str]:
    names: list[str] = []
    for number, phase in enumerate(recipe.phases):
        where = f"phase {phase.name}: "
        if not number and not phase.tuned_for.moves_base():
            yield (
                f"{where}its student is the base still, and is tuned to be like the base and no more: "
                "it would learn nothing; lower `weight`, or name another teacher"
            )
        if phase.name in names:
            yield f"{where}there are two of that name"
        for replay in phase.replay:
            if replay.phase not in names:
                yield f"{where}replays {replay.phase!r}, which is no earlier phase"
        if phase.schedule != "constant" and not phase.floor and number + 1 < len(recipe.phases):
            yield (
                f"{where}its learning rate falls to nothing before another phase begins, "
                "which spoils that one; use `schedule: constant`, or a `floor`"
            )
        if recipe.pack_tokens and recipe.pack_tokens < phase.context:
            room = f"`pack_tokens: {recipe.pack_tokens}`"
            yield f"{where}a sample of {phase.context} tokens has no room in {room}"
        names.append(phase.name)
    yield from _twice(one for phase in recipe.phases for one in phase.external)


def _twice(files: Iterable[External]) -> Iterator[str]:
    known: dict[str, str] = {}
    for one in files:
        if known.setdefault(one.path, one.sha256) != one.sha256:
            yield f"two different files are called {one.path}"


def read_training_recipe(text: str) -> TrainingRecipe:
    """Read a training recipe from YAML or JSON. Raises InputError."""
    return read_config(text, "training recipe", TrainingRecipe, example="phases: […]")
