import asyncio
import contextlib
import itertools
import os

import pytest

from seedbed.kernel.bus.streams import LIMITS, Bus
from seedbed.kernel.endpoint.endpoint import Endpoint
from seedbed.kernel.endpoint.endpoint_client import EndpointClient
from seedbed.kernel.endpoint.endpoint_pool import EndpointPool, LimitedEndpoint
from seedbed.kernel.endpoint.limits import permits as module
from seedbed.kernel.endpoint.limits.allocation import LimitTable
from seedbed.kernel.endpoint.limits.permits import Permits
from seedbed.kernel.endpoint.role_models import name_process
from seedbed.kernel.settings import Settings
from seedbed.kernel.tasks import end_tasks
from tests.kernel.killing import killing
from tests.kernel.looking import keys_of
from tests.kernel.waiting import until

URL = "http://teacher/v1"
LIMIT = 4


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    """A beat that tests can wait for; what they hold does not depend on how long it is."""
    monkeypatch.setattr(module, "TICK", 0.004)
    monkeypatch.setattr(module, "LEAST_TICK", 0.001)
    monkeypatch.setattr(module, "BEAT", 0.05)
    monkeypatch.setattr(module, "EXPIRY", 0.4)


@pytest.fixture
async def join(bus, nats_server):
    """Take part in the limit as one more process would: with a connection of its own."""
    async with contextlib.AsyncExitStack() as stack:
        numbers = itertools.count()

        async def join(role="teacher", limit=LIMIT, place="", slots=0):
            own = await Bus.connect(Settings(nats_url=nats_server.url), "process")
            name = f"{place}p{next(numbers)}"
            permits = Permits(own, URL, name, role, limit, slots=slots, place=place)
            pool = EndpointPool([LimitedEndpoint(EndpointClient(Endpoint(URL, "tiny")), permits)])
            pool.start()
            stack.push_async_callback(own.close)
            stack.push_async_callback(pool.stop)
            return pool

        yield join


async def table_of(bus) -> LimitTable:
    [key] = await keys_of(bus, LIMITS)
    return LimitTable.from_json((await (await bus.bucket(LIMITS)).get(key)).value)


async def test_one_process_may_have_all(join):
    permits = await join()
    places = [await asyncio.wait_for(permits.acquire(), 5) for _ in range(LIMIT)]
    more = asyncio.create_task(permits.acquire())
    await asyncio.sleep(0.1)
    assert not more.done()
    permits.release(places[0])
    await asyncio.wait_for(more, 5)


async def test_permits_are_had_in_the_order_they_were_asked_for(join):
    permits = await join(limit=1)
    held = await permits.acquire()
    order: list[int] = []

    async def take(number):
        place = await permits.acquire()
        order.append(number)
        permits.release(place)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    await asyncio.sleep(0)
    permits.release(held)
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_three_processes_never_have_more_in_flight_than_the_limit(join):
    processes = [await join(role) for role in ("teacher", "judge", "teacher")]
    in_flight, most, done = 0, 0, [0, 0, 0]

    async def call(number, permits):
        nonlocal in_flight, most
        while min(done) < 20:
            place = await permits.acquire()
            in_flight += 1
            most = max(most, in_flight)
            await asyncio.sleep(0.004)
            in_flight -= 1
            done[number] += 1
            permits.release(place)

    calls = [call(number, permits) for number, permits in enumerate(processes) for _ in range(LIMIT)]
    await asyncio.wait_for(asyncio.gather(*calls), 20)
    # All of the limit is used, and by each of them.
    assert most == LIMIT
    assert sum(permits.granted for permits in processes) <= LIMIT


async def test_what_one_does_not_need_the_other_gets(join):
    one, other = await join(), await join()
    one.expect("skills.respond", 100)
    await until(lambda: one.granted == LIMIT)
    one.expect("skills.respond", 0)
    other.expect("skills.respond", 100)
    await until(lambda: other.granted == LIMIT)
    assert one.granted == 0


async def test_a_process_takes_no_more_than_it_has_slots_for_and_another_has_the_rest(join):
    bounded = [await join(slots=1) for _ in range(2)]
    for permits in bounded:
        await asyncio.wait_for(permits.acquire(), 5)
    refused = [asyncio.create_task(permits.acquire()) for permits in bounded]
    free = await join()
    for _ in range(LIMIT - 2):
        await asyncio.wait_for(free.acquire(), 5)
    assert not any(task.done() for task in refused)
    await end_tasks(refused)


async def test_the_judge_goes_before(join):
    generator, judge = await join(), await join("judge")
    generator.expect("skills.respond", 100)
    judge.expect("judge.pair", 100)
    await until(lambda: judge.granted == LIMIT - 1)
    await until(lambda: generator.granted == 1)


async def test_permits_of_a_process_that_vanished_are_taken_over(join, bus):
    gone, other = await join(), await join()
    gone.expect("skills.respond", 100)
    await until(lambda: gone.granted == LIMIT)
    other.expect("skills.respond", 100)
    await gone.endpoints[0].permits._bus.client.close()
    await until(lambda: other.granted == LIMIT)
    assert list((await table_of(bus)).holders) == ["p1"]


async def test_permits_of_a_process_that_left_are_free_at_once(join, bus, monkeypatch):
    monkeypatch.setattr(module, "EXPIRY", 60)
    leaving, other = await join(), await join()
    for permits in (leaving, other):
        permits.expect("skills.respond", 100)
    await until(lambda: leaving.granted == other.granted == LIMIT // 2)
    await leaving.stop()
    await until(lambda: other.granted == LIMIT)
    assert list((await table_of(bus)).holders) == ["p1"]


@killing
async def test_an_outage_of_the_bus_ages_nobody(join, nats_server, monkeypatch):
    monkeypatch.setattr(module, "EXPIRY", 0.2)
    processes = [await join(), await join()]
    for permits in processes:
        permits.expect("skills.respond", 100)
    await until(lambda: all(permits.granted == LIMIT // 2 for permits in processes))
    held = [asyncio.create_task(p.acquire()) for p in processes for _ in range(LIMIT // 2)]
    await asyncio.gather(*held)
    nats_server.kill()
    await asyncio.sleep(0.4)
    nats_server.start()
    most = 0
    for _ in range(60):
        await asyncio.sleep(0.02)
        most = max(most, sum(permits.granted for permits in processes))
    assert most == LIMIT


async def test_a_waiter_that_gives_up_leaves_its_place(join):
    permits = await join(limit=1)
    held = await permits.acquire()
    first, second = asyncio.create_task(permits.acquire()), asyncio.create_task(permits.acquire())
    await asyncio.sleep(0)
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    permits.release(held)
    await asyncio.wait_for(second, 5)


async def test_a_permit_handed_to_one_that_gave_up_is_not_lost(join):
    permits = await join(limit=1)
    held = await permits.acquire()
    first, second = asyncio.create_task(permits.acquire()), asyncio.create_task(permits.acquire())
    await asyncio.sleep(0)
    # Handed out and given up within the same turn of the loop.
    permits.release(held)
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    await asyncio.wait_for(second, 5)


async def test_a_pause_is_told_to_all(join, bus):
    permits = await join()
    await until(lambda: permits.granted)

    async def told() -> str:
        return (await table_of(bus)).holders["p0"].paused

    permits.pause("HTTP 429")
    await until(told)
    assert await told() == "HTTP 429"
    permits.pause("")

    async def over() -> bool:
        return not await told()

    await until(over)


async def test_a_table_that_was_lost_is_made_anew(join, bus):
    permits = await join()
    await until(lambda: permits.granted)
    await bus.purge(f"KV_{LIMITS}", f"$KV.{LIMITS}.>")
    permits.expect("skills.respond", 100)
    await until(lambda: permits.granted == LIMIT)
    assert list((await table_of(bus)).holders) == ["p0"]


async def test_two_endpoints_have_nothing_to_do_with_each_other(bus):
    one, other = (
        EndpointPool(
            [
                LimitedEndpoint(
                    EndpointClient(Endpoint(URL, "tiny")), Permits(bus, f"{URL}/{name}", "p", "teacher", 1)
                )
            ]
        )
        for name in "ab"
    )
    for permits in (one, other):
        permits.start()
    await asyncio.wait_for(asyncio.gather(one.acquire(), other.acquire()), 5)
    for permits in (one, other):
        await permits.stop()


async def test_who_begins_anew_at_an_address_takes_over_from_who_died_there(join, bus, monkeypatch):
    """At once, and from nobody else: the others' beats say whether they live."""
    monkeypatch.setattr(module, "EXPIRY", 60)
    here, there = "host 127.0.0.1:1 judge ", "host 127.0.0.1:2 judge "
    dead, neighbour = await join("judge", place=here), await join("judge", place=there)
    for permits in (dead, neighbour):
        permits.expect("judge.pair", 100)
    await until(lambda: dead.granted == neighbour.granted == LIMIT // 2)
    await dead.endpoints[0].permits._bus.client.close()
    heir = await join("judge", place=here)
    heir.expect("judge.pair", 100)
    await until(lambda: heir.granted == LIMIT // 2)
    assert neighbour.granted == LIMIT // 2
    assert sorted((await table_of(bus)).holders) == [f"{here}p2", f"{there}p1"]


@pytest.mark.parametrize(("listen", "known"), [("127.0.0.1:7404", True), ("127.0.0.1:0", False)])
def test_a_process_is_named_by_where_it_listens(listen, known):
    name, place = name_process(Settings(listen=listen), "judge")
    assert name.startswith(place)
    assert name.endswith(f" {os.getpid()}")
    assert bool(place) == known
