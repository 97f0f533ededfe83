"""Reaching an evaluator: a named one, or that of a state folder's stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from seedbed.cli.reach.connect import OPTIONS, readable_errors
from seedbed.evaluator.v1.evaluator_service_pb2_grpc import EvaluatorServiceStub
from seedbed.kernel.rpc.channel import Access, open_channel

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.evaluator.v1.evaluator_service_pb2_grpc import EvaluatorServiceAsyncStub


class Evaluator:
    """The evaluator of some stack."""

    def __init__(self, stub: "EvaluatorServiceAsyncStub", where: str) -> None:
        self.stub = stub
        self.where = where


@asynccontextmanager
async def open_evaluator(where: str, access: Access) -> AsyncIterator[Evaluator]:
    """An evaluator at an address."""
    async with open_channel(where, access, OPTIONS) as channel:
        stub: EvaluatorServiceAsyncStub = EvaluatorServiceStub(channel)
        with readable_errors(where):
            yield Evaluator(stub, where)
