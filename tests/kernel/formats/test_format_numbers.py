import json

import pytest

from seedbed import __version__
from seedbed.kernel.errors import InputError, NewerFormat
from seedbed.kernel.formats.format_numbers import (
    BUS,
    CHECKPOINT,
    DATASET,
    EVALUATION,
    STATE,
    STORE,
    Format,
    Mark,
    bring_up_to_date,
    check_manifest,
)

THIRD = Format("seeds", ("in paper bags", "in jars", "in the cold"))


class Kept:
    """A thing of a format: its mark, and which migrations it went through."""

    def __init__(self, number=None):
        self.data = None if number is None else Format("seeds", ("",) * number).mark()
        self.migrated = []
        self.stops_at = 0

    @property
    def number(self):
        return Mark.read(self.data, "the shed").number

    async def read(self):
        return self.data

    async def write(self, data):
        self.data = data

    async def migrate(self, number):
        if number == self.stops_at:
            raise OSError("cut off")
        self.migrated.append(number)

    async def open(self):
        await bring_up_to_date(THIRD, "the shed", self.read, self.write, self.migrate)


@pytest.mark.parametrize(("number", "steps"), [(None, [1, 2]), (1, [1, 2]), (2, [2]), (3, [])])
async def test_what_is_older_is_migrated_number_by_number_and_marked(number, steps):
    kept = Kept(number)
    await kept.open()
    assert kept.migrated == steps
    assert Mark.read(kept.data, "the shed") == Mark(3, __version__)
    await kept.open()
    assert kept.migrated == steps


async def test_a_migration_that_was_cut_off_leaves_the_old_number_and_is_done_again():
    kept = Kept(1)
    kept.stops_at = 2
    with pytest.raises(OSError, match="cut off"):
        await kept.open()
    assert kept.number == 1
    kept.stops_at = 0
    await kept.open()
    assert (kept.migrated, kept.number) == ([1, 1, 2], 3)


async def test_what_is_newer_is_refused_with_the_version_to_install_and_left_as_it_is():
    kept = Kept()
    kept.data = before = b'{"format": 4, "seedbed": "7.1.0"}'
    with pytest.raises(
        NewerFormat, match=f"the shed has format 4, but Seedbed {__version__} knows 3"
    ) as caught:
        await kept.open()
    assert "install Seedbed 7.1.0 or a later one" in caught.value.hint
    assert (kept.data, kept.migrated) == (before, [])


@pytest.mark.parametrize("data", [b"", b"4", b'{"format": "four"}', b"\xff"])
def test_a_mark_that_cannot_be_read_is_no_first_number(data):
    with pytest.raises(InputError, match="the format of the shed cannot be read"):
        Mark.read(data, "the shed")


def test_what_is_kept_without_a_number_so_far_is_of_number_one():
    assert {known.number for known in (STATE, STORE, BUS)} == {1}
    assert Mark.read(None, "the shed").number == 1


def test_manifests_say_their_format_as_they_always_did():
    tags = [known.tag for known in (DATASET, CHECKPOINT, EVALUATION)]
    assert tags == ["seedbed.dataset/1", "seedbed.checkpoint/1", "seedbed.evaluation/1"]


@pytest.mark.parametrize("known", [DATASET, CHECKPOINT, EVALUATION])
def test_a_manifest_of_a_later_number_is_refused(known):
    check_manifest(json.dumps({"format": known.tag}).encode(), "it")
    with pytest.raises(NewerFormat, match="it has format 2"):
        check_manifest(json.dumps({"format": f"{known.name}/2"}).encode(), "it")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 2}', b'{"format": "other/9"}', b"\xff"])
def test_what_is_no_manifest_of_ours_is_for_others_to_judge(data):
    check_manifest(data, "it")
