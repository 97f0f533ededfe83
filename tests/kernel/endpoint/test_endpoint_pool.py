"""Several processes at endpoints that take so much and no more, over real NATS and HTTP."""

import asyncio
import contextlib
import itertools

import pytest
from aiohttp import web

from seedbed.bus.v1.bus_pb2 import Usage
from seedbed.kernel.bus.streams import LIMITS, Bus
from seedbed.kernel.endpoint import endpoint_client as lines
from seedbed.kernel.endpoint.chat_client import Endpoint as Address
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.endpoint.endpoint_client import EndpointClient
from seedbed.kernel.endpoint.endpoint_pool import EndpointPool, LimitedEndpoint
from seedbed.kernel.endpoint.limits import permits as module
from seedbed.kernel.endpoint.limits.allocation import LimitTable, pauses
from seedbed.kernel.endpoint.limits.permits import Permits
from seedbed.kernel.settings import Settings
from tests.kernel.asking import FINE, PROMPT, SAMPLING
from tests.kernel.fake_endpoint import Endpoint, fault, reply
from tests.kernel.looking import keys_of
from tests.kernel.waiting import until


class Taking(Endpoint):
    """Takes so many calls at once, each for a while; the others are told to come back later."""

    def __init__(self, takes: int = 99, seconds: float = 0.02, retry_after: str = "0.3") -> None:
        super().__init__()
        self.takes = takes
        self.seconds = seconds
        self.retry_after = retry_after
        self.in_flight = self.most = self.answered = self.refused = 0

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        if self.in_flight >= self.takes:
            self.refused += 1
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return fault(429, "full", **headers)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.in_flight -= 1
        self.answered += 1
        return reply(FINE)


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    """What these tests hold does not depend on how long a pause is."""
    monkeypatch.setattr(module, "BEAT", 0.2)
    monkeypatch.setattr(lines, "SHORTEST_PAUSE", 0.05)
    monkeypatch.setattr(lines, "LONGEST_PAUSE", 0.1)


@pytest.fixture
async def stack():
    async with contextlib.AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def serve(stack):
    async def serve(**options):
        endpoint = Taking(**options)
        await endpoint.start()
        stack.push_async_callback(endpoint.stop)
        return endpoint

    return serve


@pytest.fixture
async def join(bus, stack, nats_server):
    numbers = itertools.count()

    async def join(*endpoints, limit, role="teacher", low=False):
        own = await Bus.connect(Settings(nats_url=nats_server.url), "process")
        stack.push_async_callback(own.close)
        name = f"p{next(numbers)}"
        limited = [
            LimitedEndpoint(
                EndpointClient(Address(one.url, "tiny", timeout=5)),
                Permits(own, one.url, name, role, limit, low=low),
            )
            for one in endpoints
        ]
        pool = EndpointPool(limited)
        pool.start()
        stack.push_async_callback(pool.stop)
        return pool

    return join


async def ask(pool, number):
    teacher = Teacher(pool.endpoints[0].client.endpoint)
    place = await pool.acquire()
    try:
        return await teacher.ask(PROMPT, {"document": "Bees."}, SAMPLING, str(number), Usage(), place)
    finally:
        pool.release(place)


async def ask_all(pools, count):
    """All of them, at most a few more at once than there are permits, as a lane would."""
    numbers = iter(range(count))

    async def work(pool):
        for number in numbers:
            assert (await ask(pool, number)).reply.text == "fine"

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(pool) for pool in pools for _ in range(24)))


async def tables_of(bus):
    bucket = await bus.bucket(LIMITS)
    return [LimitTable.from_json((await bucket.get(key)).value) for key in await keys_of(bus, LIMITS)]


@pytest.mark.parametrize("low", [False, True])
async def test_three_processes_find_out_together_what_an_endpoint_takes(join, serve, bus, low):
    endpoint = await serve(takes=6)
    pools = [await join(endpoint, limit=16, role=role, low=low) for role in ("teacher", "judge", "teacher")]
    await ask_all(pools, 600)
    assert endpoint.answered == 600
    assert endpoint.refused < 0.05 * 600
    [table] = await tables_of(bus)
    assert 4 <= table.limit <= 7
    assert table.probe.epoch >= 1


async def test_a_refused_call_makes_room_and_is_not_lost(join, serve):
    endpoint = await serve(takes=1)
    pool = await join(endpoint, limit=8)
    await ask_all([pool], 30)
    assert endpoint.answered == 30
    assert pool.room == pool.granted > 0


async def test_nobody_asks_before_the_time_is_up(join, serve):
    endpoint = await serve(takes=0, retry_after="60")
    pools = [await join(endpoint, limit=8) for _ in range(2)]
    asking = [asyncio.create_task(ask(pool, 0)) for pool in pools for _ in range(2)]
    await until(lambda: not any(pool.endpoints[0].client.is_open for pool in pools))
    refused = endpoint.refused
    more = [asyncio.create_task(ask(pool, 1)) for pool in pools]
    await asyncio.sleep(0.3)
    assert endpoint.refused == refused
    assert all(pool.room <= 0 for pool in pools)
    for task in (*asking, *more):
        task.cancel()
    await asyncio.gather(*asking, *more, return_exceptions=True)


async def test_endpoints_of_one_model_share_the_work_by_what_each_has_outstanding(join, serve):
    quick, slow = await serve(seconds=0.02), await serve(seconds=0.08)
    pools = [await join(quick, slow, limit=4) for _ in range(2)]
    await ask_all(pools, 300)
    assert quick.answered + slow.answered == 300
    assert quick.answered > 1.5 * slow.answered > 0
    # Each has a limit of its own, for all processes.
    assert max(quick.most, slow.most) <= 4


async def test_one_that_is_full_does_not_stop_the_other(join, serve):
    full, free = await serve(takes=0, retry_after="60"), await serve()
    pool = await join(full, free, limit=4)
    await ask_all([pool], 60)
    assert free.answered == 60


async def test_one_that_is_away_is_left_out_until_it_is_back(join, serve, bus):
    gone, stays = await serve(), await serve()
    pool = await join(gone, stays, limit=4)
    await gone.stop()
    await ask_all([pool], 60)
    assert stays.answered == 60

    async def told():
        return [h.paused for table in await tables_of(bus) for h in table.holders.values() if h.paused]

    await until(told)
    # One of two: nobody waits.
    assert pauses(await tables_of(bus)) == set()
    await gone.start()
    await until(lambda: all(endpoint.client.is_open for endpoint in pool.endpoints))
    await ask_all([pool], 60)
    assert gone.answered > 0


async def test_all_of_them_away_is_a_pause(join, serve, bus):
    both = [await serve(), await serve()]
    pool = await join(*both, limit=4)
    for endpoint in both:
        await endpoint.stop()
    asking = asyncio.create_task(ask(pool, 0))

    async def paused():
        return pauses(await tables_of(bus))

    await until(paused)
    await both[1].start()
    assert (await asyncio.wait_for(asking, 10)).reply.text == "fine"
