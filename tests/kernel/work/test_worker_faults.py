import asyncio
import os
import signal
import subprocess
import sys

import pytest

from seedbed.bus.v1.bus_pb2 import Outcome
from seedbed.kernel.bus.streams import DEATHS, work_subject
from seedbed.kernel.errors import StoreError
from seedbed.kernel.work import item_runner, worker
from seedbed.kernel.work.failure_counter import MOST_TRIES
from seedbed.kernel.work.memo import Memo, memo_key
from tests.kernel.chain import DEADLY, open_run, sow, working
from tests.kernel.killing import killing
from tests.kernel.looking import done, keys_of, letters, open_items, records, scored
from tests.kernel.waiting import until
from tests.servers.process import die_with_parent


@pytest.fixture(autouse=True)
def answers(endpoint):
    endpoint.answer = scored


@pytest.fixture
async def memo(bus, store):
    await open_run(bus)
    return Memo(bus, store)


@pytest.fixture
async def process(memo, nats_server, store, endpoint):
    async with working(nats_server.url, store, endpoint.url) as process:
        yield process


async def test_a_crash_between_record_and_sequel_loses_nothing(process, bus, memo, endpoint, monkeypatch):
    publish, failures = process.bus.publish_work, [StoreError("crash")]

    async def stumble(item):
        if failures:
            raise failures.pop()
        return await publish(item)

    monkeypatch.setattr(process.bus, "publish_work", stumble)
    await bus.publish_work(sow("seed soil"))
    await done(bus)
    assert failures == []
    assert process.sow.runs == 1
    assert len(endpoint.bodies) == 2
    assert len(await records(bus, memo)) == 3


async def test_a_fault_of_the_store_is_not_the_items(process, bus, memo):
    left_to_fail = 2

    async def fail():
        nonlocal left_to_fail
        if left_to_fail:
            left_to_fail -= 1
            raise StoreError("the store is away")

    process.sow.hold = fail
    item = sow("seed")
    await bus.publish_work(item)
    await done(bus)
    assert process.sow.runs == 3
    assert (await memo.get(memo_key(item))).record.outcome == Outcome.OUTCOME_DONE
    assert await letters(bus) == []


async def test_long_work_is_kept_by_heartbeats(process, bus, memo):
    process.sow.hold = lambda: asyncio.sleep(2)
    await bus.publish_work(sow("seed"))
    await done(bus)
    assert process.sow.runs == 1


async def test_a_graceful_stop_finishes_what_is_in_hand(memo, bus, nats_server, store, endpoint):
    async with working(nats_server.url, store, endpoint.url) as process:
        process.sow.hold = lambda: asyncio.sleep(0.3)
        await bus.publish_work(sow("seed"))
        await until(lambda: process.sow.runs)
    item = sow("seed")
    assert (await memo.get(memo_key(item))).record.followed
    # What follows from it waits for the next worker.
    await open_items(bus, 1)


async def test_what_a_stop_cannot_finish_is_handed_back_at_once(memo, bus, nats_server, store, endpoint):
    async with working(nats_server.url, store, endpoint.url, ack_wait=30, grace=0.1) as process:
        process.sow.hold = lambda: asyncio.sleep(60)
        await bus.publish_work(sow("seed"))
        await until(lambda: process.sow.runs)
    async with working(nats_server.url, store, endpoint.url, ack_wait=30) as process:
        await done(bus)
        assert process.sow.runs == 1


async def test_a_worker_told_to_stop_takes_nothing_more(memo, bus, nats_server, store, endpoint):
    async with working(nats_server.url, store, endpoint.url, ack_wait=30) as one:
        await one.worker.stop(0)
        # Its connection is open still: what comes now must not be sent to it.
        await bus.publish_work(sow("seed"))
        async with working(nats_server.url, store, endpoint.url, ack_wait=30) as other:
            await done(bus)
            assert (one.sow.runs, other.sow.runs) == (0, 1)


async def test_two_workers_share_the_work(memo, bus, nats_server, store, endpoint):
    async with (
        working(nats_server.url, store, endpoint.url) as one,
        working(nats_server.url, store, endpoint.url) as other,
    ):
        for process in (one, other):
            process.sow.hold = lambda: asyncio.sleep(0.05)
        for number in range(12):
            await bus.publish_work(sow(f"seed{number}"))
        await done(bus)
    assert one.sow.runs + other.sow.runs == 12
    assert one.sow.runs
    assert other.sow.runs
    assert len(await records(bus, memo)) == 24


async def test_a_worker_that_was_cut_off_begins_nothing_that_another_has(
    memo, bus, nats_server, store, endpoint, monkeypatch
):
    let_go, done_by_other = asyncio.Event(), asyncio.Event()

    async def swallow(*_):
        pass

    async with working(nats_server.url, store, endpoint.url, ack_wait=1) as one:
        one.sow.hold = let_go.wait
        for number in range(worker.TEACHERLESS_AT_ONCE * 2):
            await bus.publish_work(sow(f"seed{number}"))
        await until(lambda: one.sow.runs == worker.TEACHERLESS_AT_ONCE)
        async with working(nats_server.url, store, endpoint.url, ack_wait=1) as other:
            other.sow.hold = done_by_other.wait
            with monkeypatch.context() as cut:
                cut.setattr(one.bus.client, "publish", swallow)
                await until(lambda: other.sow.runs == worker.TEACHERLESS_AT_ONCE)
            # What it has begun comes to its end; what it looked up ahead is with the other by now.
            let_go.set()
            await asyncio.sleep(0.5)
            assert one.sow.runs == worker.TEACHERLESS_AT_ONCE
            done_by_other.set()
            await done(bus)
    assert len(await records(bus, memo)) == worker.TEACHERLESS_AT_ONCE * 4
    assert await letters(bus) == []


async def test_an_item_that_waits_for_its_turn_stays_in_hand(process, bus, memo):
    process.sow.hold = lambda: asyncio.sleep(1.5)
    for number in range(worker.TEACHERLESS_AT_ONCE * 2):
        await bus.publish_work(sow(f"seed{number}"))
    await done(bus)
    assert process.sow.runs == worker.TEACHERLESS_AT_ONCE * 2
    # What comes a second time is marked.
    assert await keys_of(bus, DEATHS) == []


@pytest.fixture
def start_process(nats_server, file_store_url, endpoint):
    """A worker as a process of its own, so that it can be killed."""
    started = []

    def start():
        command = [sys.executable, "-m", "tests.kernel.chain", nats_server.url, file_store_url, endpoint.url]
        process = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: PLW1509
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


async def test_a_killed_worker_loses_nothing_and_repeats_only_what_was_in_flight(
    memo, bus, endpoint, start_process
):
    arrived, answering = asyncio.Event(), False

    def answer(body):
        arrived.set()
        # Until then the worker sees no answer, while it lives.
        return scored(body) if answering else None

    endpoint.answer = answer
    await bus.publish_work(sow("seed soil"))
    first = start_process()
    await asyncio.wait_for(arrived.wait(), 20)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert len(await records(bus, memo)) == 1
    answering = True
    start_process()
    await done(bus)
    kept = await records(bus, memo)
    assert len(kept) == 3
    assert all(record.followed for record in kept.values())
    assert await letters(bus) == []


async def test_an_item_handed_back_often_is_not_given_up(
    memo, bus, nats_server, store, endpoint, monkeypatch
):
    monkeypatch.setattr(item_runner, "MOST_DEATHS", 2)
    failures = [StoreError("the store is away") for _ in range(3)]

    async def fail():
        if failures:
            raise failures.pop()

    item = sow("seed")
    async with working(nats_server.url, store, endpoint.url, ack_wait=0.2) as process:
        process.sow.hold = fail
        await bus.publish_work(item)
        await done(bus)
    assert (await memo.get(memo_key(item))).record.outcome == Outcome.OUTCOME_DONE


async def test_an_item_under_which_processes_die_is_given_up(
    memo, bus, nats_server, store, endpoint, start_process, monkeypatch
):
    item = sow(DEADLY)
    await bus.publish_work(item)
    # The first death leaves no mark: nearly every item is delivered once, and marks cost.
    for _ in range(3):
        assert await asyncio.to_thread(start_process().wait, 20) == -signal.SIGKILL
    monkeypatch.setattr(item_runner, "MOST_DEATHS", 2)
    async with working(nats_server.url, store, endpoint.url, ack_wait=0.3) as process:
        await done(bus)
        assert process.sow.runs == 0
    record = (await memo.get(memo_key(item))).record
    assert record.outcome == Outcome.OUTCOME_FAILED
    assert "2 processes ended" in record.reason
    assert len(await letters(bus)) == 1


@killing
async def test_work_goes_on_after_the_server_was_killed(memo, bus, nats_server, store, endpoint):
    async with working(nats_server.url, store, endpoint.url) as process:
        process.sow.hold = lambda: asyncio.sleep(0.1)
        for number in range(6):
            await bus.publish_work(sow(f"seed{number}"))
        await until(lambda: process.sow.runs)
        nats_server.kill()
        await until(lambda: not process.bus.client.is_connected)
        nats_server.start()
        await bus.persist(lambda: bus.publish_work(sow("late")))
        await done(bus)
        # At most what was in flight is done again.
        assert process.sow.runs <= 7 + worker.TEACHERLESS_AT_ONCE
    assert len(await records(bus, memo)) == 14
    assert await letters(bus) == []


async def test_an_unexpected_error_counts_against_the_item_and_ends_it(process, bus, memo):
    async def fail():
        raise KeyError("impossible")

    process.sow.hold = fail
    item = sow("seed")
    await bus.publish_work(item)
    await done(bus)
    assert process.sow.runs == MOST_TRIES
    record = (await memo.get(memo_key(item))).record
    assert record.outcome == Outcome.OUTCOME_FAILED
    assert record.reason == f"given up after {MOST_TRIES} tries: KeyError: 'impossible'"
    assert [letter.reason for letter in await letters(bus)] == [record.reason]
    # Those that come after it are worked on as ever.
    process.sow.hold = None
    other = sow("another")
    await bus.publish_work(other)
    await done(bus)
    assert (await memo.get(memo_key(other))).record.outcome == Outcome.OUTCOME_DONE


async def test_an_item_whose_sequel_cannot_be_told_ends_too(process, bus, memo, monkeypatch):
    def fail(work, recipe):
        raise RuntimeError("no sequel")

    monkeypatch.setattr(process.sow, "follow", fail)
    item = sow("seed")
    await bus.publish_work(item)
    await done(bus)
    record = (await memo.get(memo_key(item))).record
    assert (record.outcome, list(record.announced)) == (Outcome.OUTCOME_FAILED, [])
    assert "RuntimeError: no sequel" in record.reason


async def test_an_input_that_is_no_message_ends_its_item(process, bus, memo):
    item = sow("seed")
    item.input = b"\xff\xff"
    await bus.publish_work(item)
    await done(bus)
    assert process.sow.runs == 0
    record = (await memo.get(memo_key(item))).record
    assert record.outcome == Outcome.OUTCOME_FAILED
    assert "DecodeError" in record.reason


@pytest.mark.parametrize("data", [b"\xff\xff", b""])
async def test_a_message_that_is_no_item_is_taken_off_the_queue_with_a_letter(process, bus, memo, data):
    item = sow("seed")
    await bus.js.publish(work_subject(item), data)
    await done(bus)
    [letter] = await letters(bus)
    assert (letter.run, letter.leaf, letter.step, letter.digest) == (
        item.run,
        item.leaf,
        item.step,
        item.digest,
    )
    assert "damaged" in letter.reason
    # Queued again, as `runs` does with what is announced and has no record, it is done.
    await bus.publish_work(item)
    await done(bus)
    assert (await memo.get(memo_key(item))).record.outcome == Outcome.OUTCOME_DONE
