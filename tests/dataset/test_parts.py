import io

import pytest

from seedbed.dataset import InconsistentPart, LeafPart
from seedbed.dataset.parts import check_part
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.runs.v1.candidate_pb2 import Part
from seedbed.runs.v1.runs_service_pb2 import DatasetPart
from tests.dataset.leaves import BIRDS, HAIKU, make_leaf, make_plan, message_of


def check(leaf: LeafPart, *, partial: bool = False) -> None:
    check_part(leaf, make_plan([make_leaf(leaf.part.path)]).leaves[0], partial=partial)


def test_a_sound_part_passes():
    check(make_leaf(BIRDS))
    check(make_leaf(BIRDS, 0, others=False, augmented=False))


@pytest.mark.parametrize("end", ["accepted", "rejected", "duplicate", "unneeded"])
def test_candidates_that_do_not_add_up_are_refused(end):
    leaf = make_leaf(BIRDS)
    setattr(leaf.counts, end, getattr(leaf.counts, end) + 1)
    with pytest.raises(InconsistentPart, match=rf"{BIRDS}.*ended as {end}, but"):
        check(leaf)


@pytest.mark.parametrize("end", ["done", "malformed", "failed", "recalled"])
def test_items_that_do_not_add_up_are_refused(end):
    leaf = make_leaf(BIRDS)
    setattr(leaf.counts.steps[0], end, getattr(leaf.counts.steps[0], end) + 1)
    with pytest.raises(InconsistentPart, match=f"items {end}, but"):
        check(leaf)


def test_an_open_candidate_is_refused_and_left_out_of_a_partial_dataset():
    leaf = make_leaf(BIRDS)
    message_of(leaf).candidates[-1].end = ""
    leaf.counts.rejected -= 1
    with pytest.raises(InconsistentPart, match="1 candidates are still open"):
        check(leaf)
    check(leaf, partial=True)
    assert len(list(leaf.candidates)) == len(list(leaf.part.candidates)) - 1


def test_a_part_of_another_leaf_or_version_is_refused():
    for field, value in (("leaf_digest", "x"), ("kind", "freeform_skill")):
        leaf = make_leaf(BIRDS)
        setattr(leaf.part, field, value)
        with pytest.raises(InconsistentPart, match="the plan says"):
            check(leaf)


def test_more_samples_than_asked_for_are_refused():
    with pytest.raises(InconsistentPart, match="9 samples, but the target is 8"):
        check(make_leaf(BIRDS, 9))


def test_a_candidate_that_is_there_twice_is_refused():
    leaf = make_leaf(BIRDS)
    message_of(leaf).candidates[1].id = message_of(leaf).candidates[0].id
    with pytest.raises(InconsistentPart, match="is there twice"):
        check(leaf)


def test_a_sample_without_an_answer_or_a_chunk_is_refused():
    leaf = make_leaf(BIRDS)
    message_of(leaf).candidates[0].answer = " \n"
    message_of(leaf).candidates[1].source.chunk = ""
    with pytest.raises(InconsistentPart, match=r"no answer.*no chunk"):
        check(leaf)


def test_a_short_leaf_must_say_why_unless_partial():
    leaf = make_leaf(HAIKU, 5)
    short = LeafPart(leaf.part, leaf.digest, leaf.counts, leaf.rounds, "")
    with pytest.raises(InconsistentPart, match="5 of 8 samples, and no reason"):
        check(short)
    check(short, partial=True)
    check(leaf)


def test_bytes_are_checked_against_their_digest():
    leaf = make_leaf(HAIKU)
    data = message_bytes(message_of(leaf))
    entry = DatasetPart(path=HAIKU, part=leaf.digest, counts=leaf.counts, rounds=2)
    read = LeafPart.read(entry, io.BytesIO(data))
    assert (read.digest, read.counts, read.rounds) == (leaf.digest, leaf.counts, leaf.rounds)
    assert list(read.candidates) == list(leaf.candidates)
    with pytest.raises(InconsistentPart, match=f"{HAIKU}.*digest"):
        LeafPart.read(entry, io.BytesIO(data + b"\0"))


def test_bytes_that_are_no_part_are_refused():
    entry = DatasetPart(path=HAIKU, part=sha256_hex(b"no part"))
    with pytest.raises(InconsistentPart, match=f"{HAIKU}.*damaged"):
        LeafPart.read(entry, io.BytesIO(b"no part"))


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_a_part_in_a_file_is_the_same_part(turned):
    leaf = make_leaf(BIRDS)
    part = Part()
    part.CopyFrom(message_of(leaf))
    if turned:
        del part.candidates[:], part.augmentations[:]
        part.candidates.extend(reversed(message_of(leaf).candidates))
        part.augmentations.extend(reversed(message_of(leaf).augmentations))
    data = message_bytes(part)
    entry = DatasetPart(path=BIRDS, part=sha256_hex(data), counts=leaf.counts, rounds=2)
    read = LeafPart.read(entry, io.BytesIO(data))
    check(read)
    assert (read.part.path, read.part.kind, read.part.leaf_digest) == (part.path, part.kind, part.leaf_digest)
    assert list(read.candidates) == list(leaf.candidates)
    assert read.augmentations == leaf.augmentations
    # Two that read at the same time do not disturb each other.
    pairs = list(zip(read.candidates, read.samples, strict=False))
    assert [one.id for one, _ in pairs] == [one.id for one in leaf.candidates][: len(pairs)]
    assert [one.id for _, one in pairs] == [one.id for one in leaf.samples]
