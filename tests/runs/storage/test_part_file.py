import os

import pytest

from seedbed.kernel.errors import StoreError
from seedbed.runs.storage import part_file as module
from seedbed.runs.storage.part_file import PartFile


@pytest.fixture(params=[0, 10, 1 << 20], ids=["on disk", "partly", "in memory"])
def pieces(request, monkeypatch):
    """Pieces of draws that came out of order, as those of two quotas may."""
    monkeypatch.setattr(module, "MOST_IN_MEMORY", request.param)
    kept = PartFile()
    for number in (0, 1, 3, 5, 2, 4):
        kept.add(number, f"[{number}]".encode() * number)
        kept.write()
    return kept


def test_pieces_are_read_as_they_came(pieces):
    assert len(pieces) == 6
    assert [number for number, _ in pieces.read()] == [0, 1, 3, 5, 2, 4]
    assert list(pieces.read(4)) == [(2, b"[2][2]"), (4, b"[4][4][4][4]")]


def test_pieces_make_a_part_in_the_order_of_draws(pieces):
    assert b"".join(pieces.in_order()) == b"[1][2][2][3][3][3][4][4][4][4][5][5][5][5][5]"


def test_those_that_come_while_one_reads_are_read(pieces):
    reading = pieces.read(5)
    assert next(reading)[0] == 4
    pieces.add(6, b"more")
    assert next(reading) == (6, b"more")


def test_where_the_disk_is_full_nothing_is_lost(monkeypatch):
    kept, room = PartFile(), [2]
    write = os.pwrite

    def full(handle, data, place):
        if not room[0]:
            raise OSError(28, "No space left on device")
        room[0] -= 1
        return write(handle, bytes(data[:3]), place)

    monkeypatch.setattr(module, "MOST_IN_MEMORY", 1)
    monkeypatch.setattr(os, "pwrite", full)
    kept.add(0, b"0123456789")
    with pytest.raises(StoreError, match="No space left") as caught:
        kept.write()
    assert "TMPDIR" in caught.value.hint
    kept.add(1, b"abc")
    assert list(kept.read()) == [(0, b"0123456789"), (1, b"abc")]
    room[0] = 9
    kept.write()
    assert list(kept.read()) == [(0, b"0123456789"), (1, b"abc")]
