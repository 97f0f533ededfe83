"""A chain of two steps, as small as can be: words are sown, and each is weighed by the endpoint."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

from pydantic import BaseModel

from seedbed.bus.v1.bus_pb2 import Item, Plan, RunEntry, RunState, Sampling
from seedbed.judge.v1.steps_pb2 import InstructionInput, PairInput, PairVerdict
from seedbed.kernel.bus.streams import RUNS, Bus
from seedbed.kernel.endpoint.chat_client import Endpoint, Teacher
from seedbed.kernel.endpoint.endpoint_pool import EndpointPool, LimitedEndpoint
from seedbed.kernel.endpoint.limits.permits import Permits
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.interface import Store
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.work.plans import Plans
from seedbed.kernel.work.step import Step
from seedbed.kernel.work.step_runner import Model
from seedbed.kernel.work.worker import Worker
from seedbed.pipeline.items import Announce, Drop, Following, candidate_id
from seedbed.pipeline.plan import SpecBook
from seedbed.pipeline.recipe import Recipe
from seedbed.skills.v1.steps_pb2 import InstructResult

RUN, LEAF = "run", "leaf"
# The process that works on this is killed.
DEADLY = "deadly"


class Score(BaseModel):
    score: int


class Sow(Step[InstructionInput, InstructResult]):
    """No teacher: splits an instruction into words, each a candidate; `x` is dropped."""

    name = "test.sow"
    version = 1
    input_type = InstructionInput
    result_type = InstructResult

    def __init__(self) -> None:
        self.runs = 0
        self.hold: Callable[[], Any] | None = None

    async def run(self, value, tools):
        self.runs += 1
        if value.instruction == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.hold:
            await self.hold()
        return InstructResult(instructions=value.instruction.split())

    def follow(self, work, recipe):
        born = [(candidate_id(work.digest, n), word) for n, word in enumerate(work.result.instructions)]
        return Following(
            announce=[
                Announce("test.weigh", PairInput(instruction=word), candidate=candidate)
                for candidate, word in born
                if word != "x"
            ],
            drop=[Drop(candidate, "rejected", "an x") for candidate, word in born if word == "x"],
        )


class Weigh(Step[PairInput, PairVerdict]):
    """Asks the endpoint."""

    name = "test.weigh"
    version = 1
    role = "judge"
    sampling = Sampling(temperature=0, max_tokens=64)
    prompt = Prompt(
        "weigh", "{% block system %}Weigh.{% endblock %}{% block user %}{{ word|data }}{% endblock %}", Score
    )
    input_type = PairInput
    result_type = PairVerdict

    async def run(self, value, tools):
        reply = await tools.ask(self.prompt, word=value.instruction)
        return PairVerdict(score=reply.score)


SPECS = SpecBook([Sow().spec("tiny"), Weigh().spec("tiny")])


def make_plan(**changes: Any) -> Plan:
    """A plan of both steps."""
    steps = [SPECS["test.sow"], SPECS["test.weigh"]]
    return Plan(run=RUN, steps=steps, recipe=Recipe().canonical(), **changes)


async def open_run(bus: Bus, plan: Plan | None = None, state: Any = RunState.RUN_STATE_RUNNING) -> None:
    """Let a run be known."""
    entry = RunEntry(plan=plan or make_plan(), state=state)
    await (await bus.bucket(RUNS)).put(RUN, entry.SerializeToString())


def sow(words: str, draw: int = 0) -> Item:
    """The first item of the chain."""
    return SPECS.make_item(RUN, LEAF, draw, Announce("test.sow", InstructionInput(instruction=words)))


def weigh(word: str, candidate: str = "c", draw: int = 0) -> Item:
    """The second, for one candidate."""
    return SPECS.make_item(
        RUN, LEAF, draw, Announce("test.weigh", PairInput(instruction=word), candidate=candidate)
    )


class Process:
    """What one service process has of the kernel."""

    def __init__(self, bus: Bus, worker: Worker, sow: Sow) -> None:
        self.bus = bus
        self.worker = worker
        self.sow = sow


@contextlib.asynccontextmanager
async def working(
    nats_url: str, store: Store, endpoint_url: str, *, ack_wait: float = 30.0, grace: float = 5
) -> AsyncIterator[Process]:
    """A worker of both steps with a connection of its own, as a process would have.

    No stall of the machine outlasts its wait: what comes again on its way out has a second dead letter.
    """
    bus = await Bus.connect(Settings(nats_url=nats_url), "worker")
    plans = Plans(bus)
    following = asyncio.create_task(plans.follow())
    permits = Permits(bus, endpoint_url, f"worker-{id(bus)}", "judge", 4)
    teacher = Teacher(Endpoint(endpoint_url, "tiny"))
    pool = EndpointPool([LimitedEndpoint(teacher.client, permits)])
    pool.start()
    first = Sow()
    worker = Worker(
        bus,
        store,
        plans,
        [first, Weigh()],
        {"judge": Model(teacher, pool)},
        ack_wait=ack_wait,
        heartbeat=ack_wait / 3,
    )
    await worker.start()
    try:
        yield Process(bus, worker, first)
    finally:
        await worker.stop(grace)
        await pool.stop()
        await end_tasks([following])
        await bus.close()


async def _main(nats_url: str, store_url: str, endpoint_url: str) -> None:
    async with working(nats_url, await open_store(store_url), endpoint_url, ack_wait=0.3):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
