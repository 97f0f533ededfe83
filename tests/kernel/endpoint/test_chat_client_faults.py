import asyncio
import time

import pytest
from aiohttp import web

from seedbed.kernel.endpoint import endpoint_client as module
from seedbed.kernel.endpoint.chat_client import Endpoint as Address
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.errors import Refused
from tests.kernel.asking import FINE, ask
from tests.kernel.fake_endpoint import fault, in_turn, reply
from tests.kernel.waiting import until


@pytest.mark.parametrize(
    "busy",
    [
        lambda: fault(429),
        lambda: fault(503),
        lambda: fault(500),
        lambda: fault(502),
        lambda: fault(401),
        lambda: fault(404),
        lambda: fault(408),
        lambda: None,
        lambda: web.Response(text="<html>gateway</html>"),
    ],
)
async def test_a_fault_of_the_endpoint_is_waited_out(teacher, endpoint, pauses, busy):
    endpoint.answer = in_turn(busy, busy, lambda: reply(FINE))
    answer = await ask(teacher)
    assert answer.reply.text == "fine"
    assert answer.usage.requests == 1
    assert len({body["seed"] for body in endpoint.bodies}) == 1
    assert teacher.client.requests == 3
    assert [bool(why) for why in pauses] == [True, False, True, False]


async def test_retry_after_is_honoured(teacher, endpoint):
    headers = {"Retry-After": "0.3"}
    endpoint.answer = in_turn(lambda: fault(429, **headers), lambda: reply(FINE))
    began = time.monotonic()
    await ask(teacher)
    assert 0.3 <= time.monotonic() - began < 5


@pytest.mark.parametrize("value", ["soon", "-5", "", "Wed, 21 Oct 2026 07:28:00 GMT", "nan"])
async def test_a_retry_after_that_cannot_be_read_is_none(teacher, endpoint, value):
    headers = {"Retry-After": value}
    endpoint.answer = in_turn(lambda: fault(503, **headers), lambda: reply(FINE))
    began = time.monotonic()
    await ask(teacher)
    assert time.monotonic() - began < 5


async def test_all_requests_of_the_process_wait_with_the_first(teacher, endpoint, pauses):
    headers = {"Retry-After": "0.2"}
    endpoint.answer = in_turn(lambda: fault(429, **headers), lambda: reply(FINE))
    first = asyncio.create_task(ask(teacher))
    await until(lambda: pauses)
    began = time.monotonic()
    await ask(teacher)
    assert time.monotonic() - began > 0.1
    await first
    assert len(endpoint.bodies) == 3


async def test_an_endpoint_that_goes_away_is_waited_for(teacher, endpoint, pauses):
    await ask(teacher)
    await endpoint.stop()
    asked = asyncio.create_task(ask(teacher))
    await until(lambda: pauses)
    assert "does not answer" in pauses[0]
    await asyncio.sleep(0.1)
    assert not asked.done()
    # While it is away one small request asks for it, not all that wait.
    assert teacher.client.requests == 2
    await endpoint.start()
    assert (await asyncio.wait_for(asked, 5)).reply.text == "fine"
    assert pauses[-1] == ""


async def test_an_endpoint_that_hangs_is_away(endpoint, pauses, monkeypatch):
    monkeypatch.setattr(module, "SHORTEST_PAUSE", 0.02)
    hanging = asyncio.Event()

    class Hanging(web.Response):
        async def prepare(self, request):
            await hanging.wait()
            return await super().prepare(request)

    endpoint.answer = in_turn(Hanging, lambda: reply(FINE))
    teacher = Teacher(Address(endpoint.url, "tiny", timeout=0.2), on_pause=pauses.append)
    assert (await ask(teacher)).reply.text == "fine"
    assert "TimeoutError" in pauses[0]
    await teacher.close()


async def test_a_request_the_endpoint_stumbles_over_is_refused_while_others_succeed(teacher, endpoint):
    def answer(body):
        return fault(500, "oops") if "poison" in body["messages"][1]["content"] else reply(FINE)

    endpoint.answer = answer
    poison = asyncio.create_task(ask(teacher, "poison"))
    while not poison.done():
        assert (await ask(teacher)).reply.text == "fine"
    with pytest.raises(Refused, match=r"HTTP 500: .*oops.*times over"):
        await poison


async def test_a_500_of_all_is_the_endpoints_fault(teacher, endpoint):
    endpoint.answer = in_turn(*[lambda: fault(500)] * 8, lambda: reply(FINE))
    answers = await asyncio.gather(*(ask(teacher, digest=str(n)) for n in range(4)))
    assert {answer.reply.text for answer in answers} == {"fine"}


async def test_a_pause_outlasts_the_one_who_found_it(teacher, endpoint, pauses):
    headers = {"Retry-After": "0.3"}
    endpoint.answer = in_turn(lambda: fault(429, **headers), lambda: reply(FINE))
    began = time.monotonic()
    waiting = asyncio.create_task(ask(teacher))
    await until(lambda: pauses)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await asyncio.wait_for(ask(teacher), 5)).reply.text == "fine"
    assert time.monotonic() - began >= 0.3
    assert pauses[-1] == ""


async def test_a_line_closed_while_it_waits_leaves_nothing_behind(teacher, endpoint, pauses):
    headers = {"Retry-After": "60"}
    endpoint.answer = lambda _: fault(429, **headers)
    waiting = asyncio.create_task(ask(teacher))
    await until(lambda: pauses)
    waiting.cancel()
    await asyncio.wait_for(teacher.close(), 5)
    assert pauses[-1] == ""
