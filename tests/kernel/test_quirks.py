"""An endpoint that takes less than all is asked for what it takes, and no item dies of it."""

# ruff: noqa: E501  what endpoints say stands here as they say it

import asyncio

import pytest
from aiohttp import web

from seedbed.bus.v1.bus_pb2 import Usage
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.endpoint.endpoint import Endpoint as Address
from seedbed.kernel.endpoint.preflight import check_endpoint
from seedbed.kernel.errors import (
    PromptFiltered,
    PromptTooLong,
    Refused,
    ReplyCut,
    ReplyDeclined,
    ReplyEmpty,
    ReplyFiltered,
)
from tests.kernel.asking import FINE, ask
from tests.kernel.fake_endpoint import fault, in_turn, reply
from tests.kernel.quirks import REASONS, heeding, openai
from tests.kernel.waiting import until


@pytest.mark.parametrize("quirk", REASONS)
async def test_a_parameter_that_is_refused_is_done_without(teacher, endpoint, quirk):
    endpoint.answer = heeding(REASONS[quirk])
    usage = Usage()
    assert (await ask(teacher, usage=usage)).reply.text == "fine"
    # What was refused is not paid for.
    assert usage.requests == 1
    asked = len(endpoint.bodies)
    assert (await ask(teacher)).reply.text == "fine"
    assert len(endpoint.bodies) == asked + 1


@pytest.mark.parametrize("quirk", REASONS)
async def test_the_look_before_a_run_learns_the_same_and_says_so(endpoint, quirk):
    endpoint.answer = heeding(REASONS[quirk])
    assert (await check_endpoint(Address(endpoint.url, "tiny"))).notes


@pytest.mark.parametrize(
    "quirk", [name for name in REASONS if "reason" not in name and "gateway" not in name]
)
async def test_a_refusal_in_mid_run_ends_no_item(teacher, endpoint, quirk):
    await ask(teacher)
    endpoint.answer = heeding(REASONS[quirk])
    answers = await asyncio.gather(*(ask(teacher, digest=str(n)) for n in range(12)))
    assert {answer.reply.text for answer in answers} == {"fine"}
    asked = len(endpoint.bodies)
    await ask(teacher)
    assert len(endpoint.bodies) == asked + 1


async def test_what_is_done_without_is_no_more_than_was_refused(teacher, endpoint):
    endpoint.answer = heeding(REASONS["seed with a list of what is known"])
    await ask(teacher)
    assert endpoint.bodies[-1].keys() == endpoint.bodies[0].keys() - {"seed"}


async def test_many_that_learn_at_once_give_up_no_more_than_one(teacher, endpoint):
    endpoint.answer = heeding(REASONS["an object, no schema, by OpenAI"])
    await asyncio.gather(*(ask(teacher, digest=str(n)) for n in range(12)))
    assert teacher.client.known.binding == "json_object"


async def test_an_object_without_a_schema_is_told_the_schema_in_words(teacher, endpoint):
    endpoint.answer = heeding(REASONS["an object, no schema, by DeepSeek"])
    await ask(teacher)
    assert endpoint.bodies[-1]["response_format"] == {"type": "json_object"}
    assert "JSON object of this schema" in endpoint.bodies[-1]["messages"][0]["content"]


async def test_what_brought_no_answer_is_not_kept(teacher, endpoint):
    endpoint.answer = in_turn(lambda: fault(400, "your seed of words is not wanted"))
    with pytest.raises(Refused):
        await ask(teacher)
    assert teacher.client.known.describe() == []


async def test_a_parameter_that_the_settings_insist_on_is_not_done_without(endpoint):
    endpoint.answer = heeding(lambda body: openai("unknown field top_k") if "top_k" in body else None)
    address = Address(endpoint.url, "tiny", parameters={"top_k": 4})
    teacher = Teacher(address)
    with pytest.raises(Refused, match="top_k"):
        await ask(teacher)
    await teacher.close()
    assert len(endpoint.bodies) == 1


async def test_settings_add_parameters_and_take_some_away(endpoint):
    teacher = Teacher(
        Address(
            endpoint.url,
            "tiny",
            parameters={"seed": None, "top_p": 0.5, "reasoning_effort": "low", "response_format": None},
            more_headers={"X-Tenant": "a"},
        )
    )
    await ask(teacher)
    await teacher.close()
    [body] = endpoint.bodies
    assert "seed" not in body
    assert (body["top_p"], body["reasoning_effort"]) == (0.5, "low")
    assert "response_format" not in body
    assert "JSON object of this schema" in body["messages"][0]["content"]
    assert endpoint.headers[0]["X-Tenant"] == "a"


def cut(text='{"text": "ha', finish="length"):
    return web.json_response({"choices": [{"message": {"content": text}, "finish_reason": finish}]})


async def test_a_reply_that_was_cut_is_asked_again_with_more_room(teacher, endpoint):
    endpoint.answer = in_turn(cut, cut, lambda: reply(FINE))
    assert (await ask(teacher)).reply.text == "fine"
    assert [body["max_tokens"] for body in endpoint.bodies] == [512, 1024, 2048]


async def test_one_that_is_cut_each_time_says_so(teacher, endpoint):
    endpoint.answer = lambda _: cut()
    with pytest.raises(ReplyCut, match=r"cut at its limit of tokens \(asked 3 times\)"):
        await ask(teacher)
    assert len({body["max_tokens"] for body in endpoint.bodies}) == 3


async def test_one_is_not_asked_again_where_there_is_no_more_room(teacher, endpoint):
    endpoint.answer = lambda _: cut()
    with pytest.raises(ReplyCut, match=r"no room for more \(asked 2 times\)"):
        await ask(teacher, "정악 " * 1600)
    assert len(endpoint.bodies) == 2


async def test_a_cut_in_the_white_space_after_the_object_is_none(teacher, endpoint):
    endpoint.answer = lambda _: cut(FINE + "\n" * 50)
    assert (await ask(teacher)).reply.text == "fine"
    assert len(endpoint.bodies) == 1


async def test_a_cut_that_nobody_tells_is_known_by_its_length(teacher, endpoint):
    endpoint.answer = lambda body: reply('{"text": "ha', completion_tokens=body["max_tokens"])
    with pytest.raises(ReplyCut):
        await ask(teacher)


async def test_no_draft_before_a_cut_is_taken(teacher, endpoint):
    endpoint.answer = lambda _: cut(f"<think>\n\n{FINE}")
    with pytest.raises(ReplyCut):
        await ask(teacher)


@pytest.mark.parametrize(
    ("message", "finish", "kind"),
    [
        ({"content": None, "refusal": "I'm sorry."}, "stop", ReplyDeclined),
        ({"content": ""}, "content_filter", ReplyFiltered),
        ({"content": ""}, "stop", ReplyEmpty),
        ({"content": None, "reasoning_content": FINE}, "stop", ReplyEmpty),
        ({"content": None, "reasoning_content": FINE}, "length", ReplyCut),
    ],
)
async def test_a_reply_without_an_answer_ends_its_item_by_its_name(teacher, endpoint, message, finish, kind):
    choice = {"message": message, "finish_reason": finish}
    endpoint.answer = lambda _: web.json_response({"choices": [choice]})
    with pytest.raises(kind, match=r"\(asked 3 times\)"):
        await ask(teacher)


@pytest.mark.parametrize(
    "refusal",
    [
        openai(
            "The response was filtered due to Azure OpenAI's content management policy.",
            code="content_filter",
        ),
        openai("Content Exists Risk"),
        openai("Input data may contain inappropriate content.", code="DataInspectionFailed"),
        openai("Your input was flagged; the model requires moderation", status=403),
        (400, {"error": {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
    ],
)
async def test_a_prompt_that_a_filter_refuses_ends_its_item_by_that_name(teacher, endpoint, refusal):
    endpoint.answer = heeding(lambda _: refusal)
    with pytest.raises(PromptFiltered, match="content filter refused the prompt"):
        await ask(teacher)
    assert len(endpoint.bodies) == 1


def window(tokens, message):
    """An endpoint with a context of its own: a prompt of 300 tokens, and what may be left for the reply."""

    def says(body):
        most = body.get("max_tokens", 0)
        return (
            openai(message.format(total=300 + most, most=most, window=tokens))
            if 300 + most > tokens
            else None
        )

    return says


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is {window} tokens. However, you requested {total} tokens (300 in the messages, {most} in the completion).",
        "'max_tokens' is too large: {most}. This model's maximum context length is {window} tokens and your request has 300 input tokens.",
        "input length and `max_tokens` exceed context limit: 300 + {most} > {window}, decrease input length",
        "the request exceeds the available context size ({window} tokens), try increasing it",
        "`inputs` tokens + `max_new_tokens` must be <= {window}. Given: 300 `inputs` tokens and {most}",
        "the input length exceeds the context length",
        "Please reduce the length of the messages or completion.",
    ],
)
async def test_a_reply_is_cut_to_fit_the_context_that_a_refusal_tells(teacher, endpoint, message):
    endpoint.answer = heeding(window(700, message))
    assert (await ask(teacher)).reply.text == "fine"
    assert 256 <= endpoint.bodies[-1]["max_tokens"] <= 400
    # It is the context's end, not a parameter's.
    assert {"seed", "top_p", "temperature", "response_format"} <= endpoint.bodies[-1].keys()


async def test_a_prompt_that_does_not_fit_whatever_is_left_for_the_reply_is_refused_by_name(
    teacher, endpoint
):
    message = "This model's maximum context length is 512 tokens. However, you requested {total} tokens"
    endpoint.answer = heeding(window(400, message))
    with pytest.raises(PromptTooLong, match="`read` does not fit"):
        await ask(teacher)


async def test_the_most_tokens_of_a_reply_are_learned(teacher, endpoint):
    def says(body):
        message = "max_tokens is too large: {}. This model supports at most 300 completion tokens."
        return openai(message.format(body["max_tokens"])) if body["max_tokens"] > 300 else None

    endpoint.answer = heeding(says)
    await ask(teacher)
    await ask(teacher)
    assert [body["max_tokens"] for body in endpoint.bodies] == [512, 300, 300]


async def test_a_request_that_began_before_something_was_learned_unlearns_nothing(teacher, endpoint):
    gate = asyncio.Event()

    class Late(web.Response):
        async def prepare(self, request):
            await gate.wait()
            return await super().prepare(request)

    late = [Late(text=reply(FINE).text, content_type="application/json")]
    refusing = heeding(REASONS["seed by Groq"])
    endpoint.answer = lambda body: late.pop() if late else refusing(body)
    first = asyncio.create_task(ask(teacher, digest="first"))
    await until(lambda: endpoint.bodies)
    await ask(teacher, digest="second")
    gate.set()
    assert (await first).reply.text == "fine"
    assert teacher.client.known.without == {"seed"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, {"error": {"message": "Insufficient Balance"}}),
        (401, {"error": "no longer valid"}),
        (403, {"error": "your organization is gone"}),
        (400, {"error": {"message": "Your credit balance is too low to access the API."}}),
        (400, [{"error": {"message": "API key not valid. Please pass a valid API key."}}]),
        (429, {"error": {"message": "You exceeded your current quota, please check your plan and billing."}}),
        (200, {"error": {"message": "Insufficient credits", "code": 402}}),
        (200, {"error": {"message": "Upstream is down", "code": 502}}),
        (200, {"error": "overloaded"}),
        (
            200,
            {
                "choices": [
                    {"error": {"message": "Provider disconnected", "code": 502}, "finish_reason": "error"}
                ]
            },
        ),
        (200, {"choices": [{"message": {"content": ""}, "finish_reason": "error"}]}),
        (200, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": None}),
        (200, {"object": "error", "message": "the engine is gone", "code": 50001}),
    ],
)
async def test_money_keys_and_errors_in_a_200_pause_the_endpoint(teacher, endpoint, pauses, status, body):
    endpoint.answer = in_turn(*[lambda: web.json_response(body, status=status)] * 2, lambda: reply(FINE))
    asked = asyncio.create_task(ask(teacher))
    await until(lambda: pauses)
    assert pauses[0]
    answer = await asked
    assert answer.reply.text == "fine"
    assert answer.usage.requests == 1


async def test_an_error_in_a_200_that_refuses_a_parameter_is_a_refusal(teacher, endpoint):
    def answer(body):
        error = {"message": "seed is not supported", "code": 400}
        return web.json_response({"error": error}) if "seed" in body else reply(FINE)

    endpoint.answer = answer
    assert (await ask(teacher)).reply.text == "fine"


async def test_a_moment_to_come_back_that_is_past_is_none(teacher, endpoint):
    headers = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    endpoint.answer = in_turn(lambda: fault(429, **headers), lambda: reply(FINE))
    assert (await ask(teacher)).reply.text == "fine"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/gw/team%20a/v1", "/gw/team%20a/v1/chat/completions"),
        ("/gw/team a/v1", "/gw/team%20a/v1/chat/completions"),
        ("/gw/équipe/v1/", "/gw/%C3%A9quipe/v1/chat/completions"),
        (
            "/openai/deployments/m?api-version=2024-10-21",
            "/openai/deployments/m/chat/completions?api-version=2024-10-21",
        ),
    ],
)
async def test_an_address_may_have_a_query_and_letters_of_all_kinds(url, target):
    seen = []

    async def answer(request):
        seen.append((request.raw_path, dict(request.headers)))
        return reply(FINE)

    app = web.Application()
    app.router.add_route("*", "/{all:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    teacher = Teacher(Address(f"http://127.0.0.1:{port}{url}", "tiny", "key-1"))
    await ask(teacher)
    await teacher.close()
    await runner.cleanup()
    [(path, headers)] = seen
    assert path == target
    named = "api-key" if "api-version" in url else "Authorization"
    assert headers[named].removeprefix("Bearer ") == "key-1"


async def test_a_reply_may_hold_the_word_that_a_key_is_and_an_error_may_not(endpoint):
    teacher = Teacher(Address(endpoint.url, "tiny", "fine"))
    assert (await ask(teacher)).reply.text == "fine"
    endpoint.answer = lambda _: web.json_response({"error": {"message": "fine is no key", "code": 400}})
    with pytest.raises(Refused, match=r"\*\*\* is no key"):
        await ask(teacher)
    await teacher.close()


async def test_a_secret_header_is_not_told_when_it_is_repeated(endpoint):
    endpoint.answer = lambda _: fault(400, "not with tenant-secret-1")
    teacher = Teacher(Address(endpoint.url, "tiny", more_headers={"X-Auth": "tenant-secret-1"}))
    with pytest.raises(Refused, match=r"not with \*\*\*"):
        await ask(teacher)
    await teacher.close()
    assert "tenant-secret-1" not in repr(teacher.endpoint)
