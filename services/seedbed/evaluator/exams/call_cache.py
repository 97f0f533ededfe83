"""Asking teacher and judge: a call is paid for once, ever, and its answer kept by its digest."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from google.protobuf.message import Message

from seedbed.bus.v1.bus_pb2 import Outcome, Record, Usage
from seedbed.kernel.errors import ItemError, MalformedReply, NotFound
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.logs import get_logger
from seedbed.kernel.store.backend import Store
from seedbed.kernel.telemetry.items import part
from seedbed.kernel.work.step import Step
from seedbed.kernel.work.step_tools import Model, StepTools
from seedbed.pipeline.items import item_digest
from seedbed.pipeline.plan import spec_digest

AT_ONCE = 64

InputT = TypeVar("InputT", bound=Message)
ResultT = TypeVar("ResultT", bound=Message)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one call: its digest, and the result, or why there is none."""

    digest: str
    result: Any
    outcome: "Outcome.ValueType" = Outcome.OUTCOME_DONE
    reason: str = ""


@dataclass(slots=True)
class Spent:
    """What the calls of one evaluation cost, and how many were recalled."""

    usage: Usage = field(default_factory=Usage)
    recalled: int = 0

    def add(self, usage: Usage) -> None:
        """Count one call more."""
        self.usage.requests += usage.requests
        self.usage.prompt_tokens += usage.prompt_tokens
        self.usage.completion_tokens += usage.completion_tokens


def call_key(digest: str) -> str:
    """Where the record of a call is kept."""
    return f"evaluations/calls/{digest[:2]}/{digest}"


class Asking:
    """Asks for one evaluation. Permits are those of the whole stack: an evaluation waits its turn."""

    def __init__(self, store: Store, models: dict[str, Model], spent: Spent) -> None:
        self._store = store
        self._models = models
        self._spent = spent
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def ask_all(self, step: Step[InputT, ResultT], values: Sequence[tuple[InputT, int]]) -> list[Told]:
        """One call for each value and repeat, in order; what goes wrong with one stops no other."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.ask(step, value, repeat)) for value, repeat in values]
        return [task.result() for task in tasks]

    async def ask(self, step: Step[InputT, ResultT], value: InputT, repeat: int = 0) -> Told:
        """Recall what was answered, or ask. A fault of the endpoint is waited out, one of the item kept."""
        model = self._models[str(step.role)]
        spec = step.spec(model.teacher.endpoint.model, model.teacher.endpoint.added)
        digest = item_digest(spec_digest(spec), message_bytes(value), repeat)
        async with self._slots:
            record = await self._recall(digest)
            if record is None:
                record = await self._run(step, value, model, digest)
            else:
                self._spent.recalled += 1
        done = record.outcome == Outcome.OUTCOME_DONE
        result = step.result_type.FromString(record.result) if done else None
        return Told(digest, result, record.outcome, record.reason)

    async def _recall(self, digest: str) -> Record | None:
        try:
            return Record.FromString(await self._store.get(call_key(digest)))
        except NotFound:
            return None

    async def _run(self, step: Step[InputT, ResultT], value: InputT, model: Model, digest: str) -> Record:
        spec = step.spec(model.teacher.endpoint.model, model.teacher.endpoint.added)
        record = Record(step=step.name, digest=digest, spec=spec_digest(spec))
        place = await model.permits.acquire()
        tools = StepTools(step, spec, digest, self._store, model.teacher, place)
        try:
            with part(digest):
                result = await step.run(value, tools)
            record.outcome, record.result = Outcome.OUTCOME_DONE, message_bytes(result)
        except ItemError as error:
            malformed = isinstance(error, MalformedReply)
            record.outcome = Outcome.OUTCOME_MALFORMED if malformed else Outcome.OUTCOME_FAILED
            record.reason = error.message
            log.warning("a call of an evaluation was given up", step=step.name, reason=error.message)
        finally:
            model.permits.release(place)
        record.usage.CopyFrom(tools.usage)
        self._spent.add(tools.usage)
        await self._store.put(call_key(digest), record.SerializeToString(deterministic=True))
        return record
