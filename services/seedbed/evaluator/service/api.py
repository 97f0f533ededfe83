"""EvaluatorService, the gRPC API of evaluations: what each method promises stands in its proto."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import grpc.aio
from google.longrunning.operations_pb2 import Operation

from seedbed.bus.v1.bus_pb2 import Item, StepSpec
from seedbed.evaluator.exams.benchmarks import find_asked
from seedbed.evaluator.gate import check, read_gate
from seedbed.evaluator.service.evaluations import ENDED, Evaluations, prefix_of
from seedbed.evaluator.service.operations import make_operation
from seedbed.evaluator.service.requests import complete, name_of
from seedbed.evaluator.v1 import evaluator_service_pb2 as pb
from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.evaluator.v1.evaluator_service_pb2_grpc import EvaluatorServiceServicer
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import Conflict
from seedbed.kernel.identity import leaf_token, message_bytes, sha256_hex
from seedbed.kernel.rpc.paging import by_name, take_page
from seedbed.kernel.rpc.request_ids import RequestIds
from seedbed.kernel.store.artifacts import read_files, read_folder_manifest
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.job_worker import queue_job
from seedbed.pipeline.items import EVALUATION

Context = grpc.aio.ServicerContext[Any, Any]

LOOK = 0.25
PIECE = 1 << 20


class EvaluatorApi(EvaluatorServiceServicer):
    """EvaluatorService over the evaluations in the store: queues them, works on none itself."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        evaluations: Evaluations,
        specs: Sequence[StepSpec],
        *,
        trust_callers: bool,
    ) -> None:
        self._bus = bus
        self._store = store
        self._evaluations = evaluations
        self._specs = specs
        self._trust_callers = trust_callers
        self._ids = RequestIds(bus, "evaluator")

    async def Evaluate(self, request: pb.EvaluateRequest, context: Context) -> Operation:  # noqa: N802
        del context
        return await self._ids.answer_once(request, Operation, lambda: self._evaluate(request))

    async def _evaluate(self, request: pb.EvaluateRequest) -> Operation:
        whole = complete(request, trust_callers=self._trust_callers)
        if whole.benchmarks:
            await asyncio.to_thread(find_asked, Path(whole.benchmarks).expanduser())
        name = name_of(whole, self._specs)
        known = await self._evaluations.find(name)
        if known is None or known.state in ENDED[1:]:
            known = Evaluation(
                name=name,
                state=EvaluationState.EVALUATION_STATE_QUEUED,
                dataset=whole.dataset,
                base=whole.base,
                checkpoints=whole.checkpoints,
                steps=self._specs,
            )
            await self._evaluations.note(known)
        if known.state not in ENDED:
            # One that is queued already is refused, and that is success.
            await queue_job(self._bus, _make_item(name, whole))
        return make_operation(known)

    async def GetEvaluation(  # noqa: N802
        self, request: pb.GetEvaluationRequest, context: Context
    ) -> Evaluation:
        del context
        return await self._evaluations.get(request.evaluation)

    async def ListEvaluations(  # noqa: N802
        self, request: pb.ListEvaluationsRequest, context: Context
    ) -> pb.ListEvaluationsResponse:
        """See the contract. In order of name."""
        del context
        page, token = take_page(
            await self._evaluations.names(), by_name, request.page_size, request.page_token
        )
        found = await self._evaluations.find_all(page)
        if request.training:
            found = [one for one in found if request.training in {ref.training for ref in one.checkpoints}]
        return pb.ListEvaluationsResponse(evaluations=found, next_page_token=token)

    async def WatchEvaluation(  # noqa: N802
        self, request: pb.WatchEvaluationRequest, context: Context
    ) -> AsyncIterator[pb.WatchEvaluationResponse]:
        del context
        sent = None
        while True:
            state = await self._evaluations.get(request.evaluation)
            if state != sent:
                yield pb.WatchEvaluationResponse(evaluation=state)
                sent = state
            if state.state in ENDED:
                return
            await asyncio.sleep(LOOK)

    async def CancelEvaluation(  # noqa: N802
        self, request: pb.CancelEvaluationRequest, context: Context
    ) -> Evaluation:
        del context
        return await self._evaluations.cancel(request.evaluation)

    async def CheckGate(self, request: pb.CheckGateRequest, context: Context) -> pb.CheckGateResponse:  # noqa: N802
        del context
        gate = read_gate(request.gate)
        return check(gate, await self._finished(request.evaluation))

    async def ReadEvaluation(  # noqa: N802
        self, request: pb.ReadEvaluationRequest, context: Context
    ) -> AsyncIterator[pb.ReadEvaluationResponse]:
        del context
        await self._finished(request.evaluation)
        prefix = prefix_of(request.evaluation)
        for file in read_files(await read_folder_manifest(self._store, prefix), prefix):
            data = await self._store.get(f"{prefix}/{file.name}")
            for start in range(0, max(1, len(data)), PIECE):
                yield pb.ReadEvaluationResponse(name=file.name, data=data[start : start + PIECE])

    async def _finished(self, name: str) -> Evaluation:
        found = await self._evaluations.get(name)
        if found.state != EvaluationState.EVALUATION_STATE_SUCCEEDED:
            said = EvaluationState.Name(found.state).removeprefix("EVALUATION_STATE_").lower()
            raise Conflict(f"the evaluation {name} is {said}", hint="wait until it has succeeded")
        return found


def _make_item(name: str, request: pb.EvaluateRequest) -> Item:
    data = message_bytes(request)
    digest = sha256_hex(EVALUATION.encode() + b"\0" + name.encode() + b"\0" + data)
    return Item(run=name, leaf=leaf_token(name), step=EVALUATION, digest=digest, input=data)
