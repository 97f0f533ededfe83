import asyncio
import json

import grpc
import grpc.aio
import pytest
from aiohttp import web
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from seedbed.judge.__main__ import build
from seedbed.judge.v1.judge_service_pb2 import JudgeRequest, JudgeStreamRequest
from seedbed.judge.v1.judge_service_pb2_grpc import JudgeServiceStub
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.service import Kernel
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.work.plans import Plans
from tests.judge.endpoint import VERDICTS, Endpoint, reply
from tests.judge.samples import make_grounded, make_instruction, make_pair

CONCURRENCY = 3
# Our own clock and the caller's run out at the same time; either may be first to say so.
TOO_LATE = {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE}
SWIFTS = "Swifts sleep on the wing, and the young leave the nest after about 42 days."


@pytest.fixture
async def endpoint():
    endpoint = Endpoint()
    await endpoint.start()
    yield endpoint
    await endpoint.stop()


@pytest.fixture
async def judge(endpoint, nats_url, file_store_url):
    settings = Settings(
        nats_url=nats_url,
        store_url=file_store_url,
        teacher_url=endpoint.url,
        teacher_model="tiny",
        concurrency=CONCURRENCY,
        request_timeout=20,
    )
    bus = await Bus.connect(settings, "test")
    await bus.prepare()
    kernel = Kernel(settings, bus, await open_store(file_store_url), Plans(bus))
    service = build(kernel)
    server = Server(service.names, reflect=False)
    service.register(server.grpc)
    port = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield JudgeServiceStub(channel)
    await server.stop(0)
    for model in kernel.models.values():
        await model.permits.stop()
        await model.teacher.close()
    await bus.close()


def details_of(error, place, detail):
    assert rpc_status.from_call(error).details[place].Unpack(detail)
    return detail


async def answers_of(judge, requests, **options):
    return {answer.id: answer async for answer in judge.JudgeStream(iter(requests), timeout=30, **options)}


async def test_a_grounded_pair_is_weighed_with_its_evidence(judge):
    request = JudgeRequest(grounded=make_grounded(document=SWIFTS))
    response = await judge.Judge(request, timeout=30)
    assert response.accepted
    assert not response.reason
    verdict = response.grounded
    assert SWIFTS[verdict.evidence_start : verdict.evidence_end] == SWIFTS


async def test_an_invented_quote_is_turned_down(judge, endpoint):
    verdict = {
        **VERDICTS["GroundedJudgement"],
        "explanation": "",
        "evidence": "they live for a hundred years",
    }
    endpoint.answer = lambda body: reply(json.dumps(verdict))
    response = await judge.Judge(JudgeRequest(grounded=make_grounded(document=SWIFTS)), timeout=30)
    assert not response.accepted
    assert response.reason == "evidence not found"


async def test_instruction_and_pair_are_weighed(judge):
    response = await judge.Judge(JudgeRequest(instruction=make_instruction()), timeout=30)
    assert response.accepted
    assert response.instruction.safe == 1
    response = await judge.Judge(JudgeRequest(pair=make_pair()), timeout=30)
    assert response.accepted
    assert response.pair.score == 2


async def test_equal_questions_are_equal_requests(judge, endpoint):
    for _ in range(2):
        await judge.Judge(JudgeRequest(pair=make_pair()), timeout=30)
    first, second = endpoint.bodies
    assert first == second
    assert first["temperature"] == 0
    assert first["response_format"]["json_schema"]["name"] == "PairJudgement"


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (JudgeRequest(), ["subject"]),
        (JudgeRequest(pair=make_pair(response=" ")), ["pair.response"]),
        (
            JudgeRequest(grounded=make_grounded(document="", answer="")),
            ["grounded.document", "grounded.answer"],
        ),
    ],
)
async def test_what_cannot_be_weighed_is_named(judge, endpoint, request_, fields):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await judge.Judge(request_, timeout=30)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    details = details_of(caught.value, 1, error_details_pb2.BadRequest())
    assert [violation.field for violation in details.field_violations] == fields
    assert not endpoint.bodies


async def test_a_reply_malformed_three_times_is_an_error_with_its_reason(judge, endpoint):
    endpoint.answer = lambda body: reply("I would say: 3!")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await judge.Judge(JudgeRequest(pair=make_pair()), timeout=30)
    assert details_of(caught.value, 0, error_details_pb2.ErrorInfo()).reason == "MALFORMED_REPLY"
    assert len({body["seed"] for body in endpoint.bodies}) == 3


async def test_deadlines_are_kept_and_permits_come_back(judge, endpoint):
    endpoint.delay = 5
    calls = [judge.Judge(JudgeRequest(pair=make_pair()), timeout=0.5) for _ in range(2 * CONCURRENCY)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    errors = [error for error in ended if isinstance(error, grpc.aio.AioRpcError)]
    assert len(errors) == len(calls)
    assert {error.code() for error in errors} <= TOO_LATE
    endpoint.delay = 0
    assert (await judge.Judge(JudgeRequest(pair=make_pair()), timeout=30)).accepted


async def test_an_endpoint_that_is_away_is_waited_for_until_the_deadline_only(judge, endpoint):
    endpoint.answer = lambda body: web.Response(status=503, headers={"Retry-After": "30"})
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await judge.Judge(JudgeRequest(pair=make_pair()), timeout=1)
    assert caught.value.code() in TOO_LATE


async def test_a_stream_is_answered_for_every_id_within_the_limit(judge, endpoint):
    endpoint.delay = 0.02
    requests = [
        JudgeStreamRequest(id=f"p{n}", request=JudgeRequest(pair=make_pair(instruction=f"Haiku {n}")))
        for n in range(100)
    ]
    answers = await answers_of(judge, requests)
    assert set(answers) == {f"p{n}" for n in range(100)}
    assert all(answer.response.accepted for answer in answers.values())
    assert endpoint.most_in_flight <= CONCURRENCY


async def test_one_bad_request_of_a_stream_stops_no_other(judge, endpoint):
    def answer(body):
        if "Stumble" in body["messages"][1]["content"]:
            return web.Response(status=400, text="no")
        return endpoint.judge(body)

    endpoint.answer = answer
    pairs = {
        "good": JudgeRequest(pair=make_pair()),
        "stumbles": JudgeRequest(pair=make_pair(instruction="Stumble")),
        "empty": JudgeRequest(),
        "lacking": JudgeRequest(instruction=make_instruction(instruction="")),
    }
    answers = await answers_of(judge, [JudgeStreamRequest(id=name, request=r) for name, r in pairs.items()])
    assert answers["good"].response.accepted
    assert not answers["good"].error
    assert answers["stumbles"].error.startswith("REQUEST_REFUSED: HTTP 400")
    assert answers["empty"].error.startswith("INVALID_INPUT: ")
    assert answers["lacking"].error == "INVALID_INPUT: instruction lacks instruction"
    assert not answers["lacking"].HasField("response")


async def test_answers_come_as_they_are_ready(judge, endpoint):
    async def ask():
        yield JudgeStreamRequest(id="first", request=JudgeRequest(pair=make_pair()))
        await first_came.wait()
        yield JudgeStreamRequest(id="second", request=JudgeRequest(pair=make_pair()))

    first_came = asyncio.Event()
    ids = []
    async for answer in judge.JudgeStream(ask(), timeout=30):
        ids.append(answer.id)
        first_came.set()
    assert ids == ["first", "second"]


async def test_a_stream_left_behind_is_let_go(judge, endpoint):
    endpoint.delay = 5
    call = judge.JudgeStream(
        iter([JudgeStreamRequest(id=str(n), request=JudgeRequest(pair=make_pair())) for n in range(9)])
    )
    reading = asyncio.ensure_future(call.read())
    await endpoint.until(lambda: endpoint.in_flight > 0)
    call.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    async with asyncio.timeout(3):
        await endpoint.until(lambda: endpoint.in_flight == 0)
    endpoint.delay = 0
    assert (await judge.Judge(JudgeRequest(pair=make_pair()), timeout=30)).accepted


async def test_an_empty_stream_ends_at_once(judge):
    assert await answers_of(judge, []) == {}
