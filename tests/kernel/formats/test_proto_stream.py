import io

import pytest

from seedbed.kernel.errors import Damaged
from seedbed.kernel.formats.proto_stream import read_fields
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Part


def test_fields_are_read_one_after_the_other():
    candidates = [
        Candidate(id=str(size), question="q" * size) for size in (0, 1, 127, 128, 20_000, 3_000_000)
    ]
    part = Part(path="한국", candidates=candidates, augmentations=[Augmentation(id="a")])
    found = list(read_fields(io.BytesIO(part.SerializeToString(deterministic=True))))
    assert [number for number, _ in found] == [1, *[4] * 6, 5]
    assert found[0][1].decode() == "한국"
    assert [Candidate.FromString(data) for number, data in found if number == 4] == candidates


def test_an_empty_message_has_none():
    assert list(read_fields(io.BytesIO())) == []


@pytest.mark.parametrize(
    "data",
    [b"\x22\x05ab", b"\x22", b"\x22\xff", b"\x08\x01"],
    ids=["cut", "sizeless", "half a size", "a number"],
)
def test_what_is_no_such_message_is_refused(data):
    with pytest.raises(Damaged, match="damaged"):
        list(read_fields(io.BytesIO(data)))
