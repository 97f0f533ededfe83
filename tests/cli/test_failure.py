import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2

from seedbed.cli.failure import describe, exit_code, read_rpc_error


def remote(code, message="no", *details):
    packed = []
    for detail in details:
        packed.append(Any())
        packed[-1].Pack(detail)
    status = status_pb2.Status(code=code.value[0], message=message, details=packed)
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    error = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details=message)
    return read_rpc_error(error, "127.0.0.1:7402")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 2),
        (grpc.StatusCode.NOT_FOUND, 2),
        (grpc.StatusCode.FAILED_PRECONDITION, 1),
        (grpc.StatusCode.INTERNAL, 1),
    ],
)
def test_the_services_answer_tells_whose_fault_it_was(code, status):
    assert exit_code(remote(code)) == status


def test_what_a_service_sends_is_shown_whole():
    bad = error_details_pb2.BadRequest(
        field_violations=[{"field": "target", "description": "must be 1 or more"}]
    )
    info = error_details_pb2.ErrorInfo(reason="INVALID_INPUT", metadata={"hint": "give --target 1"})
    error = remote(grpc.StatusCode.INVALID_ARGUMENT, "the request is not valid", bad, info)
    assert describe(error).splitlines() == [
        "error: the request is not valid",
        "  target: must be 1 or more",
        "hint: give --target 1",
    ]


def test_nobody_there_is_said_with_the_address():
    error = remote(grpc.StatusCode.UNAVAILABLE, "connection refused")
    assert "nothing answers at 127.0.0.1:7402" in error.message
    assert "seedbed up" in error.hint
