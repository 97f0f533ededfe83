"""Which rows a phase trains on: its own, what it replays, what comes from elsewhere. Pure.

Chance is drawn by hash of the recipe's seed and of what it is drawn for, so that the same recipe over the
same rows chooses the same, on any machine and whatever is beside them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from seedbed.kernel.errors import ItemError
from seedbed.kernel.identity import canonical_json, sha256_hex
from seedbed.trainer.data.rows import Row
from seedbed.trainer.phase_data import USES_OF_TEXTS, Selection
from seedbed.trainer.recipe import Phase, TrainingRecipe


class NothingSelected(ItemError):
    """A phase has nothing to train on."""

    code = "INVALID_ARGUMENT"
    reason = "NOTHING_SELECTED"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row in a phase. `source` is the phase or file it is replayed from; empty for the phase's own."""

    row: Row
    source: str = ""


def choose_rows(
    recipe: TrainingRecipe, phase: Phase, rows: Sequence[Row], external: Mapping[str, Sequence[Row]]
) -> list[Chosen]:
    """All that one epoch of a phase trains on. `external` are rows by path. Raises NothingSelected."""
    chosen = [Chosen(row) for row in _own(recipe, phase, rows)]
    chosen += _external(recipe, phase, external)
    if not chosen:
        raise NothingSelected(
            f"the phase {phase.name} selects nothing: the dataset has no rows of that kind",
            hint="leave the phase out of the training recipe, or add leaves of that kind to the taxonomy",
        )
    for replay in phase.replay:
        earlier = recipe.phase(replay.phase)
        own = [*_own(recipe, earlier, rows), *(one.row for one in _external(recipe, earlier, external))]
        label = f"{phase.name}/replay/{replay.phase}"
        count = max(1, round(replay.share * len(own)))
        chosen += [Chosen(row, replay.phase) for row in sample(own, count, recipe.seed, label)]
    return chosen


def rows_digest(chosen: Iterable[Chosen]) -> str:
    """sha256 of what is trained on, and where it counts."""
    return sha256_hex("\n".join(canonical_json(_content(one)).decode() for one in chosen))


def _content(one: Chosen) -> list[Any]:
    row = one.row
    # Conversations have the digest that they had before there were texts.
    return [one.source, row.leaf, row.messages, row.unmask, *([row.text] if row.text else [])]


def sample(rows: Sequence[Row], count: int, seed: int, label: str) -> list[Row]:
    """So many of the rows, without replacement, in their order; all where there are no more."""
    if count >= len(rows):
        return list(rows)
    places = sorted(range(len(rows)), key=lambda place: lot(seed, label, f"{rows[place].id}/{place}"))
    return [rows[place] for place in sorted(places[:count])]


def lot(seed: int, label: str, what: str) -> str:
    """A number drawn for something, as hex digits."""
    return sha256_hex(f"{seed}\n{label}\n{what}")


def selects(selection: Selection, leaf: str, kind: str, form: str, use: str) -> bool:
    """Whether a row of that kind is meant."""
    return (
        kind in selection.kinds
        and use in selection.rows
        and (kind != "knowledge" or use in USES_OF_TEXTS or selection.answers in ("any", form))
        and (not selection.leaves or any(fnmatchcase(leaf, glob) for glob in selection.leaves))
    )


def _own(recipe: TrainingRecipe, phase: Phase, rows: Sequence[Row]) -> list[Row]:
    own: list[Row] = []
    for number, selection in enumerate(phase.data):
        found = [row for row in rows if selects(selection, row.leaf, row.kind, row.form, row.use)]
        whole, part = divmod(selection.weight, 1)
        own += found * int(whole)
        if part:
            label = f"{phase.name}/data/{number}"
            own += sample(found, round(part * len(found)), recipe.seed, label)
    return own


def _external(recipe: TrainingRecipe, phase: Phase, external: Mapping[str, Sequence[Row]]) -> list[Chosen]:
    chosen = []
    for one in phase.external:
        rows = external[one.path]
        count = len(rows) if one.samples is None else one.samples
        taken = sample(rows, count, recipe.seed, f"{phase.name}/external/{one.path}")
        chosen += [Chosen(row, one.path) for row in taken]
    return chosen
