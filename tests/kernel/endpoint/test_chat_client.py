import asyncio
import re

import pytest
from aiohttp import web

from seedbed.bus.v1.bus_pb2 import Usage
from seedbed.kernel.errors import MalformedReply, Refused
from tests.kernel.asking import FINE, PROMPT, Line, ask
from tests.kernel.fake_endpoint import fault, in_turn, reply


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
        lambda: web.json_response({"choices": [{}]}),
        lambda: web.json_response({"choices": "none"}),
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


async def test_what_the_endpoint_will_not_do_is_refused(teacher, endpoint):
    endpoint.answer = lambda _: fault(400, "the content is not allowed")
    usage = Usage()
    with pytest.raises(Refused, match=r"HTTP 400: .*the content is not allowed"):
        await ask(teacher, usage=usage)
    assert len(endpoint.bodies) == usage.requests == 1


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
    forms = [body.get("response_format", {}).get("type") for body in endpoint.bodies]
    assert forms == ["json_schema", "json_object", None, None]


async def test_requests_under_way_when_this_is_learned_are_not_lost(teacher, endpoint):
    endpoint.answer = without_schemas
    answers = await asyncio.gather(*(ask(teacher, digest=str(n)) for n in range(8)))
    assert {answer.reply.text for answer in answers} == {"fine"}


async def test_a_400_that_stays_is_refused_without_schemas_too(teacher, endpoint):
    endpoint.answer = lambda _: fault(400, "the schema of your words is not allowed")
    with pytest.raises(Refused):
        await ask(teacher)
    assert len(endpoint.bodies) == 3
    # What brought no answer is not kept.
    assert teacher.client.known.binding == "json_schema"


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
