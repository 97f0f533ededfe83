"""Request ids on a real broker, by two replicas of a service. Each service's own are tested beside it."""

import asyncio

import nats.js.errors
import pytest

from seedbed.bus.v1.bus_pb2 import AnsweredRequest
from seedbed.kernel.bus.streams import ITEM_BYTES, REQUESTS, Bus
from seedbed.kernel.errors import InputError, StoreError
from seedbed.kernel.rpc.request_ids import RequestIds
from seedbed.kernel.settings import Settings
from seedbed.taxonomy.v1.taxonomy_service_pb2 import ImportRequest, ImportResponse
from tests.fuzz.methods import all_methods

ID = "5f0c4a5e-9d3f-4c7e-8e8e-1f6a2b3c4d5e"
REQUEST = ImportRequest(source="here", request_id=ID)


class Work:
    """What is to be done once: how often it was, and an answer that tells one time from another."""

    def __init__(self, size=0):
        self.count = 0
        self._size = size

    async def __call__(self):
        self.count += 1
        return ImportResponse(snapshot=f"{self.count}" + "x" * self._size)


@pytest.fixture
async def replicas(bus, nats_server):
    other = await Bus.connect(Settings(nats_url=nats_server.url), "other")
    yield [RequestIds(connection, "taxonomy") for connection in (bus, other)]
    await other.close()


async def test_the_same_request_is_answered_as_before_by_another_replica_as_well(replicas):
    work = Work()
    for ids in (*replicas, *replicas):
        assert (await ids.answer_once(REQUEST, ImportResponse, work)).snapshot == "1"
    assert work.count == 1


async def test_two_replicas_that_are_asked_at_once_give_one_answer(replicas):
    work, both = Work(), asyncio.Barrier(2)

    async def slowly():
        await both.wait()
        return await work()

    answers = await asyncio.gather(*(ids.answer_once(REQUEST, ImportResponse, slowly) for ids in replicas))
    assert answers[0] == answers[1]
    # Each has begun before the other was through: what is done has to bear that.
    assert work.count == 2


async def test_another_request_with_the_id_is_refused_at_once_by_every_replica(replicas):
    work = Work()
    await replicas[0].answer_once(REQUEST, ImportResponse, work)
    for ids in replicas:
        with pytest.raises(InputError, match="one request id stands for two requests") as refused:
            await ids.answer_once(ImportRequest(source="there", request_id=ID), ImportResponse, work)
        assert [violation.field for violation in refused.value.violations] == ["request_id"]
    assert work.count == 1


async def test_without_an_id_and_with_another_it_is_done_again(replicas):
    ids, work = replicas[0], Work()
    for given in ("", "", ID, ID.replace("5", "6")):
        await ids.answer_once(ImportRequest(source="here", request_id=given), ImportResponse, work)
    assert work.count == 4


async def test_an_id_of_one_service_is_nothing_to_another(bus, replicas):
    work = Work()
    await replicas[0].answer_once(REQUEST, ImportResponse, work)
    other = ImportRequest(source="there", request_id=ID)
    await RequestIds(bus, "trainer").answer_once(other, ImportResponse, work)
    assert work.count == 2


async def test_what_failed_is_tried_again_and_its_id_stays_its_own(replicas):
    work = Work()

    async def fail():
        raise StoreError("the store is away")

    with pytest.raises(StoreError):
        await replicas[0].answer_once(REQUEST, ImportResponse, fail)
    with pytest.raises(InputError):
        await replicas[1].answer_once(ImportRequest(source="there", request_id=ID), ImportResponse, work)
    assert (await replicas[1].answer_once(REQUEST, ImportResponse, work)).snapshot == "1"
    assert (await replicas[0].answer_once(REQUEST, ImportResponse, work)).snapshot == "1"


async def test_an_answer_that_does_not_hold_any_more_is_made_anew(replicas):
    ids, work, good = replicas[0], Work(), {"2"}

    async def holds(answer):
        return answer.snapshot in good

    for expected in ("1", "2", "2"):
        assert (await ids.answer_once(REQUEST, ImportResponse, work, holds)).snapshot == expected


async def test_an_answer_too_large_for_the_broker_is_made_anew(replicas):
    ids, work = replicas[0], Work(size=ITEM_BYTES)
    for expected in "12":
        assert (await ids.answer_once(REQUEST, ImportResponse, work)).snapshot.startswith(f"{expected}x")


async def test_what_is_remembered_goes_after_a_day(bus, replicas):
    await replicas[0].answer_once(REQUEST, ImportResponse, Work())
    found = await bus.js.stream_info(f"KV_{REQUESTS}")
    assert found.config.max_age == 24 * 3600
    # Under one key each: that of the answer takes the place of that of the claim.
    assert found.state.messages == 1
    data, _ = await bus.read(REQUESTS, f"taxonomy.{ID}")
    assert AnsweredRequest.FromString(data).HasField("answer")


async def test_a_broker_from_before_there_were_ids_gets_their_bucket(bus, replicas):
    await bus.js.delete_stream(f"KV_{REQUESTS}")
    with pytest.raises(nats.js.errors.BucketNotFoundError):
        await bus.js.key_value(REQUESTS)
    answer = asyncio.create_task(replicas[1].answer_once(REQUEST, ImportResponse, Work()))
    await asyncio.sleep(0.2)
    assert not answer.done()
    await bus.prepare()
    assert (await asyncio.wait_for(answer, 10)).snapshot == "1"


def test_every_method_that_takes_an_id_is_held_to_it():
    taking = {method.name for method in all_methods() if "request_id" in method.request.fields_by_name}
    assert taking == {
        # tests/taxonomy/test_api.py
        "taxonomy TaxonomyService.Import",
        # tests/runs/test_request_ids.py
        "runs RunsService.CreateRun",
        "runs RunsService.RetryDeadLetters",
        "runs RunsService.DropDeadLetters",
        "skills SkillsService.Generate",
        "knowledge KnowledgeService.Generate",
        # tests/trainer/test_request_ids.py
        "trainer TrainerService.Train",
        # tests/evaluator/test_request_ids.py
        "evaluator EvaluatorService.Evaluate",
    }
