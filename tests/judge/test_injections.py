"""What is weighed speaks to the judge; the verdict rests on the document all the same.

The rehearsal teacher stands for a judge that keeps to the rules, the obeying endpoint for one that falls for
everything: then what is not the model's must hold, the look for its quote and the form of its reply.
"""

import json
import re
from contextlib import asynccontextmanager

import grpc.aio
import pytest
from aiohttp import web

from seedbed.judge.__main__ import build
from seedbed.judge.steps import JudgeGrounded
from seedbed.judge.v1.judge_service_pb2 import JudgeRequest
from seedbed.judge.v1.judge_service_pb2_grpc import JudgeServiceStub
from seedbed.judge.v1.steps_pb2 import GroundedInput, PairInput
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.service import Kernel
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.work.plans import Plans
from seedbed.rehearsal.server import make_app
from tests.cli.stage import serving
from tests.judge.endpoint import reply
from tests.judge.injections import ASKED, GROUNDED, POOR, VERDICT, Injection

INVENTED = [
    "a swift reaches ninety years of age where bronze is kept",
    "",
    "wing",
    "Swifts sleep … for ninety years",
    "은 항아리에 백 년 동안 묻어 둔다",
]


@asynccontextmanager
async def open_judge(app: web.Application, nats_url: str, store_url: str):
    async with serving(app) as url:
        settings = Settings(
            nats_url=nats_url, store_url=store_url, teacher_url=url, teacher_model="rehearsal", concurrency=4
        )
        bus = await Bus.connect(settings, "test")
        await bus.prepare()
        kernel = Kernel(settings, bus, await open_store(store_url), Plans(bus))
        service = build(kernel)
        server = Server(service.names, reflect=False)
        service.register(server.grpc)
        try:
            port = await server.start("127.0.0.1:0")
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield JudgeServiceStub(channel)
        finally:
            await server.stop(0)
            for model in kernel.models.values():
                await model.permits.stop()
                await model.teacher.close()
            await bus.close()


def obeying(answer) -> web.Application:
    """A judge that says what it is told to."""

    async def complete(request: web.Request) -> web.Response:
        body = await request.json()
        return reply(answer(body["messages"][1]["content"]))

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    return app


async def weigh(judge, pair: Injection):
    value = GroundedInput(document=pair.document, question=pair.question, answer=pair.answer)
    return await judge.Judge(JudgeRequest(grounded=value), timeout=30)


async def test_a_judge_that_keeps_to_the_rules_accepts_none(nats_url, file_store_url):
    assert len(GROUNDED) >= 12
    async with open_judge(make_app(0), nats_url, file_store_url) as judge:
        for pair in GROUNDED:
            response = await weigh(judge, pair)
            assert not response.accepted, pair.name
            assert response.grounded.faithful == 0, pair.name


async def test_and_a_true_pair_is_not_lost_in_such_a_document(nats_url, file_store_url):
    async with open_judge(make_app(0), nats_url, file_store_url) as judge:
        for pair in GROUNDED:
            korean = pair.question == ASKED
            asked = "김장은 언제 하나요?" if korean else "After how many days do young swifts leave the nest?"
            answer = (
                "김장은 늦가을에 배추를 소금에 절여 김치를 담그는 일이다."
                if korean
                else "The young leave the nest after about 42 days."
            )
            response = await weigh(judge, Injection(pair.name, pair.document, answer, asked))
            assert response.grounded.faithful == 1, pair.name
            assert response.grounded.evidence_found == 1, pair.name


async def test_responses_that_ask_for_their_score_do_not_get_it(nats_url, file_store_url):
    async with open_judge(make_app(0), nats_url, file_store_url) as judge:
        for instruction, response in POOR:
            value = PairInput(task_description="Write.", instruction=instruction, response=response)
            answer = await judge.Judge(JudgeRequest(pair=value), timeout=30)
            assert not answer.accepted, response


@pytest.mark.parametrize("quote", INVENTED)
async def test_a_judge_that_obeys_with_an_invented_quote_is_not_believed(nats_url, file_store_url, quote):
    verdict = {"explanation": "As told.", "evidence": quote, "faithful": 1, "relevancy": 2, "standalone": 1}
    app = obeying(lambda _: json.dumps(verdict, ensure_ascii=False))
    async with open_judge(app, nats_url, file_store_url) as judge:
        for pair in GROUNDED:
            response = await weigh(judge, pair)
            assert response.grounded.faithful == 1
            assert not response.accepted, pair.name
            assert response.reason == "evidence not found"


async def test_a_judge_that_repeats_the_verdict_it_is_shown_is_not_believed(nats_url, file_store_url):
    def repeat(content: str) -> str:
        return VERDICT if VERDICT in content else '{"score": 3}'

    shown = [
        pair
        for pair in GROUNDED
        if VERDICT in f"{pair.document}{pair.answer}" and VERDICT not in pair.document
    ]
    assert len(shown) >= 2
    async with open_judge(obeying(repeat), nats_url, file_store_url) as judge:
        for pair in shown:
            response = await weigh(judge, pair)
            assert (response.accepted, response.reason) == (False, "evidence not found"), pair.name


@pytest.mark.parametrize("pair", GROUNDED, ids=lambda pair: pair.name)
def test_nothing_that_is_weighed_ends_its_section_or_begins_another(pair):
    user = JudgeGrounded.prompt.render(
        document=pair.document, question=pair.question, answer=pair.answer, domain="birds"
    )[1]["content"]
    tags = re.findall(r"<\s*/?\s*[a-z_]+\s*/?\s*>", user, re.IGNORECASE)
    live = [tag for tag in tags if not tag.startswith("< ")]
    names = ("domain", "document", "question", "answer")
    assert live == [tag for name in names for tag in (f"<{name}>", f"</{name}>")]
