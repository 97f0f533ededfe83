"""What removes is dry unless it is confirmed, and nothing is removed because something was left out."""

from datetime import timedelta

import grpc
import pytest

from seedbed.kernel.formats.protos import duration
from seedbed.runs.v1 import runs_service_pb2 as pb
from seedbed.runs.v1 import store_service_pb2 as spb
from tests.runs.garden import refused
from tests.runs.leaves import skill_leaf
from tests.runs.test_refusals import details_of

LEAF = skill_leaf(seeds=3)


async def all_of(call):
    return [answer async for answer in call]


async def keys_of(store):
    return await store.keys("")


async def test_an_empty_request_removes_nothing_and_says_what_is_missing(garden, store):
    run = await garden.make(LEAF, target=2)
    before = await keys_of(store)
    stub, of_run = garden.upkeep, pb.DropDeadLettersRequest(run=run.name, confirm=True)
    for call, field in (
        (stub.CollectGarbage(spb.CollectGarbageRequest(), timeout=9).read(), "keep"),
        (stub.CollectGarbage(spb.CollectGarbageRequest(confirm=True), timeout=9).read(), "keep"),
        (stub.Forget(spb.ForgetRequest(), timeout=9).read(), "document"),
        (stub.Forget(spb.ForgetRequest(confirm=True), timeout=9).read(), "document"),
        (garden.stub.DropDeadLetters(pb.DropDeadLettersRequest(), timeout=9), "run"),
        (garden.stub.DropDeadLetters(of_run, timeout=9), "digests"),
    ):
        error = await refused(call)
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert details_of(error)[1] == [field]
    assert await keys_of(store) == before
    assert (await garden.get(run.name)).broken == ""


async def test_what_is_not_confirmed_is_only_told(garden, store):
    await garden.make(LEAF, target=2)
    before = await keys_of(store)
    for dry, confirm in ((False, False), (True, False), (True, True)):
        request = spb.CollectGarbageRequest(
            keep_none=True,
            grace=duration(timedelta()),
            allow_short_grace=True,
            validate_only=dry,
            confirm=confirm,
        )
        [reported] = await all_of(garden.upkeep.CollectGarbage(request, timeout=9))
        assert (reported.done, bool(reported.amounts), len(reported.removed)) == (False, True, 1)
    assert await keys_of(store) == before
    assert (await garden.collect(keep_none=True)).done
    assert await keys_of(store) != before


async def test_what_was_just_written_stays_unless_that_is_meant(garden, store):
    await garden.make(LEAF, target=2)
    for grace in (0, 1, 59.9):
        request = spb.CollectGarbageRequest(
            keep_none=True, grace=duration(timedelta(seconds=grace)), confirm=True
        )
        error = await refused(garden.upkeep.CollectGarbage(request, timeout=9).read())
        assert details_of(error)[1] == ["grace"]
    # An hour, where nothing is said.
    request = spb.CollectGarbageRequest(keep_none=True, confirm=True)
    reported = (await all_of(garden.upkeep.CollectGarbage(request, timeout=9)))[-1]
    assert reported.done
    assert reported.young > 0
    assert {amount.kind for amount in reported.amounts} <= {"runs"}


async def test_letters_are_dropped_where_they_are_named_and_that_is_confirmed(garden, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    letters = await garden.letters(run.name)
    answer = await garden.stub.DropDeadLetters(pb.DropDeadLettersRequest(run=run.name, all=True), timeout=9)
    assert (answer.dropped, answer.found) == (0, len(letters))
    assert await garden.letters(run.name) == letters
    request = pb.DropDeadLettersRequest(run=run.name, digests=[letters[0].digest], confirm=True)
    assert (await garden.stub.DropDeadLetters(request, timeout=9)).dropped == 1
    assert await garden.letters(run.name) == letters[1:]


@pytest.mark.parametrize(
    "beside",
    [
        spb.CollectGarbageRequest(keep_all=True),
        spb.CollectGarbageRequest(keep_last=1),
        spb.CollectGarbageRequest(keep=["r" + "0" * 16]),
    ],
)
async def test_none_and_some_cannot_both_be_kept(runs, beside):
    request = spb.CollectGarbageRequest(keep_none=True)
    request.MergeFrom(beside)
    error = await refused(runs.upkeep.CollectGarbage(request, timeout=9).read())
    assert details_of(error)[1] == ["keep_none"]
