"""Runs steps: the one place where a step meets its model, be it for an item, an evaluation or a caller.

Typed as the step is, from its prompt's reply to its result. It takes no item off the bus, and keeps nothing.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from seedbed.bus.v1.bus_pb2 import Outcome, Record, StepSpec, Usage
from seedbed.kernel.endpoint.chat_client import CallPermit, Teacher
from seedbed.kernel.endpoint.endpoint_pool import EndpointPool, PoolPermit
from seedbed.kernel.endpoint.prompt import Prompt, ReplyT
from seedbed.kernel.errors import ItemError, MalformedReply, SeedbedError
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.logs import get_logger
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.step import InputT, ResultT, Step

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Model:
    """A teacher with this process's part of what its endpoints take."""

    teacher: Teacher
    permits: EndpointPool


@dataclass(frozen=True, slots=True)
class _Tools:
    """The tools of one run: its step's prompt, answered by the step's model."""

    spec: StepSpec
    digest: str
    store: Store
    teacher: Teacher | None
    permit: CallPermit | None
    usage: Usage

    async def ask(self, prompt: Prompt[ReplyT], /, **values: object) -> ReplyT:
        """Render the prompt and return the parsed reply. Raises MalformedReply, Refused."""
        if self.teacher is None:
            raise ItemError(f"the step {self.spec.step} has no teacher to ask")
        if prompt.hash != self.spec.prompt:
            # Whoever edits that prompt would recall what was asked by the one before.
            what = f"the step {self.spec.step} asks by the prompt {prompt.name}"
            raise SeedbedError(f"{what}, which is not in its digest")
        answer = await self.teacher.ask(
            prompt, values, self.spec.sampling, self.digest, self.usage, self.permit
        )
        return answer.reply


class StepRunner:
    """Runs the steps of one process, each by the model of its role."""

    def __init__(self, store: Store, models: Mapping[str, Model]) -> None:
        self._store = store
        self._models = models

    def spec(self, step: Step[InputT, ResultT]) -> StepSpec:
        """How a step is done here."""
        if not step.role:
            return step.spec("")
        endpoint = self._models[step.role].teacher.endpoint
        return step.spec(endpoint.model, endpoint.added)

    @asynccontextmanager
    async def permit(self, step: Step[InputT, ResultT]) -> AsyncIterator[PoolPermit | None]:
        """Wait for a permit of the step's model, and have it for the time of a run."""
        permits = self._models[step.role].permits if step.role else None
        permit = await permits.acquire() if permits else None
        try:
            yield permit
        finally:
            if permits:
                permits.release(permit)

    async def run(
        self,
        step: Step[InputT, ResultT],
        value: InputT,
        spec: StepSpec,
        digest: str,
        permit: CallPermit | None,
        usage: Usage | None = None,
    ) -> ResultT:
        """What a step makes of an input; `usage` holds what was spent when this raises. Raises ItemError.

        Requests draw their seeds from `digest`, so equal items are asked the same.
        """
        teacher = self._models[step.role].teacher if step.role else None
        tools = _Tools(spec, digest, self._store, teacher, permit, Usage() if usage is None else usage)
        return await step.run(value, tools)

    async def complete(
        self,
        record: Record,
        step: Step[InputT, ResultT],
        value: InputT,
        spec: StepSpec,
        permit: CallPermit | None,
    ) -> None:
        """Run a step for an item's record; write down its result, or why it has none, and what was spent."""
        usage = Usage()
        try:
            result = await self.run(step, value, spec, record.digest, permit, usage)
            record.outcome, record.result = Outcome.OUTCOME_DONE, message_bytes(result)
        except ItemError as error:
            give_up(record, error)
        finally:
            record.usage.CopyFrom(usage)


def give_up(record: Record, error: ItemError) -> None:
    """Write down that an item is at fault itself."""
    malformed = isinstance(error, MalformedReply)
    record.outcome = Outcome.OUTCOME_MALFORMED if malformed else Outcome.OUTCOME_FAILED
    record.reason = f"{error.message}; {error.hint}" if error.hint else error.message
    log.warning("item given up", step=record.step, outcome=Outcome.Name(record.outcome), reason=record.reason)
