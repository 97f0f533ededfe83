"""One leaf's part of a dataset with its counts, and whether the two agree. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from google.protobuf.message import DecodeError

from seedbed.bus.v1.bus_pb2 import LeafCounts, LeafTarget
from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.errors import SeedbedError
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Part
from seedbed.runs.v1.runs_service_pb2 import DatasetPart

ENDS = ("accepted", "rejected", "duplicate", "unneeded")
KNOWLEDGE = "knowledge"
_SHOWN = 5


class InconsistentPart(SeedbedError):
    """A part contradicts its counts or the plan: nothing may be trained on it."""

    code = "DATA_LOSS"
    reason = "INCONSISTENT_PART"


@dataclass(frozen=True, slots=True)
class LeafPart:
    """A leaf's part, the digest it is kept under, and what `runs` says of the leaf."""

    part: Part
    digest: str
    counts: LeafCounts
    rounds: int = 0
    reason: str = ""

    @classmethod
    def parse(cls, entry: DatasetPart, data: bytes) -> Self:
        """A part as `GetDataset` lists it, from the bytes `ReadPart` gave. Raises InconsistentPart."""
        if sha256_hex(data) != entry.part:
            raise InconsistentPart(
                f"leaf {entry.path}: the part's bytes do not have the digest {entry.part}",
                hint="the part was damaged on its way or in the store: read it again",
            )
        try:
            part = Part.FromString(data)
        except DecodeError as error:
            raise InconsistentPart(f"leaf {entry.path}: part {entry.part} cannot be read: {error}") from error
        return cls(part, entry.part, entry.counts, entry.rounds, entry.reason)

    @property
    def candidates(self) -> list[Candidate]:
        """All decided candidates by (draw, id), however the part holds them."""
        decided = [candidate for candidate in self.part.candidates if candidate.end]
        return sorted(decided, key=lambda candidate: (candidate.draw, candidate.id))

    @property
    def augmentations(self) -> list[Augmentation]:
        """All augmentations by id."""
        return sorted(self.part.augmentations, key=lambda augmentation: augmentation.id)


def check_part(leaf: LeafPart, target: LeafTarget, *, partial: bool) -> None:
    """Refuse a part that contradicts its counts or the plan. Raises InconsistentPart."""
    problems = [
        *_against_plan(leaf, target),
        *_against_counts(leaf, partial=partial),
        *_among_items(leaf.counts),
        *_repeated(leaf.part),
        *_unfit(leaf.part),
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
    found = Counter(candidate.end for candidate in leaf.part.candidates)
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


def _repeated(part: Part) -> Iterator[str]:
    yield from (f"candidate {name} is there twice" for name in _twice(one.id for one in part.candidates))
    yield from (
        f"augmentation {name} is there twice" for name in _twice(one.id for one in part.augmentations)
    )


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _unfit(part: Part) -> Iterator[str]:
    for candidate in part.candidates:
        if (candidate.path, candidate.kind) != (part.path, part.kind):
            yield f"candidate {candidate.id} belongs to {candidate.kind} leaf {candidate.path}"
        if candidate.end == "accepted":
            # Upstream leaves out rows with an empty message; here that would break the count.
            needed = {"question": candidate.question, "answer": candidate.answer}
            if part.kind == KNOWLEDGE:
                needed["chunk"] = candidate.source.chunk
            yield from (
                f"sample {candidate.id} has no {name}" for name, text in needed.items() if not text.strip()
            )
    for augmentation in part.augmentations:
        if not augmentation.text.strip() or not augmentation.source.chunk.strip():
            yield f"augmentation {augmentation.id} has no text or no chunk"
