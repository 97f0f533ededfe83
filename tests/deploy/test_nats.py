"""Each user of the broker may do its own work, and nothing that is another's."""

import asyncio
import gc
import json

import nats
import pytest
from nats.js.api import AckPolicy, ConsumerConfig
from pydantic import SecretStr

import seedbed.judge.steps
import seedbed.knowledge.steps
import seedbed.skills.steps
from deploy.nats.permissions import TARGET, write
from seedbed.bus.v1.bus_pb2 import Event, Item
from seedbed.cli.stack.broker.users import WORKERS, users
from seedbed.kernel.bus.streams import EVENTS, MEMO, WORK, Bus
from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.request_ids import RequestIds
from seedbed.kernel.settings import Settings
from seedbed.kernel.work.step import Step
from seedbed.pipeline.items import EVALUATION
from seedbed.taxonomy.v1.taxonomy_service_pb2 import ImportRequest, ImportResponse
from tests.deploy.production import nats_settings, password, users_of

NAMES = [user.name for user in users()]
TEACHERS = ["knowledge", "skills", "judge"]

# Written by hand, so that a slip in the table is no slip in the test: what nobody may do, ever …
NOBODY = [
    *(f"$JS.API.STREAM.{verb}.{WORK}" for verb in ("DELETE", "UPDATE", "SNAPSHOT", "MSG.GET", "MSG.DELETE")),
    f"$JS.API.CONSUMER.CREATE.{WORK}",
    f"$JS.API.CONSUMER.CREATE.{WORK}.judge_pair",
    f"$JS.API.CONSUMER.CREATE.{WORK}.judge_pair.seedbed.v1.work.skills.respond.>",
    f"$JS.API.CONSUMER.CREATE.{WORK}.spy.seedbed.v1.work.judge.pair.>",
    f"$JS.API.CONSUMER.DURABLE.CREATE.{WORK}.judge_pair",
    f"$JS.API.CONSUMER.DELETE.{WORK}.judge_pair",
    "$JS.API.STREAM.CREATE.OTHER",
    "$JS.API.STREAM.DELETE.KV_RUNS",
    "$JS.API.ACCOUNT.INFO",
    "$SYS.REQ.SERVER.PING",
    "_INBOX_runs.forged",
    "_INBOX_judge.forged",
    "anything",
]
# … and what one alone may do.
OWN = {
    "runs": [
        "$KV.RUNS.r",
        "$KV.RUNS.r.l",
        f"$JS.API.STREAM.PURGE.{WORK}",
        "$JS.API.STREAM.PURGE.KV_RUNS",
        f"$JS.API.STREAM.CREATE.{WORK}",
        f"$JS.API.CONSUMER.CREATE.KV_{MEMO}",
        "$JS.API.STREAM.MSG.DELETE.DEAD",
        "seedbed.v1.work.knowledge.generate.r.l.d",
        "seedbed.v1.work.skills.context.r.l.d",
        "seedbed.v1.event.runs.ended.r",
        "$KV.REQUESTS.runs.id",
    ],
    "judge": [
        f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.judge_pair",
        f"$JS.ACK.{WORK}.judge_pair.1.1.1.1.0",
        "$KV.STEPS.judge.pair",
    ],
    "skills": [
        f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.skills_respond",
        f"$JS.ACK.{WORK}.skills_respond.1.1.1.1.0",
        "$KV.STEPS.skills.respond",
        "$KV.DEATHS.r.l.skills.respond.d",
    ],
    "evaluator": [
        f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.evaluator_score",
        f"$JS.ACK.{WORK}.evaluator_score.1.1.1.1.0",
        "$KV.REQUESTS.evaluator.id",
    ],
    "trainer": [
        f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.trainer_phase",
        f"$JS.ACK.{WORK}.trainer_phase.1.1.1.1.0",
        "$KV.TRAININGS.t",
        "seedbed.v1.event.trainer.phase_done.t",
        "$KV.REQUESTS.trainer.id",
    ],
    "taxonomy": ["$KV.REQUESTS.taxonomy.id"],
    "knowledge": [
        f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.knowledge_chunk",
        "$KV.STEPS.knowledge.generate",
        "seedbed.v1.event.knowledge.chunked.r",
    ],
}
# What `runs` may do as well: it brings in records, opens what comes first, gives up what cannot be sent.
SHARED_WITH_RUNS = {
    "judge": [
        f"$KV.{MEMO}.r.l.judge.pair.d",
        "seedbed.v1.work.skills.respond.r.l.d",
        "seedbed.v1.dead.judge.pair.r",
    ],
    "skills": [f"$KV.{MEMO}.r.l.skills.respond.d", "seedbed.v1.work.judge.pair.r.l.d"],
    "evaluator": ["seedbed.v1.work.evaluator.score.e.l.d"],
    "trainer": ["seedbed.v1.work.trainer.phase.t.kt1.d"],
    "knowledge": [f"$KV.{MEMO}.r.l.knowledge.chunk.d", "seedbed.v1.work.judge.grounded.r.l.d"],
}


@pytest.fixture
async def broker(tmp_path):
    server = users_of(tmp_path / "nats")
    server.start()
    runs = await Bus.connect(nats_settings(server, "runs"), "runs")
    await runs.prepare()
    yield server
    await runs.close()
    server.stop()


class Visitor:
    """A plain client that counts what it is refused."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.refused: list[str] = []

    async def connect(self, url: str, prefix: str = "") -> "Visitor":
        self.client = await nats.connect(
            url,
            user=self.name,
            password=password(self.name),
            error_cb=self._hear,
            inbox_prefix=prefix or f"_INBOX_{self.name}",
            allow_reconnect=False,
        )
        return self

    async def _hear(self, error: Exception) -> None:
        self.refused.append(str(error).lower())

    async def may_publish(self, subjects: list[str]) -> set[str]:
        """Those that are not refused."""
        for subject in subjects:
            await self.client.publish(subject, b"{}")
        await self.client.flush()
        await asyncio.sleep(0.05)
        words = [f'publish to "{subject.lower()}"' for subject in subjects]
        return {
            s for s, said in zip(subjects, words, strict=True) if not any(said in r for r in self.refused)
        }

    async def may_hear(self, subject: str) -> bool:
        before = len(self.refused)
        subscription = await self.client.subscribe(subject)
        await self.client.flush()
        await asyncio.sleep(0.05)
        if refused := len(self.refused) > before:
            return not refused
        await subscription.unsubscribe()
        return True


@pytest.fixture
async def visit(broker):
    visitors = []

    async def connect(name: str, prefix: str = "") -> Visitor:
        visitors.append(await Visitor(name).connect(broker.url, prefix))
        return visitors[-1]

    yield connect
    for visitor in visitors:
        await visitor.client.close()


def test_the_file_is_what_the_table_says():
    assert TARGET.read_text() == write(), "run `python deploy/nats/permissions.py`"


def test_the_table_knows_every_step():
    modules = (seedbed.knowledge.steps, seedbed.skills.steps, seedbed.judge.steps)
    classes = [kind for module in modules for kind in vars(module).values() if isinstance(kind, type)]
    steps = {kind.name for kind in classes if issubclass(kind, Step) and kind is not Step}
    steps.add(EVALUATION)
    assert {step for worker in WORKERS for step in worker.steps} == steps
    assert {step for worker in WORKERS for step in worker.follows} <= steps


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_does_what_is_another_s(visit, name):
    visitor = await visit(name)
    others = [subject for owner, subjects in OWN.items() if owner != name for subject in subjects]
    if name != "runs":
        shared = SHARED_WITH_RUNS.items()
        others += [subject for owner, subjects in shared if owner != name for subject in subjects]
    assert await visitor.may_publish([*NOBODY, *others]) == set()


@pytest.mark.parametrize("name", NAMES)
async def test_each_does_its_own(visit, name):
    visitor = await visit(name)
    own = [*OWN.get(name, []), *SHARED_WITH_RUNS.get(name, [])]
    assert await visitor.may_publish(own) == set(own)


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_hears_another_s_answers_nor_the_bus(visit, name):
    visitor = await visit(name)
    for other in NAMES:
        assert await visitor.may_hear(f"_INBOX_{other}.>") == (other == name)
    for subject in (">", "*", "_INBOX.>", "seedbed.v1.>", "seedbed.v1.work.>", "$KV.>", "$JS.>", "$SYS.>"):
        assert not await visitor.may_hear(subject), subject
    assert await visitor.may_hear("seedbed.v1.event.>") == (name == "watcher")


async def test_a_consumer_of_its_own_does_not_look_at_what_is_another_s(visit):
    judge = await visit("judge")
    subject = f"$JS.API.CONSUMER.CREATE.{WORK}.judge_pair.seedbed.v1.work.judge.pair.>"
    config = ConsumerConfig(
        name="judge_pair",
        durable_name="judge_pair",
        ack_policy=AckPolicy.EXPLICIT,
        filter_subject="seedbed.v1.work.skills.respond.>",
    )
    asked = json.dumps({"stream_name": WORK, "config": config.as_dict()}).encode()
    answer = json.loads((await judge.client.request(subject, asked, timeout=5)).data)
    assert "filter" in answer["error"]["description"]


@pytest.mark.parametrize("name", ["taxonomy", "runs", "trainer", "evaluator"])
async def test_each_service_remembers_the_ids_of_its_requests(broker, name):
    bus = await Bus.connect(nats_settings(broker, name), name)
    request, answers = ImportRequest(request_id="5f0c4a5e-9d3f-4c7e-8e8e-1f6a2b3c4d5e"), []

    async def answer():
        answers.append(ImportResponse(snapshot=name))
        return answers[-1]

    async with asyncio.timeout(10):
        for _ in range(2):
            await RequestIds(bus, name).answer_once(request, ImportResponse, answer)
    assert len(answers) == 1
    await bus.close()


async def test_a_call_that_is_refused_says_so_in_the_log(broker, capfd):
    judge = await Bus.connect(nats_settings(broker, "judge"), "judge")
    item = Item(run="r", leaf="l", step="knowledge.generate", digest="d")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(judge.publish_work(item), 1)
    await judge.close()
    assert "permissions violation for publish to" in "".join(capfd.readouterr()).lower()


async def test_the_watcher_sees_events_as_they_come_and_those_of_before(broker, visit):
    runs = await Bus.connect(nats_settings(broker, "runs"), "runs")
    event = Event(service="runs", what="opened", run="r")
    await runs.publish_event(event)
    await runs.client.flush()
    watcher = await visit("watcher")
    before = await watcher.client.jetstream().subscribe(
        "seedbed.v1.event.>", stream=EVENTS, ordered_consumer=True
    )
    assert Event.FromString((await before.next_msg(timeout=30)).data) == event
    live = await watcher.client.subscribe("seedbed.v1.event.runs.>")
    await watcher.client.flush()
    await runs.publish_event(event)
    assert Event.FromString((await live.next_msg(timeout=30)).data) == event
    assert watcher.refused == []
    await runs.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("user", "secret"), [("", ""), ("judge", ""), ("judge", password("runs"))])
async def test_nobody_comes_in_without_a_name_and_its_password(broker, user, secret):
    given = {"nats_user": user, "nats_password": SecretStr(secret), "nats_url": broker.url}
    with pytest.raises(InputError, match="refuses this user, or its password") as caught:
        await Bus.connect(Settings(**given), "stranger")
    assert "SEEDBED_NATS_PASSWORD" in caught.value.hint
    # What nats-py leaves open is collected while the filter holds.
    gc.collect()
