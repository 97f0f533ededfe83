"""One request id, one evaluation: over gRPC, by two replicas of the service and beyond a restart."""

import asyncio

import grpc
import pytest

from seedbed.evaluator.v1 import evaluator_service_pb2 as pb
from seedbed.evaluator.v1.evaluation_pb2 import EvaluationState
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointRef
from tests.runs.test_refusals import details_of

REF = CheckpointRef(training="t0123456789abcdef", number=1, phase="kt1", digest="c" * 64)


async def test_an_evaluation_is_begun_once_for_an_id(serve):
    request = pb.EvaluateRequest(
        dataset="a" * 64,
        base=Base(name="someone/model"),
        checkpoints=[REF],
        request_id="5f0c4a5e-9d3f-4c7e-8e8e-1f6a2b3c4d5e",
    )
    async with serve("desk") as stub, serve("desk") as other:
        first, second = await asyncio.gather(*(one.Evaluate(request, timeout=30) for one in (stub, other)))
        assert first == second
        name = first.name.removeprefix("operations/")
        await stub.CancelEvaluation(pb.CancelEvaluationRequest(evaluation=name), timeout=9)
    # A request that comes late does not set going again what was cancelled meanwhile.
    async with serve("desk") as stub:
        assert await stub.Evaluate(request, timeout=30) == first
        found = await stub.GetEvaluation(pb.GetEvaluationRequest(evaluation=name), timeout=9)
        assert found.state == EvaluationState.EVALUATION_STATE_CANCELLED
        request.questions = 3
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Evaluate(request, timeout=30)
        listed = await stub.ListEvaluations(pb.ListEvaluationsRequest(), timeout=9)
        assert [evaluation.name for evaluation in listed.evaluations] == [name]
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    info, fields = details_of(refused.value)
    assert (info.reason, fields) == ("INVALID_INPUT", ["request_id"])
