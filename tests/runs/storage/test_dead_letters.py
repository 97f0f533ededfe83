"""Items given up: listed once, retried on request, and gone once they are mended."""

from collections import Counter

import grpc
import grpc.aio
import pytest

from seedbed.bus.v1.bus_pb2 import Outcome, RunState
from seedbed.runs.storage.dead_letters import read_letters, remove_letters
from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import connect, refused, succeeded
from tests.runs.leaves import knowledge_leaf, skill_leaf

LEAF = skill_leaf(seeds=3)


async def retry(garden, run, *digests, reason=""):
    request = pb.RetryDeadLettersRequest(run=run, digests=digests, reason=reason)
    return (await garden.stub.RetryDeadLetters(request, timeout=9)).retried


async def drop(garden, run, *digests, reason=""):
    named = bool(digests or reason)
    request = pb.DropDeadLettersRequest(run=run, digests=digests, reason=reason, all=not named, confirm=True)
    return (await garden.stub.DropDeadLetters(request, timeout=9)).dropped


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


async def test_what_is_dropped_is_off_the_list_and_nothing_else_changes(garden, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    letters = await garden.letters(run.name)
    one, *others = sorted(letter.digest for letter in letters)
    assert await drop(garden, run.name, one) == 1
    assert sorted(letter.digest for letter in await garden.letters(run.name)) == others
    assert await garden.get(run.name) == run
    error = await refused(retry(garden, run.name, one))
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert await drop(garden, run.name) == len(others)
    assert await drop(garden, run.name) == 0
    assert await garden.letters(run.name) == []


async def test_letters_by_their_reason(garden, hand):
    hand.refused = {"skills.respond", "judge.pair"}
    run = await garden.make(LEAF, target=6)
    steps = Counter(letter.step for letter in await garden.letters(run.name))
    assert len(steps) == 2
    wanted = pb.ListDeadLettersRequest(run=run.name, reason="pair is ref")
    listed = await garden.stub.ListDeadLetters(wanted, timeout=9)
    assert {letter.reason for letter in listed.letters} == {"judge.pair is refused"}
    assert await drop(garden, run.name, reason="judge.pair") == steps["judge.pair"]
    assert await drop(garden, run.name, reason="judge.pair") == 0
    assert await retry(garden, run.name, reason="nothing of the kind") == 0
    hand.refused = set()
    assert await retry(garden, run.name, reason="respond") == steps["skills.respond"]
    assert (await garden.watch(run.name)).leaves[0].counts.accepted == 6


async def test_a_letter_that_is_gone_already_is_no_error(garden, hand, nats_url):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    async with connect(nats_url) as bus:
        letters = await read_letters(bus, run.name)
        for _ in range(2):
            await remove_letters(bus, letters)
        assert await read_letters(bus, run.name) == []


async def test_a_run_that_may_ask_nobody_retries_nothing(garden, hand):
    hand.refused = {"skills.respond"}
    await garden.make(LEAF, target=6)
    run = await garden.make(LEAF, recipe="{target: 6, refill: false}")
    assert await garden.letters(run.name)
    error = await refused(retry(garden, run.name))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "--no-refill" in error.details()


async def test_a_run_in_which_every_call_died_has_failed_and_names_the_cause(garden, hand):
    hand.refused, hand.refused_digits = {"skills.instruct", "knowledge.generate"}, "0123456789abcdef"
    run = await garden.make(LEAF, knowledge_leaf(), target=6)
    assert run.state == RunState.RUN_STATE_FAILED
    died = run.progress.dead
    assert sum(cause.count for cause in run.progress.causes) == died > 0
    for leaf in run.leaves:
        failed = leaf.counts.items_failed
        assert f"{failed} calls failed: {failed} × " in leaf.reason

    # The same again asks nobody; retried with the endpoint mended, it comes to its end.
    asked = len(hand.asked)
    assert (await garden.make(LEAF, knowledge_leaf(), target=6)).state == RunState.RUN_STATE_FAILED
    assert len(hand.asked) == asked
    hand.refused = set()
    assert await retry(garden, run.name) == died
    assert succeeded(await garden.watch(run.name))


async def test_a_run_of_which_one_leaf_died_is_short(garden, hand):
    hand.refused, hand.refused_digits = {"skills.instruct"}, "0123456789abcdef"
    run = await garden.make(LEAF, knowledge_leaf(), target=6)
    assert run.state == RunState.RUN_STATE_SHORT
