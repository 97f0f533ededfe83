"""The servicer of long-running operations, over a socket, with jobs that end when a test says so."""

import asyncio

import grpc
import pytest
from google.longrunning import operations_pb2 as lro
from google.longrunning.operations_pb2_grpc import OperationsStub, add_OperationsServicer_to_server
from google.protobuf.duration_pb2 import Duration

from seedbed.kernel.errors import NotFound
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.rpc.operations import OperationsApi, new_operation
from seedbed.kernel.rpc.paging import by_name, take_page
from seedbed.kernel.rpc.server import Server
from seedbed.trainer.v1.trainer_service_pb2 import TrainingMetadata
from tests.kernel.rpc.test_server import details, failure


class Naps:
    """Jobs of the simplest kind."""

    def __init__(self) -> None:
        self.ended = {"a": False, "b": False, "c": True}

    async def operation(self, name):
        if name not in self.ended:
            raise NotFound(f"nobody naps as {name!r}")
        return new_operation(name, TrainingMetadata(training=name), done=self.ended[name])

    async def operations(self, size, token):
        page, token = take_page(self.ended, by_name, size, token)
        return [await self.operation(name) for name in page], token

    async def cancel(self, name):
        self.ended[(await self.operation(name)).name.removeprefix("operations/")] = True


@pytest.fixture
async def naps():
    return Naps()


@pytest.fixture
async def call(naps):
    server = Server(["google.longrunning.Operations"], reflect=False)
    add_OperationsServicer_to_server(OperationsApi(naps, stays="a nap stays"), server.grpc)
    port = await server.start("127.0.0.1:0")
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield OperationsStub(channel)
    await server.stop(0)


async def test_an_operation_is_named_after_its_job_and_says_what_is_known_of_it(call):
    operation = await call.GetOperation(lro.GetOperationRequest(name="operations/a"), timeout=5)
    metadata = TrainingMetadata()
    assert operation.metadata.Unpack(metadata)
    assert (operation.name, operation.done, metadata.training) == ("operations/a", False, "a")


async def test_operations_come_in_pages(call):
    first = await call.ListOperations(lro.ListOperationsRequest(page_size=2), timeout=5)
    wanted = lro.ListOperationsRequest(page_size=2, page_token=first.next_page_token)
    rest = await call.ListOperations(wanted, timeout=5)
    names = [[one.name for one in page.operations] for page in (first, rest)]
    assert names == [["operations/a", "operations/b"], ["operations/c"]]
    assert not rest.next_page_token


async def test_a_wait_ends_with_the_job_or_with_the_time_that_was_given(naps, call):
    short = lro.WaitOperationRequest(name="operations/a", timeout=Duration(nanos=300_000_000))
    assert not (await call.WaitOperation(short, timeout=9)).done
    # The caller's deadline is an answer, too, and comes before it is over.
    assert not (await call.WaitOperation(lro.WaitOperationRequest(name="operations/a"), timeout=0.6)).done
    asyncio.get_running_loop().call_later(0.1, naps.ended.update, {"a": True})
    assert (await call.WaitOperation(lro.WaitOperationRequest(name="operations/a"), timeout=30)).done


async def test_a_job_can_be_cancelled_and_what_is_kept_of_it_not_be_deleted(naps, call):
    await call.CancelOperation(lro.CancelOperationRequest(name="operations/b"), timeout=5)
    assert naps.ended == {"a": False, "b": True, "c": True}
    error = await failure(call.DeleteOperation(lro.DeleteOperationRequest(name="operations/b"), timeout=5))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert details(error)["ErrorInfo"].metadata["hint"] == "a nap stays"


@pytest.mark.parametrize("name", ["operations/nobody", "nobody", ""])
async def test_an_operation_that_is_not_there_is_not_found(call, name):
    for made in (
        call.GetOperation(lro.GetOperationRequest(name=name), timeout=5),
        call.WaitOperation(lro.WaitOperationRequest(name=name), timeout=5),
        call.CancelOperation(lro.CancelOperationRequest(name=name), timeout=5),
    ):
        assert (await failure(made)).code() == grpc.StatusCode.NOT_FOUND
