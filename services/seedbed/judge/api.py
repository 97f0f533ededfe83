"""The judge over gRPC: one verdict, or a stream of them. Weighs by the same steps as the bus does.

It knows permits and the endpoint only through the kernel, and records nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Generic

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
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.step import InputT, ResultT, Step
from seedbed.kernel.work.step_runner import Model, StepRunner
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
class Subject(Generic[InputT, ResultT]):
    """One kind of thing to weigh."""

    name: str
    step: Step[InputT, ResultT]
    check: Callable[[ResultT], str]
    """Why a verdict does not pass; "" where it does."""
    required: tuple[str, ...]


GATES = Gates()
INSTRUCTION = Subject("instruction", JudgeInstruction(), GATES.check_instruction, ("instruction",))
PAIR = Subject("pair", JudgePair(), GATES.check_pair, ("instruction", "response"))
GROUNDED = Subject("grounded", JudgeGrounded(), GATES.check_grounded, ("document", "question", "answer"))


class JudgeApi(JudgeServiceServicer):
    """Answers callers with a verdict, by the same steps and the same shared limit as the items on the bus."""

    def __init__(self, model: Model, store: Store) -> None:
        self._runner = StepRunner(store, {"judge": model})

    async def Judge(self, request: JudgeRequest, context: Context) -> JudgeResponse:  # noqa: N802
        """Weigh one instruction or pair; see JudgeService in the proto."""
        return await self._judge(request, _patience(context))

    async def JudgeStream(  # noqa: N802
        self, request_iterator: AsyncIterator[JudgeStreamRequest], context: Context
    ) -> AsyncIterator[JudgeStreamResponse]:
        """Weigh many things; an error of one is returned under its id and stops no other."""
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
        match request.WhichOneof("subject"):
            case "instruction":
                instruction, why = await self._weigh(INSTRUCTION, request.instruction, patience)
                return JudgeResponse(instruction=instruction, accepted=not why, reason=why)
            case "pair":
                pair, why = await self._weigh(PAIR, request.pair, patience)
                return JudgeResponse(pair=pair, accepted=not why, reason=why)
            case "grounded":
                grounded, why = await self._weigh(GROUNDED, request.grounded, patience)
                return JudgeResponse(grounded=grounded, accepted=not why, reason=why)
        missing = Violation("subject", "set one of instruction, pair, grounded")
        raise InputError("nothing to weigh", [missing])

    async def _weigh(
        self, subject: Subject[InputT, ResultT], value: InputT, patience: float
    ) -> tuple[ResultT, str]:
        """The verdict, and why it does not pass."""
        _check(subject.name, value, subject.required)
        step, spec = subject.step, self._runner.spec(subject.step)
        # The digest an item on the bus would have: equal questions get equal seeds, and so equal verdicts.
        digest = item_digest(spec_digest(spec), message_bytes(value), 0)
        try:
            async with asyncio.timeout(patience), self._runner.permit(step) as permit:
                verdict = await self._runner.run(step, value, spec, digest, permit)
        except TimeoutError as error:
            raise EndpointAway(f"no verdict within {patience:.0f} seconds", hint="try again later") from error
        return verdict, subject.check(verdict)


def _patience(context: Context) -> float:
    remaining: float | None = context.time_remaining()
    return PATIENCE if remaining is None else max(0.0, remaining)


def _check(name: str, value: Message, required: tuple[str, ...]) -> None:
    missing = [field for field in required if not getattr(value, field).strip()]
    if missing:
        violations = [Violation(f"{name}.{field}", "must not be empty") for field in missing]
        raise InputError(f"{name} lacks {' and '.join(missing)}", violations)
