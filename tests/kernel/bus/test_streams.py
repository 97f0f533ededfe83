import asyncio
import contextlib
import json

import nats.errors
import pytest

from seedbed.bus.v1.bus_pb2 import DeadLetter, Event, Item
from seedbed.kernel.bus.streams import (
    DEAD,
    EVENTS,
    FORMATS,
    MEMO,
    RUNS,
    STEPS,
    WORK,
    Bus,
    consumer_name,
    work_subject,
)
from seedbed.kernel.errors import NewerFormat
from seedbed.kernel.settings import Settings
from seedbed.kernel.tasks import end_tasks
from tests.kernel.killing import killing
from tests.kernel.looking import keys_of
from tests.kernel.waiting import until

ITEM = Item(run="r", leaf="l", step="judge.pair", digest="d" * 64, input=b"x")


@contextlib.asynccontextmanager
async def watching(bus, bucket, keys=">"):
    """What a watch has seen so far; None where it had caught up."""
    seen: list[tuple[str, bytes] | None] = []

    async def watch():
        async for entry in bus.watch(bucket, keys):
            seen.append(entry and (entry.key, entry.value))  # noqa: PERF401  seen as it comes

    task = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        await end_tasks([task])


async def subscribe(bus, step):
    await bus.add_consumer(step, 5)
    return await bus.js.pull_subscribe_bind(consumer=consumer_name(step), stream=WORK)


async def count(bus, stream):
    return (await bus.js.stream_info(stream)).state.messages


async def test_preparing_twice_is_harmless(bus):
    await bus.publish_work(ITEM)
    await (await bus.bucket(MEMO)).put("a", b"1")
    await bus.prepare()
    assert await count(bus, WORK) == 1
    assert (await (await bus.bucket(MEMO)).get("a")).value == b"1"


async def test_the_streams_are_as_designed(bus):
    work = (await bus.js.stream_info(WORK)).config
    assert (work.max_msgs_per_subject, work.discard, work.discard_new_per_subject) == (1, "new", True)
    assert (work.retention, work.storage) == ("workqueue", "file")
    assert work.subjects == ["seedbed.v1.work.>"]
    for name in (DEAD, EVENTS):
        assert (await bus.js.stream_info(name)).config.retention == "limits"


async def test_a_sign_of_life_is_answered_while_there_is_a_broker(bus, nats_server):
    subscription = await subscribe(bus, ITEM.step)
    await bus.publish_work(ITEM)
    [message] = await subscription.fetch(1)
    await bus.keep([])
    await bus.keep([message.reply])
    await message.ack()
    # Of one that is done with by now, as well.
    await bus.keep([message.reply, message.reply])
    with pytest.raises(nats.errors.NoRespondersError):
        await bus.keep(["$JS.ACK.nowhere"])


async def test_an_item_is_open_at_most_once(bus):
    assert await bus.publish_work(ITEM)
    assert not await bus.publish_work(ITEM)
    subscription = await subscribe(bus, ITEM.step)
    [message] = await subscription.fetch(1, timeout=2)
    # Taken is open still.
    assert not await bus.publish_work(ITEM)
    await message.ack_sync()
    assert await bus.publish_work(ITEM)
    assert await count(bus, WORK) == 1


@pytest.mark.parametrize("change", [{"run": "s"}, {"leaf": "m"}, {"digest": "e" * 64}, {"candidate": "c"}])
async def test_another_run_leaf_digest_or_candidate_is_another_item(bus, change):
    other = Item()
    other.CopyFrom(ITEM)
    for name, value in change.items():
        setattr(other, name, value)
    assert await bus.publish_work(ITEM)
    assert await bus.publish_work(other)


async def test_each_step_takes_its_own(bus):
    other = Item(run="r", leaf="l", step="judge.grounded", digest="d" * 64)
    subscription = await subscribe(bus, "judge.grounded")
    again = await subscribe(bus, "judge.grounded")
    await bus.publish_work(ITEM)
    await bus.publish_work(other)
    [message] = await subscription.fetch(1, timeout=2)
    assert Item.FromString(message.data) == other
    with pytest.raises(nats.errors.TimeoutError):
        await again.fetch(1, timeout=0.1)


async def test_events_go_out_and_nobody_waits(bus):
    await bus.publish_event(Event(service="runs", what="ended"))

    async def kept():
        return await count(bus, EVENTS) == 1

    await until(kept)
    subject = (await bus.js.get_msg(EVENTS, 1)).subject
    assert subject == "seedbed.v1.event.runs.ended.none"


async def test_a_letter_is_kept_under_its_step_and_run(bus):
    letter = DeadLetter(run="r", leaf="l", step="judge.pair", digest="d", reason="why")
    await bus.publish_dead(letter)
    message = await bus.js.get_msg(DEAD, 1)
    assert message.subject == "seedbed.v1.dead.judge.pair.r"
    assert DeadLetter.FromString(message.data) == letter


async def test_a_purge_leaves_what_it_was_not_asked_for(bus):
    bucket = await bus.bucket(MEMO)
    for key in ("r.l.1", "r.l.2", "r.m.1"):
        await bucket.put(key, b"x")
    await bus.purge(f"KV_{MEMO}", f"$KV.{MEMO}.r.l.>")
    assert await keys_of(bus, MEMO) == ["r.m.1"]
    assert await count(bus, f"KV_{MEMO}") == 1


async def test_a_watch_gives_what_is_there_then_what_comes(bus):
    bucket = await bus.bucket(RUNS)
    await bucket.put("a", b"1")
    await bucket.put("a", b"2")
    async with watching(bus, RUNS) as seen:
        await until(lambda: None in seen)
        await bucket.put("b", b"3")
        await until(lambda: len(seen) == 3)
    assert seen == [("a", b"2"), None, ("b", b"3")]


async def test_a_watch_of_nothing_says_that_it_has_caught_up(bus):
    async with watching(bus, RUNS, "a.>") as seen:
        await until(lambda: seen == [None])
        bucket = await bus.bucket(RUNS)
        await bucket.put("b.c", b"1")
        await bucket.put("a.c", b"1")
        await until(lambda: len(seen) == 2)
    assert seen == [None, ("a.c", b"1")]


async def test_what_is_there_has_come_before_the_word_that_it_has(bus):
    bucket = await bus.bucket(MEMO)
    await bucket.put("r.l.1", b"x")
    await bucket.put("r.m.1", b"x")

    for _ in range(100):
        found: list[str] = []
        async with contextlib.aclosing(bus.watch(MEMO, "r.l.>")) as entries:
            while entry := await anext(entries):
                found.append(entry.key)
        assert found == ["r.l.1"]


@killing
async def test_a_watch_goes_on_after_the_server_was_killed(bus, nats_server):
    bucket = await bus.bucket(RUNS)
    await bucket.put("a", b"1")
    async with watching(bus, RUNS) as seen:
        await until(lambda: None in seen)
        nats_server.kill()
        await until(lambda: not bus.client.is_connected)
        nats_server.start()
        await bus.persist(lambda: bucket.put("b", b"2"))
        await until(lambda: ("b", b"2") in seen)
        # It starts over, so that nothing can be missed in between.
        assert seen.count(("a", b"1")) == 2
        await bucket.put("c", b"3")
        await until(lambda: ("c", b"3") in seen)


@killing
async def test_work_and_records_outlive_the_server(bus, nats_server):
    await bus.publish_work(ITEM)
    await (await bus.bucket(MEMO)).put("a", b"1")
    nats_server.kill()
    await until(lambda: not bus.client.is_connected)
    publishing = asyncio.create_task(bus.publish_work(ITEM))
    nats_server.start()
    # Waits for the server, and finds the item there.
    assert not await asyncio.wait_for(publishing, 15)
    assert (await (await bus.bucket(MEMO)).get("a")).value == b"1"


async def test_a_bucket_is_waited_for(nats_server):
    early = await Bus.connect(Settings(nats_url=nats_server.url), "early")
    late = await Bus.connect(Settings(nats_url=nats_server.url), "late")
    waiting = asyncio.create_task(early.add_consumer("judge.pair", 5))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await late.prepare()
    await asyncio.wait_for(waiting, 5)
    assert (await early.bucket(STEPS)) is not None
    for bus in (early, late):
        await bus.close()


@killing
async def test_a_server_that_comes_later_is_waited_for(nats_server):
    nats_server.stop()
    connecting = asyncio.create_task(Bus.connect(Settings(nats_url=nats_server.url), "early"))
    await asyncio.sleep(0.1)
    assert not connecting.done()
    nats_server.start()
    await (await asyncio.wait_for(connecting, 10)).close()


def test_subjects_hold_run_leaf_and_digest():
    assert work_subject(ITEM) == f"seedbed.v1.work.judge.pair.r.l.{'d' * 64}"


async def test_who_reads_to_the_end_leaves_nothing_on_the_broker(bus):
    await (await bus.bucket(RUNS)).put("a", b"1")
    for _ in range(20):
        assert [(entry.key, entry.value) for entry in await bus.entries(RUNS)] == [("a", b"1")]

    async def gone():
        return (await bus.js.stream_info(f"KV_{RUNS}")).state.consumer_count == 0

    await until(gone, 30)


async def test_what_bears_no_number_is_marked_when_it_is_prepared(nats_url):
    bus = await Bus.connect(Settings(nats_url=nats_url), "test")
    await bus.check_format()
    await bus.prepare()
    found = await bus.read(FORMATS, "bus")
    assert found is not None
    assert json.loads(found[0])["format"] == 1
    await bus.prepare()
    assert await bus.read(FORMATS, "bus") == found
    await bus.close()


async def test_streams_of_a_later_version_are_refused_and_left_alone(bus):
    await bus.write(FORMATS, "bus", b'{"format": 2, "seedbed": "9.0.0"}', (await bus.read(FORMATS, "bus"))[1])
    await bus.js.delete_key_value(MEMO)
    for refused in (bus.check_format, bus.prepare):
        with pytest.raises(NewerFormat, match="what the broker keeps has format 2") as caught:
            await refused()
        assert "install Seedbed 9.0.0 or a later one" in caught.value.hint
    assert f"KV_{MEMO}" not in [info.config.name for info in await bus.js.streams_info()]
