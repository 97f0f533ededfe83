import asyncio
import re
import time

import pytest
from aiohttp import web
from pydantic import BaseModel

from seedbed.bus.v1.bus_pb2 import Sampling, Usage
from seedbed.kernel import teacher as module
from seedbed.kernel.errors import MalformedReply, Refused
from seedbed.kernel.prompt import Prompt
from seedbed.kernel.teacher import Answer, Teacher
from seedbed.kernel.teacher import Endpoint as Address
from tests.kernel.endpoint import fault, in_turn, reply
from tests.kernel.waiting import until

SAMPLING = Sampling(temperature=0.5, top_p=0.9, max_tokens=512)
FINE = '{"text": "fine"}'


class Line(BaseModel):
    text: str


PROMPT = Prompt(
    "read", "{% block system %}Read.{% endblock %}{% block user %}{{ document }}{% endblock %}", Line
)


@pytest.fixture
async def pauses():
    return []


@pytest.fixture
async def teacher(endpoint, pauses, monkeypatch):
    # So that tests need not wait; what they hold does not depend on how long it takes.
    monkeypatch.setattr(module, "SHORTEST_PAUSE", 0.02)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.05)
    address = Address(endpoint.url, "tiny", api_key="sk-1", context=4096, timeout=5)
    teacher = Teacher(address, on_pause=pauses.append)
    yield teacher
    await teacher.close()


async def ask(teacher: Teacher, document="Bees.", digest="d", usage=None) -> Answer[Line]:
    usage = Usage() if usage is None else usage
    return await teacher.ask(PROMPT, {"document": document}, SAMPLING, digest, usage)


async def test_a_request_says_all_that_its_digest_stands_for(teacher, endpoint):
    answer = await ask(teacher)
    assert answer.reply == Line(text="fine")
    [body] = endpoint.bodies
    seed = body.pop("seed")
    assert 0 <= seed < 2**31
    assert body == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Read."}, {"role": "user", "content": "Bees."}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 512,
        "response_format": PROMPT.response_format,
    }
    assert endpoint.headers[0]["Authorization"] == "Bearer sk-1"


async def test_the_seed_follows_from_the_digest(teacher, endpoint):
    for digest in ("one", "one", "other"):
        await ask(teacher, digest=digest)
    first, again, other = (body["seed"] for body in endpoint.bodies)
    assert first == again != other


async def test_a_malformed_reply_is_asked_again_with_another_seed(teacher, endpoint):
    endpoint.answer = in_turn(lambda: reply("no idea"), lambda: reply(FINE))
    answer = await ask(teacher)
    assert answer.reply.text == "fine"
    one, other = endpoint.bodies
    assert one.pop("seed") != other.pop("seed")
    assert one == other
    assert answer.usage == Usage(requests=2, prompt_tokens=20, completion_tokens=10)


async def test_a_reply_malformed_three_times_is_given_up_with_what_it_cost(teacher, endpoint):
    endpoint.answer = lambda _: reply('{"words": "none"}')
    usage = Usage()
    with pytest.raises(MalformedReply, match=r"text: Field required \(asked 3 times\)"):
        await ask(teacher, usage=usage)
    assert len({body["seed"] for body in endpoint.bodies}) == 3
    assert usage == Usage(requests=3, prompt_tokens=30, completion_tokens=15)


@pytest.mark.parametrize(
    "empty",
    [
        lambda: reply(None),
        lambda: reply(""),
        lambda: web.json_response({"choices": []}),
        lambda: web.json_response({"error": "none"}),
        lambda: web.json_response([]),
    ],
)
async def test_a_reply_without_words_is_malformed(teacher, endpoint, empty):
    endpoint.answer = lambda _: empty()
    with pytest.raises(MalformedReply):
        await ask(teacher)
    assert len(endpoint.bodies) == 3


@pytest.mark.parametrize(
    "spent", [{"prompt_tokens": "many"}, {"prompt_tokens": None}, {"prompt_tokens": -1}, {"other": 1}]
)
async def test_an_endpoint_that_does_not_count_is_taken_as_it_is(teacher, endpoint, spent):
    endpoint.answer = lambda _: reply(FINE, **spent)
    assert (await ask(teacher)).usage == Usage(requests=1)


@pytest.mark.parametrize("usage", ["none", 5, []])
async def test_a_usage_that_is_none_counts_nothing(teacher, endpoint, usage):
    whole = {"choices": [{"message": {"content": FINE}}], "usage": usage}
    endpoint.answer = lambda _: web.json_response(whole)
    assert (await ask(teacher)).usage == Usage(requests=1)


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
    assert teacher.requests == 3
    assert [bool(why) for why in pauses] == [True, False, True, False]


async def test_retry_after_is_honoured(teacher, endpoint):
    headers = {"Retry-After": "0.3"}
    endpoint.answer = in_turn(lambda: fault(429, **headers), lambda: reply(FINE))
    began = time.monotonic()
    await ask(teacher)
    assert 0.3 <= time.monotonic() - began < 1


@pytest.mark.parametrize("value", ["soon", "-5", "", "Wed, 21 Oct 2026 07:28:00 GMT", "nan"])
async def test_a_retry_after_that_cannot_be_read_is_none(teacher, endpoint, value):
    headers = {"Retry-After": value}
    endpoint.answer = in_turn(lambda: fault(503, **headers), lambda: reply(FINE))
    began = time.monotonic()
    await ask(teacher)
    assert time.monotonic() - began < 1


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
    assert teacher.requests == 2
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


async def test_what_the_endpoint_will_not_do_is_refused(teacher, endpoint):
    endpoint.answer = lambda _: fault(400, "the content is not allowed")
    usage = Usage()
    with pytest.raises(Refused, match=r"HTTP 400: .*the content is not allowed"):
        await ask(teacher, usage=usage)
    assert len(endpoint.bodies) == 1
    assert usage.requests == 0


def without_schemas(body):
    """As an endpoint that never heard of schemas."""
    if "response_format" in body:
        return fault(400, "unknown field response_format")
    assert "JSON object of this schema" in body["messages"][0]["content"]
    return reply(f"Here you are: {FINE}")


async def test_an_endpoint_without_schemas_is_told_in_words(teacher, endpoint):
    endpoint.answer = without_schemas
    assert (await ask(teacher)).reply.text == "fine"
    assert (await ask(teacher)).reply.text == "fine"
    assert ["response_format" in body for body in endpoint.bodies] == [True, False, False]


async def test_requests_under_way_when_this_is_learned_are_not_lost(teacher, endpoint):
    endpoint.answer = without_schemas
    answers = await asyncio.gather(*(ask(teacher, digest=str(n)) for n in range(8)))
    assert {answer.reply.text for answer in answers} == {"fine"}


async def test_a_400_that_stays_is_refused_without_schemas_too(teacher, endpoint):
    endpoint.answer = lambda _: fault(400, "the schema of your words is not allowed")
    with pytest.raises(Refused):
        await ask(teacher)
    assert len(endpoint.bodies) == 2


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


async def test_a_prompt_that_does_not_fit_is_refused_unasked(teacher, endpoint):
    with pytest.raises(Refused, match=r"`read` of about \d+ tokens does not fit .* 4096 tokens") as caught:
        await ask(teacher, "정악 " * 2000)
    assert "chunks" in caught.value.hint
    assert endpoint.bodies == []


async def test_a_tight_prompt_leaves_a_shorter_reply(teacher, endpoint):
    await ask(teacher, "정악 " * 1900)
    assert 256 <= endpoint.bodies[0]["max_tokens"] < 512


async def test_the_key_is_not_in_what_is_printed(teacher):
    assert not re.search("sk-1", repr(teacher.endpoint))


async def test_a_cancelled_wait_opens_the_way_again(teacher, endpoint, pauses):
    headers = {"Retry-After": "60"}
    endpoint.answer = in_turn(lambda: fault(429, **headers), lambda: reply(FINE))
    waiting = asyncio.create_task(ask(teacher))
    await until(lambda: pauses)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await asyncio.wait_for(ask(teacher), 5)).reply.text == "fine"
    assert pauses[-1] == ""
