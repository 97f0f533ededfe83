"""Evaluations on the bus: one evaluation taken up, its state kept, its end written down."""

import asyncio
import contextlib

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.evaluator.service.evaluation_runner import EvaluationRunner
from seedbed.evaluator.service.evaluations import ENDED, Evaluations
from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluateRequest
from seedbed.kernel.errors import BusError, EndpointError, SeedbedError, StoreError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.items import Work
from seedbed.kernel.work.job_worker import JobHandler

_LOOK = 1.0

log = get_logger(__name__)


class Score(JobHandler):
    """Brings one evaluation at a time to its end. It may be cut off at any point."""

    counts_deaths = True

    def __init__(self, evaluations: Evaluations, runner: EvaluationRunner) -> None:
        self._evaluations = evaluations
        self._runner = runner

    async def work(self, item: Item, work: Work) -> None:
        """Bring an evaluation to its end."""
        del work
        known = await self._evaluations.find(item.run)
        if known is None or known.state in ENDED:
            return
        request = EvaluateRequest.FromString(item.input)
        task = asyncio.create_task(self._bring_to_end(known, request))
        try:
            while not task.done():
                await asyncio.wait([task], timeout=_LOOK)
                if not task.done() and await self._is_cancelled(known.name):
                    return
            task.result()
        finally:
            await end_tasks([task])

    async def give_up(self, item: Item, reason: str) -> None:
        """Write down that an evaluation has failed, and why."""
        known = await self._evaluations.find(item.run)
        if known is not None and known.state not in ENDED:
            await self._fail(_begin(known), reason)

    async def _is_cancelled(self, name: str) -> bool:
        with contextlib.suppress(StoreError):
            found = await self._evaluations.find(name)
            return found is not None and found.state == EvaluationState.EVALUATION_STATE_CANCELLED
        return False

    async def _bring_to_end(self, known: Evaluation, request: EvaluateRequest) -> None:
        evaluation = _begin(known)
        try:
            folder = await self._runner.run(request, evaluation, self._evaluations.note)
        except (StoreError, BusError, EndpointError):
            raise
        except SeedbedError as error:
            await self._fail(evaluation, f"{error.message}; {error.hint}" if error.hint else error.message)
            return
        evaluation.state = EvaluationState.EVALUATION_STATE_SUCCEEDED
        evaluation.doing, evaluation.progress = "", 1.0
        await self._evaluations.finish(evaluation, folder)

    async def _fail(self, evaluation: Evaluation, reason: str) -> None:
        evaluation.state = EvaluationState.EVALUATION_STATE_FAILED
        evaluation.reason = reason
        log.warning("evaluation failed", evaluation=evaluation.name, reason=reason)
        await self._evaluations.note(evaluation)


def _begin(known: Evaluation) -> Evaluation:
    """An evaluation as it is begun, whatever an earlier try had come to."""
    return Evaluation(
        name=known.name,
        state=EvaluationState.EVALUATION_STATE_RUNNING,
        dataset=known.dataset,
        base=known.base,
        checkpoints=known.checkpoints,
        steps=known.steps,
    )
