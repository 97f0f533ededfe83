"""One request id, one request: for runs, their dead letters, and the services that have runs made."""

import asyncio
import contextlib

import grpc
import pytest

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.knowledge.api import KnowledgeApi
from seedbed.knowledge.reader import Reader
from seedbed.knowledge.v1 import knowledge_service_pb2 as kpb
from seedbed.knowledge.v1.knowledge_service_pb2_grpc import (
    KnowledgeServiceStub,
    add_KnowledgeServiceServicer_to_server,
)
from seedbed.runs.v1 import runs_service_pb2 as pb
from seedbed.skills.api import SkillsApi
from seedbed.skills.v1 import skills_service_pb2 as spb
from seedbed.skills.v1.skills_service_pb2_grpc import SkillsServiceStub, add_SkillsServiceServicer_to_server
from tests.runs.garden import refused, serve_runs, succeeded, work
from tests.runs.leaves import finish, knowledge_leaf, skill_leaf
from tests.runs.test_refusals import details_of

ID = "5f0c4a5e-9d3f-4c7e-8e8e-1f6a2b3c4d5e"
OTHER = ID.replace("5", "6")
LEAF = skill_leaf(seeds=3)
PATIENCE = 30


async def check_refused(call):
    """It is, for its id alone."""
    error = await refused(call)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    info, fields = details_of(error)
    assert (info.reason, info.domain, fields) == ("INVALID_INPUT", "seedbed", ["request_id"])


async def test_a_run_is_created_once_even_where_the_service_was_restarted(nats_url, store, hand):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        request = pb.CreateRunRequest(snapshot=await client.sow(LEAF), target=3, request_id=ID)
        first = await client.stub.CreateRun(request, timeout=PATIENCE)
        run = first.name.removeprefix("operations/")
        assert succeeded(await client.watch(run))
        assert await client.stub.CreateRun(request, timeout=PATIENCE) == first
    calls = hand.total
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        assert await client.stub.CreateRun(request, timeout=PATIENCE) == first
        other = pb.CreateRunRequest(snapshot=request.snapshot, target=4, request_id=ID)
        await check_refused(client.stub.CreateRun(other, timeout=PATIENCE))
        listed = await client.stub.ListRuns(pb.ListRunsRequest(), timeout=PATIENCE)
    assert [(one.name, one.progress.samples) for one in listed.runs] == [(run, 3)]
    assert hand.total == calls


async def test_a_run_that_was_cancelled_is_not_set_going_by_a_request_that_comes_late(garden, hand):
    hand.delay = 0.05
    request = pb.CreateRunRequest(snapshot=await garden.sow(LEAF), target=50, request_id=ID)
    name = (await garden.stub.CreateRun(request, timeout=PATIENCE)).name.removeprefix("operations/")
    await garden.stub.CancelRun(pb.CancelRunRequest(run=name), timeout=PATIENCE)
    await garden.stub.CreateRun(request, timeout=PATIENCE)
    assert (await garden.get(name)).state == RunState.RUN_STATE_CANCELLED
    request.request_id = OTHER
    hand.delay = 0
    await garden.stub.CreateRun(request, timeout=PATIENCE)
    assert (await garden.get(name)).state != RunState.RUN_STATE_CANCELLED
    assert succeeded(await garden.watch(name))


async def test_a_run_that_a_restart_left_dormant_is_taken_up_by_the_same_request(nats_url, store, hand):
    hand.delay = 0.05
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        request = pb.CreateRunRequest(snapshot=await client.sow(LEAF), target=50, request_id=ID)
        name = (await client.stub.CreateRun(request, timeout=PATIENCE)).name.removeprefix("operations/")
    hand.delay = 0
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        assert (await client.get(name)).dormant
        await client.stub.CreateRun(request, timeout=PATIENCE)
        assert succeeded(await client.watch(name))


async def test_two_that_come_at_once_are_one_run(garden):
    request = pb.CreateRunRequest(snapshot=await garden.sow(LEAF), target=3, request_id=ID)
    calls = [garden.stub.CreateRun(request, timeout=PATIENCE) for _ in range(8)]
    answers = [await call for call in calls]
    assert all(answer == answers[0] for answer in answers)
    assert len((await garden.stub.ListRuns(pb.ListRunsRequest(), timeout=PATIENCE)).runs) == 1


async def test_letters_that_were_retried_and_failed_again_are_not_retried_twice(garden, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    letters = await garden.letters(run.name)
    request = pb.RetryDeadLettersRequest(run=run.name, request_id=ID)
    first = await garden.stub.RetryDeadLetters(request, timeout=PATIENCE)
    assert first.retried == len(letters) > 0
    await garden.watch(run.name)
    calls = hand.total
    assert await garden.stub.RetryDeadLetters(request, timeout=PATIENCE) == first
    assert {letter.digest for letter in await garden.letters(run.name)} == {one.digest for one in letters}
    other = pb.RetryDeadLettersRequest(run=run.name, request_id=ID, reason="refused")
    await check_refused(garden.stub.RetryDeadLetters(other, timeout=PATIENCE))
    # An id is of the service, not of the method.
    dropping = pb.DropDeadLettersRequest(run=run.name, request_id=ID, all=True, confirm=True)
    await check_refused(garden.stub.DropDeadLetters(dropping, timeout=PATIENCE))
    assert hand.total == calls


async def test_letters_are_dropped_once_and_counted_as_before(garden, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    letters = await garden.letters(run.name)
    request = pb.DropDeadLettersRequest(run=run.name, all=True, confirm=True, request_id=ID)
    first = await garden.stub.DropDeadLetters(request, timeout=PATIENCE)
    assert (first.dropped, await garden.letters(run.name)) == (len(letters), [])
    assert await garden.stub.DropDeadLetters(request, timeout=PATIENCE) == first
    other = pb.DropDeadLettersRequest(run=run.name, reason="x", confirm=True, request_id=ID)
    await check_refused(garden.stub.DropDeadLetters(other, timeout=PATIENCE))


async def test_no_id_but_a_uuid_is_taken(garden):
    for call in (
        garden.stub.RetryDeadLetters(pb.RetryDeadLettersRequest(run="r" + "0" * 16, request_id="1")),
        garden.stub.DropDeadLetters(pb.DropDeadLettersRequest(run="r" + "0" * 16, request_id="1")),
        garden.stub.CreateRun(pb.CreateRunRequest(snapshot="0" * 64, request_id="1")),
    ):
        await check_refused(call)


@contextlib.asynccontextmanager
async def serve(register):
    """A server of its own, and a channel to it."""
    server = Server([], reflect=False)
    register(server.grpc)
    async with open_channel(f"127.0.0.1:{await server.start('127.0.0.1:0')}") as channel:
        yield channel
    await server.stop(0)


@pytest.fixture
async def skills(garden, store):
    api = SkillsApi(store, garden.stub)
    async with serve(lambda server: add_SkillsServiceServicer_to_server(api, server)) as channel:
        yield SkillsServiceStub(channel)


@pytest.fixture
async def knowledge(garden, store):
    api = KnowledgeApi(store, Reader(), garden.stub, 1_000_000)
    async with serve(lambda server: add_KnowledgeServiceServicer_to_server(api, server)) as channel:
        yield KnowledgeServiceStub(channel)


async def read(call):
    """Ids of the samples, and the run they are of."""
    found = [answer.sample.id async for answer in call if answer.HasField("sample")]
    return found, dict(await call.initial_metadata())["seedbed-run"]


async def test_skills_generates_once_for_an_id(skills, hand):
    request = spb.GenerateRequest(leaf=LEAF, target=3, request_id=ID)
    samples, run = await read(skills.Generate(request, timeout=PATIENCE))
    calls = hand.total
    again = await asyncio.gather(*(read(skills.Generate(request, timeout=PATIENCE)) for _ in range(2)))
    assert [(sorted(found), name) for found, name in again] == 2 * [(sorted(samples), run)]
    assert (len(samples), hand.total) == (3, calls)
    other = spb.GenerateRequest(leaf=skill_leaf(seeds=4), target=3, request_id=ID)
    await check_refused(skills.Generate(other, timeout=PATIENCE).read())
    assert hand.total == calls


async def test_knowledge_generates_once_for_an_id(knowledge, hand):
    leaf = knowledge_leaf()
    leaf.documents[0].ClearField("blob")
    request = kpb.GenerateRequest(leaf=finish(leaf), target=2, request_id=ID, documents=[b"a.txt"])
    samples, run = await read(knowledge.Generate(request, timeout=PATIENCE))
    calls = hand.total
    found, name = await read(knowledge.Generate(request, timeout=PATIENCE))
    assert (sorted(found), name, hand.total) == (sorted(samples), run, calls)
    assert len(samples) == 2
    request.documents[0] = b"another text"
    await check_refused(knowledge.Generate(request, timeout=PATIENCE).read())
    assert hand.total == calls
