"""The runs service: `python -m seedbed.runs`. Where its parts are put together."""

from typing import TYPE_CHECKING

import grpc.aio
from google.longrunning.operations_pb2_grpc import add_OperationsServicer_to_server

from seedbed.kernel.rpc.operations import OperationsApi
from seedbed.kernel.service import Kernel, Service, run_service
from seedbed.runs.api.operations import STAYS, RunJobs
from seedbed.runs.api.service import RunsApi
from seedbed.runs.execution.metrics import QueueMetrics, RunMetrics
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.upkeep.api import StoreApi
from seedbed.runs.upkeep.mirrors import Mirrors
from seedbed.runs.v1.runs_service_pb2_grpc import add_RunsServiceServicer_to_server
from seedbed.runs.v1.store_service_pb2_grpc import add_StoreServiceServicer_to_server
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceAsyncStub


def build(kernel: Kernel) -> Service:
    """Put the service together: its APIs of runs and of upkeep, and its metrics."""
    settings = kernel.settings
    taxonomy: TaxonomyServiceAsyncStub = TaxonomyServiceStub(kernel.channel(settings.taxonomy_address))
    manager = RunManager(kernel.bus, kernel.store, settings.concurrency, resume=settings.resume)

    RunMetrics(manager).observe()
    queues = QueueMetrics(manager, kernel.bus)

    async def start() -> None:
        await manager.start()
        manager.keep_up(queues.watch)

    def register(server: grpc.aio.Server) -> None:
        add_RunsServiceServicer_to_server(RunsApi(manager, kernel.bus, kernel.store), server)
        add_OperationsServicer_to_server(OperationsApi(RunJobs(manager), stays=STAYS), server)
        upkeep = StoreApi(manager, kernel.bus, kernel.store, Mirrors(taxonomy), settings.cache_folder)
        add_StoreServiceServicer_to_server(upkeep, server)

    return Service(
        names=[
            "seedbed.runs.v1.RunsService",
            "seedbed.runs.v1.StoreService",
            "google.longrunning.Operations",
        ],
        register=register,
        start=start,
        stop=manager.stop,
    )


if __name__ == "__main__":
    run_service("runs", build)
