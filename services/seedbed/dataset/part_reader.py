"""A part in a file, which may be larger than the memory: one of its candidates is read at a time."""

from array import array
from collections.abc import Iterator
from typing import BinaryIO, TypeVar

from google.protobuf.message import DecodeError

from seedbed.kernel.errors import StoreError
from seedbed.kernel.formats.proto_stream import read_field
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Part

_CANDIDATES, _AUGMENTATIONS = Part.CANDIDATES_FIELD_NUMBER, Part.AUGMENTATIONS_FIELD_NUMBER

_MessageT = TypeVar("_MessageT", Candidate, Augmentation)


class StoredPart:
    """Has what a `Part` has. Candidates are in the order of (draw, id), however the file holds them."""

    def __init__(self, file: BinaryIO) -> None:
        """Look through the file. Raises StoreError where it is no part."""
        self._file = file
        self._places = array("Q")
        """Where in the file candidates begin: eight bytes for each are all that is kept of them."""
        self.augmentations: list[Augmentation] = []
        head: dict[int, str] = {}
        ordered, last, place = True, (0, ""), file.seek(0)
        while (field := read_field(file)) is not None:
            number, data = field
            if number == _CANDIDATES:
                candidate = _parse(Candidate, data)
                self._places.append(place)
                ordered &= last <= (last := (candidate.draw, candidate.id))
            elif number == _AUGMENTATIONS:
                self.augmentations.append(_parse(Augmentation, data))
            else:
                head[number] = data.decode()
            place = file.tell()
        self.path = head.get(Part.PATH_FIELD_NUMBER, "")
        self.kind = head.get(Part.KIND_FIELD_NUMBER, "")
        self.leaf_digest = head.get(Part.LEAF_DIGEST_FIELD_NUMBER, "")
        if not ordered:
            keyed = zip(((one.draw, one.id) for one in self.candidates), self._places, strict=True)
            self._places = array("Q", [place for _, place in sorted(keyed)])

    @property
    def candidates(self) -> Iterator[Candidate]:
        """All candidates; several may read at the same time."""
        for place in self._places:
            self._file.seek(place)
            found = read_field(self._file)
            yield Candidate.FromString(found[1] if found else b"")


def _parse(kind: type[_MessageT], data: bytes) -> _MessageT:
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise StoreError(f"it cannot be read: {error}") from error
