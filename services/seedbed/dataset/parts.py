"""One leaf's part of a dataset with its counts, and whether the two agree. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Self

from seedbed.bus.v1.bus_pb2 import LeafCounts, LeafTarget
from seedbed.dataset.part_reader import StoredPart
from seedbed.dataset.survey import Survey, survey
from seedbed.kernel.errors import Damaged, SeedbedError, StoreError
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Part
from seedbed.runs.v1.runs_service_pb2 import DatasetPart

ENDS = ("accepted", "rejected", "duplicate", "unneeded")
_SHOWN = 5


class InconsistentPart(SeedbedError):
    """A part contradicts its counts or the plan: nothing may be trained on it."""

    code = "DATA_LOSS"
    reason = "INCONSISTENT_PART"


@dataclass(frozen=True)
class LeafPart:
    """A leaf's part, the digest it is kept under, and what `runs` says of the leaf."""

    part: Part | StoredPart
    digest: str
    counts: LeafCounts
    rounds: int = 0
    reason: str = ""

    @classmethod
    def read(cls, entry: DatasetPart, file: BinaryIO) -> Self:
        """A part as `GetDataset` lists it, from what `ReadPart` gave. Raises InconsistentPart."""
        file.seek(0)
        if hashlib.file_digest(file, "sha256").hexdigest() != entry.part:  # type: ignore[arg-type]  # any file
            raise InconsistentPart(
                f"leaf {entry.path}: the part's bytes do not have the digest {entry.part}",
                hint="the part was damaged on its way or in the store: read it again",
            )
        try:
            part = StoredPart(file)
        except (Damaged, StoreError) as error:
            raise InconsistentPart(f"leaf {entry.path}, part {entry.part}: {error.message}") from error
        return cls(part, entry.part, entry.counts, entry.rounds, entry.reason)

    @property
    def candidates(self) -> Iterable[Candidate]:
        """All decided candidates by (draw, id), however the part holds them."""
        decided = (candidate for candidate in self.part.candidates if candidate.end)
        if isinstance(self.part, StoredPart):
            return decided
        return sorted(decided, key=lambda candidate: (candidate.draw, candidate.id))

    @property
    def samples(self) -> Iterable[Candidate]:
        """The accepted candidates, which become rows of the dataset."""
        return (candidate for candidate in self.candidates if candidate.end == "accepted")

    @property
    def augmentations(self) -> list[Augmentation]:
        """All augmentations, in order of their ids."""
        return [one for one in self._by_id if one.augmentation]

    @property
    def passages(self) -> list[Augmentation]:
        """The leaf's passages as they stand, where its run kept them, in order of their ids."""
        return [one for one in self._by_id if not one.augmentation]

    @property
    def _by_id(self) -> list[Augmentation]:
        return sorted(self.part.augmentations, key=lambda augmentation: augmentation.id)

    @cached_property
    def survey(self) -> Survey:
        """What all candidates come to."""
        return survey(self.part)


def check_part(leaf: LeafPart, target: LeafTarget, *, partial: bool) -> None:
    """Refuse a part that contradicts its counts or the plan. Raises InconsistentPart."""
    problems = [
        *_against_plan(leaf, target),
        *_against_counts(leaf, partial=partial),
        *_among_items(leaf.counts),
        *leaf.survey.problems,
    ]
    if not partial and leaf.counts.accepted < target.target and not leaf.reason:
        problems.append(f"{leaf.counts.accepted} of {target.target} samples, and no reason given")
    if problems:
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        raise InconsistentPart(
            f"leaf {leaf.part.path}: " + "; ".join(problems[:_SHOWN]) + more,
            hint="this is a defect of Seedbed, not of the input: please report it with this message",
        )


def _against_plan(leaf: LeafPart, target: LeafTarget) -> Iterator[str]:
    part = leaf.part
    for name, found, planned in (
        ("path", part.path, target.path),
        ("kind", part.kind, target.kind),
        ("digest", part.leaf_digest, target.digest),
    ):
        if found != planned:
            yield f"its {name} is {found!r}, the plan says {planned!r}"
    if leaf.counts.accepted > target.target:
        yield f"{leaf.counts.accepted} samples, but the target is {target.target}"


def _against_counts(leaf: LeafPart, *, partial: bool) -> Iterator[str]:
    found = leaf.survey.ends
    for end in ENDS:
        counted = getattr(leaf.counts, end)
        if found[end] != counted:
            yield f"{found[end]} candidates ended as {end}, but {counted} were counted"
    # Only a leaf that is still at work may have candidates without an end; they are left out.
    known = {*ENDS, ""} if partial else set(ENDS)
    for end in sorted(set(found) - known):
        yield f"{found[end]} candidates " + (f"ended as {end!r}" if end else "are still open")


def _among_items(counts: LeafCounts) -> Iterator[str]:
    for end in ("done", "malformed", "failed", "recalled"):
        total, summed = getattr(counts, f"items_{end}"), sum(getattr(step, end) for step in counts.steps)
        if total != summed:
            yield f"{total} items {end}, but {summed} over all steps"
    if counts.items_recalled > counts.items_done + counts.items_malformed + counts.items_failed:
        yield "more items recalled than there are"
