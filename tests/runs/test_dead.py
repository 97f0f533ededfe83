"""Items given up: listed once, retried on request, and gone once they are mended."""

from collections import Counter

import grpc
import grpc.aio
import pytest

from seedbed.bus.v1.bus_pb2 import Outcome, RunState
from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import succeeded
from tests.runs.leaves import skill_leaf

LEAF = skill_leaf(seeds=3)


async def retry(garden, run, *digests):
    request = pb.RetryDeadLettersRequest(run=run, digests=digests)
    return (await garden.stub.RetryDeadLetters(request, timeout=9)).retried


async def test_letters_are_listed_once_with_their_reason(garden, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    letters = await garden.letters(run.name)
    assert run.progress.dead == len(letters) == len({letter.digest for letter in letters}) > 0
    assert {letter.path for letter in letters} == {LEAF.path}
    assert {(letter.step, letter.outcome) for letter in letters} == {
        ("skills.respond", Outcome.OUTCOME_FAILED)
    }
    assert {letter.reason for letter in letters} == {"skills.respond is refused"}
    page = await garden.stub.ListDeadLetters(pb.ListDeadLettersRequest(run=run.name, page_size=1), timeout=9)
    assert list(page.letters) == letters[:1]
    everywhere = await garden.stub.ListDeadLetters(pb.ListDeadLettersRequest(), timeout=9)
    assert list(everywhere.letters) == letters


async def test_a_retry_pays_for_the_letters_only(garden, hand):
    hand.refused = {"skills.respond"}
    first = await garden.make(LEAF, target=6)
    letters, asked = await garden.letters(first.name), len(hand.asked)
    hand.refused = set()
    assert await retry(garden, first.name) == len(letters)
    again = await garden.watch(first.name)
    assert succeeded(again)
    counts = again.leaves[0].counts
    assert (counts.accepted, counts.items_failed) == (6, 0)
    # What was given up is asked again, as far as it is still needed; nothing else is.
    twice = {digest for digest, count in Counter(hand.asked).items() if count > 1}
    assert set() < twice <= {letter.digest for letter in letters}
    assert len(hand.asked) > asked
    assert counts.items_recalled > 0
    assert again.progress.dead == 0
    assert await garden.letters(first.name) == []
    calls = len(hand.asked)
    assert await retry(garden, first.name) == 0
    assert (await garden.get(first.name), len(hand.asked)) == (again, calls)


async def test_an_item_that_fails_again_writes_a_new_letter(garden, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    before = {letter.digest for letter in await garden.letters(run.name)}
    one = min(before)
    assert await retry(garden, run.name, one) == 1
    again = await garden.watch(run.name)
    assert again.leaves[0].counts.items_failed == len(before)
    assert hand.asked.count(one) == 2
    assert {letter.digest for letter in await garden.letters(run.name)} == before


async def test_another_run_keeps_a_success_that_was_retried(garden, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    hand.refused = set()
    await retry(garden, run.name)
    await garden.watch(run.name)
    calls = len(hand.asked)
    other = await garden.make(LEAF, target=5)
    assert (other.progress.dead, len(hand.asked)) == (0, calls)


async def test_a_leaf_whose_first_items_all_failed_ends_short_and_is_mended(garden, hand):
    hand.refused = {"skills.instruct", "skills.respond"}
    run = await garden.make(LEAF, recipe="{target: 30, dry_rounds: 1, repeats: 1, instructions: 1}")
    assert run.state == RunState.RUN_STATE_SHORT
    assert run.leaves[0].reason
    hand.refused = set()
    await retry(garden, run.name)
    again = await garden.watch(run.name)
    assert again.leaves[0].counts.accepted > run.leaves[0].counts.accepted
    assert again.progress.dead == 0


async def test_what_cannot_be_retried(garden, hand):
    hand.refused, hand.delay = {"skills.respond"}, 0.1
    name = await garden.create(await garden.sow(LEAF), target=6)
    await garden.until(name, 30)
    letters = await garden.letters(name)
    for digests, code in (
        ([letters[0].digest], grpc.StatusCode.FAILED_PRECONDITION),
        (["0" * 64], grpc.StatusCode.NOT_FOUND),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await retry(garden, name, *digests)
        assert caught.value.code() == code
