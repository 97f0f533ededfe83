"""Models beside the student that do not learn, such as a teacher."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import linear

from seedbed.kernel.errors import ItemError
from seedbed.trainer.data.masks import Sample
from seedbed.trainer.model.gpu import suit_gpu
from seedbed.trainer.model.loss import arithmetic_of
from seedbed.trainer.model.student import (
    PackedModel,
    PackedRow,
    check_packing,
    check_vocabulary,
    load_model,
    longest_text,
    read_tokenizer,
)
from seedbed.trainer.recipe import TrainingRecipe


class DoesNotFit(ItemError):
    """A model that was to stand beside the student does not go with it."""

    code = "INVALID_ARGUMENT"
    reason = "MODEL_DOES_NOT_FIT"


@dataclass(frozen=True, slots=True)
class ModelLocation:
    """Where a model is loaded from, and what it is called."""

    folder: str
    """Or a file, or its name on the hub."""
    name: str
    """As it is to be called."""
    revision: str = ""
    """On the hub."""


class FrozenModel(PackedModel):
    """A model that says what it expects, and stays as it is."""

    def __init__(self, model: Any, *, eager: bool) -> None:
        super().__init__(model, eager=eager)
        self.requires_grad_(requires_grad=False)
        self.eval()

    def scores(self, packed: PackedRow) -> Callable[[slice], torch.Tensor]:
        """Its scores where tokens count, (tokens, vocabulary), made for a stretch of them at a time."""
        with torch.no_grad():
            if not self.plain_head:
                whole = self.logits(packed, packed.places)[0]
                return lambda rows: whole[rows]
            hidden = self.hidden(packed)
        dtype = arithmetic_of(hidden)
        hidden, head = hidden.to(dtype), self.head.weight.to(dtype)
        return lambda rows: linear(hidden[rows], head)


def check_tokens(location: ModelLocation, tokenizer: Any) -> None:
    """Refuse a model whose tokens are not those of the student's tokenizer. Raises NoModel, DoesNotFit."""
    theirs, ours = (
        read_tokenizer(location.folder, location.name, location.revision).get_vocab(),
        tokenizer.get_vocab(),
    )
    if theirs == ours:
        return
    strange = sorted(theirs.keys() ^ ours.keys() or {token for token in ours if theirs[token] != ours[token]})
    known = {"the student's": ours.get(strange[0]), "its own": theirs.get(strange[0])}
    where = ", ".join(f"number {at} of {whose}" for whose, at in known.items() if at is not None)
    only = " alone" if None in known.values() else ""
    raise DoesNotFit(
        f"{location.name} has another vocabulary than the student, so that their scores cannot be compared: "
        f"{len(theirs)} tokens, the student {len(ours)}; {strange[0]!r} is {where}{only}",
        hint="name a model that has the student's tokenizer, such as a larger one of the same family",
    )


def load_frozen(
    location: ModelLocation,
    recipe: TrainingRecipe,
    tokenizer: Any,
    samples: Sequence[Sample],
    device: torch.device,
    *,
    bfloat16: bool,
) -> FrozenModel:
    """A model for a student with that tokenizer and these samples. Raises NoModel, ItemError."""
    narrow = bfloat16 and device.type == "cuda"
    dtype = torch.bfloat16 if narrow else torch.float32
    model = load_model(location.folder, location.name, recipe, dtype, location.revision).to(device)
    vocabulary = check_vocabulary(model, tokenizer, location.name, samples)
    longest, most = max(len(sample.ids) for sample in samples), longest_text(model)
    if most and longest > most:
        raise DoesNotFit(
            f"{location.name} reads {most} tokens at most, and the longest sample has {longest}",
            hint=f"put `context: {most}` into the phase",
        )
    suit_gpu(model)
    frozen = FrozenModel(model, eager=recipe.attention == "eager")
    check_packing(frozen, vocabulary, packing=recipe.packing, name=location.name)
    return frozen
