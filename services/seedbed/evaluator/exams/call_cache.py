"""Calls to teacher and judge: each is paid for once, ever, and its record kept by its digest."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

from seedbed.bus.v1.bus_pb2 import Outcome, Record, StepSpec, Usage
from seedbed.kernel.errors import NotFound
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.store.interface import Store
from seedbed.kernel.telemetry.items import part
from seedbed.kernel.work.step import InputT, ResultT, Step
from seedbed.kernel.work.step_runner import Model, StepRunner
from seedbed.pipeline.items import item_digest
from seedbed.pipeline.plan import spec_digest

AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class CallResult(Generic[ResultT]):
    """What came of one call: its digest, and the result, or none."""

    digest: str
    result: ResultT | None


@dataclass(slots=True)
class Spent:
    """What the calls of one evaluation cost, and how many were recalled."""

    usage: Usage = field(default_factory=Usage)
    recalled: int = 0

    def add(self, usage: Usage) -> None:
        """Add what one call took."""
        self.usage.requests += usage.requests
        self.usage.prompt_tokens += usage.prompt_tokens
        self.usage.completion_tokens += usage.completion_tokens


def call_key(digest: str) -> str:
    """Where the record of a call is kept."""
    return f"evaluations/calls/{digest[:2]}/{digest}"


class CallCache:
    """Asks for one evaluation. Permits are those of the whole stack: an evaluation waits its turn."""

    def __init__(self, store: Store, models: Mapping[str, Model], spent: Spent) -> None:
        self._store = store
        self._runner = StepRunner(store, models)
        self._spent = spent
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def ask_all(
        self, step: Step[InputT, ResultT], values: Sequence[tuple[InputT, int]]
    ) -> list[CallResult[ResultT]]:
        """One call for each value and repeat, in order; what goes wrong with one stops no other."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.ask(step, value, repeat)) for value, repeat in values]
        return [task.result() for task in tasks]

    async def ask(self, step: Step[InputT, ResultT], value: InputT, repeat: int = 0) -> CallResult[ResultT]:
        """Recall what was answered, or ask. A fault of the endpoint is waited out, one of the item kept."""
        spec = self._runner.spec(step)
        digest = item_digest(spec_digest(spec), message_bytes(value), repeat)
        async with self._slots:
            record = await self._recall(digest)
            if record is None:
                record = await self._run(step, value, spec, digest)
            else:
                self._spent.recalled += 1
        done = record.outcome == Outcome.OUTCOME_DONE
        return CallResult(digest, step.result_type.FromString(record.result) if done else None)

    async def _recall(self, digest: str) -> Record | None:
        try:
            return Record.FromString(await self._store.get(call_key(digest)))
        except NotFound:
            return None

    async def _run(self, step: Step[InputT, ResultT], value: InputT, spec: StepSpec, digest: str) -> Record:
        record = Record(step=step.name, digest=digest, spec=spec_digest(spec))
        async with self._runner.permit(step) as permit:
            with part(digest):
                await self._runner.complete(record, step, value, spec, permit)
        self._spent.add(record.usage)
        await self._store.put(call_key(digest), record.SerializeToString(deterministic=True))
        return record
