"""Calls of an evaluation, at a real endpoint and broker: paid for once, kept whatever came of them."""

import json

import pytest

from seedbed.bus.v1.bus_pb2 import Outcome, Record, Usage
from seedbed.evaluator.exams.call_cache import CallCache, Spent, call_key
from seedbed.evaluator.exams.steps import RateAnswer
from seedbed.evaluator.v1.steps_pb2 import RateInput, RateResult
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.endpoint.endpoint import Endpoint as Address
from seedbed.kernel.endpoint.endpoint_pool import EndpointPool, LimitedEndpoint
from seedbed.kernel.endpoint.limits.permits import Permits
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.folder import FolderStore
from seedbed.kernel.work.step_runner import Model
from seedbed.pipeline.items import item_digest
from seedbed.pipeline.plan import spec_digest
from tests.kernel.fake_endpoint import Endpoint, reply

GOOD = json.dumps({"explanation": "It does.", "rating": 8})
VALUE = RateInput(task_description="Haiku.", instruction="One about snow.", response="Snow falls.")


@pytest.fixture
async def endpoint():
    endpoint = Endpoint()
    endpoint.answer = lambda _: reply(GOOD)
    await endpoint.start()
    yield endpoint
    await endpoint.stop()


@pytest.fixture
async def judge(nats_url, endpoint):
    bus = await Bus.connect(Settings(nats_url=nats_url), "evaluator")
    await bus.prepare()
    teacher = Teacher(Address(endpoint.url, "tiny"))
    pool = EndpointPool(
        [LimitedEndpoint(teacher.client, Permits(bus, endpoint.url, "evaluator", "judge", 4))]
    )
    pool.start()
    yield Model(teacher, pool)
    await pool.stop()
    await bus.close()


async def test_a_call_is_paid_for_once_and_recalled_for_ever(tmp_path, endpoint, judge):
    store = FolderStore(tmp_path)
    for spent, recalled in ((Spent(), 0), (Spent(), 2)):
        calls = CallCache(store, {"judge": judge}, spent)
        first, second = await calls.ask_all(RateAnswer(), [(VALUE, 0), (VALUE, 1)])
        assert first.result == second.result == RateResult(rating=8, explanation="It does.")
        assert first.digest != second.digest
        assert (spent.recalled, spent.usage.requests) == (recalled, 2 - recalled)
    assert len(endpoint.bodies) == 2


async def test_a_call_that_cannot_be_read_is_kept_with_its_reason_and_its_cost(tmp_path, endpoint, judge):
    endpoint.answer = lambda _: reply("no object")
    store = FolderStore(tmp_path)
    calls = CallCache(store, {"judge": judge}, Spent())
    answer = await calls.ask(RateAnswer(), VALUE)
    assert answer == await calls.ask(RateAnswer(), VALUE)
    assert answer.result is None
    record = Record.FromString(await store.get(call_key(answer.digest)))
    assert (record.outcome, record.usage.requests) == (Outcome.OUTCOME_MALFORMED, 3)
    assert "not a Rating" in record.reason
    assert len(endpoint.bodies) == 3


async def test_what_an_earlier_version_has_written_is_recalled(tmp_path, endpoint, judge):
    spec = RateAnswer().spec("tiny", judge.teacher.endpoint.added)
    digest = item_digest(spec_digest(spec), VALUE.SerializeToString(deterministic=True), 0)
    record = Record(step="evaluator.rate", digest=digest, spec=spec_digest(spec), usage=Usage(requests=1))
    record.outcome, record.result = Outcome.OUTCOME_DONE, RateResult(rating=3).SerializeToString()
    store = FolderStore(tmp_path)
    await store.put(f"evaluations/calls/{digest[:2]}/{digest}", record.SerializeToString(deterministic=True))
    answer = await CallCache(store, {"judge": judge}, Spent()).ask(RateAnswer(), VALUE)
    assert answer.result == RateResult(rating=3)
    assert not endpoint.bodies
