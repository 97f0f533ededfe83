"""Steps are run in one place, typed from the prompt's reply to the result."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar, assert_type

import pytest

from seedbed.bus.v1.bus_pb2 import Outcome, Record, Sampling, Usage
from seedbed.judge.v1.steps_pb2 import PairInput, PairVerdict
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.endpoint.endpoint import Endpoint as Address
from seedbed.kernel.endpoint.endpoint_pool import EndpointPool
from seedbed.kernel.errors import Damaged, ItemError, MalformedReply, SeedbedError
from seedbed.kernel.store.folder import FolderStore
from seedbed.kernel.work.step import Step, Tools
from seedbed.kernel.work.step_runner import Model, StepRunner
from seedbed.pipeline.kinds import Role
from tests.kernel.asking import PROMPT, Line
from tests.kernel.fake_endpoint import Endpoint, fault, reply


class Read(Step[PairInput, PairVerdict]):
    name = "test.read"
    version = 1
    prompt = PROMPT
    role: ClassVar[Role | None] = "judge"
    sampling = Sampling(max_tokens=64)
    input_type = PairInput
    result_type = PairVerdict

    async def run(self, value: PairInput, tools: Tools) -> PairVerdict:
        reply = await tools.ask(self.prompt, document=value.response)
        assert_type(reply, Line)
        return PairVerdict(score=len(reply.text), explanation=reply.text)


class Alone(Read):
    """Asks, and has nobody to ask."""

    role = None


class Lost(Read):
    async def run(self, value: PairInput, tools: Tools) -> PairVerdict:
        await super().run(value, tools)
        raise Damaged("blobs/x", "is missing")


@pytest.fixture
async def runner(endpoint: Endpoint, tmp_path: Path) -> AsyncIterator[StepRunner]:
    teacher = Teacher(Address(endpoint.url, "tiny"))
    yield StepRunner(FolderStore(tmp_path), {"judge": Model(teacher, EndpointPool([]))})
    await teacher.close()


async def complete(runner: StepRunner, step: Step[PairInput, PairVerdict]) -> Record:
    record = Record(step=step.name, digest="d")
    await runner.complete(record, step, PairInput(response="Bees."), runner.spec(step), None)
    return record


async def test_a_step_is_typed_from_the_reply_of_its_prompt_to_its_result(runner: StepRunner):
    step, usage = Read(), Usage()
    result = await runner.run(step, PairInput(response="Bees."), runner.spec(step), "d", None, usage)
    assert_type(result, PairVerdict)
    assert result == PairVerdict(score=4, explanation="fine")
    assert (usage.requests, usage.prompt_tokens, usage.completion_tokens) == (1, 10, 5)


async def test_equal_digests_are_asked_with_equal_seeds(runner: StepRunner, endpoint: Endpoint):
    step = Read()
    for digest in ("d", "d", "e"):
        await runner.run(step, PairInput(), runner.spec(step), digest, None)
    first, second, third = (body["seed"] for body in endpoint.bodies)
    assert first == second != third


async def test_a_result_is_written_down_with_what_it_cost(runner: StepRunner):
    record = await complete(runner, Read())
    assert record.outcome == Outcome.OUTCOME_DONE
    assert PairVerdict.FromString(record.result).explanation == "fine"
    assert (record.usage.requests, record.reason) == (1, "")


async def test_what_cannot_be_read_is_malformed_and_was_paid_for(runner: StepRunner, endpoint: Endpoint):
    endpoint.answer = lambda _: reply("no object")
    record = await complete(runner, Read())
    assert (record.outcome, record.result) == (Outcome.OUTCOME_MALFORMED, b"")
    assert "not a Line" in record.reason
    assert record.usage.requests == 3
    step = Read()
    with pytest.raises(MalformedReply):
        await runner.run(step, PairInput(), runner.spec(step), "d", None)


async def test_what_is_refused_has_failed(runner: StepRunner, endpoint: Endpoint):
    endpoint.answer = lambda _: fault(400, "not this")
    record = await complete(runner, Read())
    assert record.outcome == Outcome.OUTCOME_FAILED
    assert "not this" in record.reason


async def test_a_step_without_a_model_cannot_ask(runner: StepRunner):
    assert runner.spec(Alone()).model == ""
    with pytest.raises(ItemError, match="has no teacher to ask"):
        await runner.run(Alone(), PairInput(), runner.spec(Alone()), "d", None)


async def test_a_prompt_that_is_not_in_the_digest_is_not_asked(runner: StepRunner, endpoint: Endpoint):
    spec = runner.spec(Read())
    spec.prompt = "of another version"
    with pytest.raises(SeedbedError, match="asks by the prompt read, which is not in its digest"):
        await runner.run(Read(), PairInput(), spec, "d", None)
    assert not endpoint.bodies


async def test_damage_is_no_fault_of_the_item_and_is_raised_with_what_was_spent(runner: StepRunner):
    record = Record(step="test.read", digest="d")
    with pytest.raises(Damaged):
        await runner.complete(record, Lost(), PairInput(), runner.spec(Lost()), None)
    assert (record.outcome, record.usage.requests) == (Outcome.OUTCOME_UNSPECIFIED, 1)
