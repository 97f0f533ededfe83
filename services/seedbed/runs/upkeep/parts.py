"""Parts of datasets without what came from some documents. Pure."""

from collections import Counter
from collections.abc import Iterator
from typing import IO, BinaryIO

from seedbed.bus.v1.bus_pb2 import LeafCounts, LeafEntry, LeafState
from seedbed.kernel.formats.proto_stream import read_fields
from seedbed.kernel.identity import message_bytes
from seedbed.runs.upkeep.documents import NamedDocuments
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Part


def is_from(documents: NamedDocuments, row: Candidate | Augmentation) -> bool:
    """Whether a row rests on one of the documents, or on a seed example that may be taken from one."""
    return row.source.blob in documents.places or getattr(row, "seed_digest", "") in documents.seeds


def read_rows(file: BinaryIO) -> Iterator[Candidate | Augmentation]:
    """The rows of a part, one at a time: a leaf may have very many."""
    for number, data in read_fields(file):
        if number == Part.CANDIDATES_FIELD_NUMBER:
            yield Candidate.FromString(data)
        elif number == Part.AUGMENTATIONS_FIELD_NUMBER:
            yield Augmentation.FromString(data)


def count_from(documents: NamedDocuments, file: BinaryIO) -> int:
    """How many rows of a part have to go."""
    return sum(is_from(documents, row) for row in read_rows(file))


def strip(documents: NamedDocuments, file: BinaryIO, out: IO[bytes]) -> Counter[str]:
    """Write a part's rows without them, and say how many candidates went, by their end.

    Parts of a message one after the other are the message.
    """
    gone: Counter[str] = Counter()
    for row in read_rows(file):
        if is_from(documents, row):
            gone.update([row.end] if isinstance(row, Candidate) else [])
        elif isinstance(row, Candidate):
            out.write(message_bytes(Part(candidates=[row])))
        else:
            out.write(message_bytes(Part(augmentations=[row])))
    return gone


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
