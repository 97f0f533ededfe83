"""The judge over gRPC: one verdict, or a stream of them. Weighs by the same steps as the bus does.

It knows permits and the endpoint only through the kernel, and records nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import grpc.aio
from google.protobuf.message import Message

from seedbed.judge.steps import JudgeGrounded, JudgeInstruction, JudgePair
from seedbed.judge.v1.judge_service_pb2 import (
    JudgeRequest,
    JudgeResponse,
    JudgeStreamRequest,
    JudgeStreamResponse,
)
from seedbed.judge.v1.judge_service_pb2_grpc import JudgeServiceServicer
from seedbed.kernel.errors import EndpointAway, InputError, SeedbedError, Violation
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.logs import get_logger
from seedbed.kernel.rpc.field_bounds import check_bounds
from seedbed.kernel.store.backend import Store
from seedbed.kernel.work.step import Step
from seedbed.kernel.work.step_tools import Model, StepTools
from seedbed.pipeline.items import item_digest
from seedbed.pipeline.plan import spec_digest
from seedbed.pipeline.recipe import Gates

# Requests of one stream that are in the house at once; how many calls they make is for the permits.
AT_ONCE = 64
# For callers that set no deadline: an endpoint that is away would keep them for ever.
PATIENCE = 600.0

Context = grpc.aio.ServicerContext[Any, Any]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of thing to weigh."""

    step: Step[Any, Any]
    check: Callable[[Any], str]
    required: tuple[str, ...]


GATES = Gates()
SUBJECTS = {
    "instruction": Subject(JudgeInstruction(), GATES.check_instruction, ("instruction",)),
    "pair": Subject(JudgePair(), GATES.check_pair, ("instruction", "response")),
    "grounded": Subject(JudgeGrounded(), GATES.check_grounded, ("document", "question", "answer")),
}


class JudgeApi(JudgeServiceServicer):
    """The servicer."""

    def __init__(self, model: Model, store: Store) -> None:
        self._model = model
        self._store = store

    async def Judge(self, request: JudgeRequest, context: Context) -> JudgeResponse:  # noqa: N802
        """Weigh one thing."""
        return await self._judge(request, _patience(context))

    async def JudgeStream(  # noqa: N802
        self, request_iterator: AsyncIterator[JudgeStreamRequest], context: Context
    ) -> AsyncIterator[JudgeStreamResponse]:
        """Weigh many things; what goes wrong with one is told under its id and stops no other."""
        slots = asyncio.Semaphore(AT_ONCE)
        # Never longer than there are slots: a slot is free again when its answer has been taken.
        answers: asyncio.Queue[JudgeStreamResponse | None] = asyncio.Queue()
        reading = asyncio.create_task(self._judge_all(request_iterator, context, slots, answers))
        try:
            while (answer := await answers.get()) is not None:
                yield answer
                slots.release()
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _judge_all(
        self,
        requests: AsyncIterator[JudgeStreamRequest],
        context: Context,
        slots: asyncio.Semaphore,
        answers: asyncio.Queue[JudgeStreamResponse | None],
    ) -> None:
        async def answer(request: JudgeStreamRequest) -> None:
            answers.put_nowait(await self._answer(request, _patience(context)))

        try:
            async with asyncio.TaskGroup() as group:
                await slots.acquire()
                async for request in requests:
                    group.create_task(answer(request))
                    await slots.acquire()
        finally:
            answers.put_nowait(None)

    async def _answer(self, request: JudgeStreamRequest, patience: float) -> JudgeStreamResponse:
        try:
            check_bounds(request)
            response = await self._judge(request.request, patience)
        except SeedbedError as error:
            reason = f"{error.reason}: {error.message}" + (f"; {error.hint}" if error.hint else "")
            return JudgeStreamResponse(id=request.id, error=reason)
        except Exception:
            log.exception("no verdict", id=request.id)
            return JudgeStreamResponse(id=request.id, error="INTERNAL: the service's log has the details")
        return JudgeStreamResponse(id=request.id, response=response)

    async def _judge(self, request: JudgeRequest, patience: float) -> JudgeResponse:
        name = request.WhichOneof("subject")
        if name is None:
            raise InputError(
                "nothing to weigh", [Violation("subject", "set one of instruction, pair, grounded")]
            )
        subject, value = SUBJECTS[name], getattr(request, name)
        _check(name, value, subject.required)
        try:
            async with asyncio.timeout(patience):
                verdict = await self._weigh(subject.step, value)
        except TimeoutError as error:
            raise EndpointAway(f"no verdict within {patience:.0f} seconds", hint="try again later") from error
        reason = subject.check(verdict)
        return JudgeResponse(**{name: verdict}, accepted=not reason, reason=reason)

    async def _weigh(self, step: Step[Any, Any], value: Message) -> Any:
        teacher, permits = self._model.teacher, self._model.permits
        spec = step.spec(teacher.endpoint.model, teacher.endpoint.added)
        # The digest an item on the bus would have: equal questions get equal seeds, and so equal verdicts.
        digest = item_digest(spec_digest(spec), message_bytes(value), 0)
        place = await permits.acquire()
        try:
            return await step.run(value, StepTools(step, spec, digest, self._store, teacher, place))
        finally:
            permits.release(place)


def _patience(context: Context) -> float:
    remaining: float | None = context.time_remaining()
    return PATIENCE if remaining is None else max(0.0, remaining)


def _check(name: str, value: Message, required: tuple[str, ...]) -> None:
    missing = [field for field in required if not getattr(value, field).strip()]
    if missing:
        violations = [Violation(f"{name}.{field}", "must not be empty") for field in missing]
        raise InputError(f"{name} lacks {' and '.join(missing)}", violations)
