"""Parts of datasets without what came from some documents. Pure."""

from collections import Counter

from seedbed.bus.v1.bus_pb2 import LeafCounts, LeafEntry, LeafState
from seedbed.runs.upkeep.documents import Meant
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Part


def is_from(meant: Meant, row: Candidate | Augmentation) -> bool:
    """Whether a row rests on one of the documents, or on a seed example that may be taken from one."""
    return row.source.blob in meant.places or getattr(row, "seed_digest", "") in meant.seeds


def count_from(meant: Meant, part: Part) -> int:
    """How many rows of a part have to go."""
    gone = sum(is_from(meant, row) for row in part.candidates)
    return gone + sum(is_from(meant, row) for row in part.augmentations)


def strip(meant: Meant, part: Part) -> tuple[Part, Counter[str]]:
    """A part without them, and how many candidates went, by their end."""
    left = Part(path=part.path, kind=part.kind, leaf_digest=part.leaf_digest)
    left.candidates.extend(row for row in part.candidates if not is_from(meant, row))
    left.augmentations.extend(row for row in part.augmentations if not is_from(meant, row))
    return left, Counter(row.end for row in part.candidates if is_from(meant, row))


def close_entry(entry: LeafEntry, part: str, gone: Counter[str], names: str) -> None:
    """Write down in a leaf's entry that its part is another one, or that it ends here, and why."""
    samples = gone["accepted"]
    ended = entry.state == LeafState.LEAF_STATE_SEALED
    what = (
        f"{samples} of its samples went with what was forgotten" if ended else "it was forgotten on the way"
    )
    entry.state = LeafState.LEAF_STATE_SEALED
    entry.part = part
    entry.reason = f"{what}: {names}"
    counts = LeafCounts()
    counts.CopyFrom(entry.counts)
    for end, number in gone.items():
        setattr(counts, end, max(0, getattr(counts, end) - number))
    entry.counts.CopyFrom(counts)
