"""The trainer service: `python -m seedbed.trainer`. It trains one phase at a time, in other processes."""

import os

# The processes that train are other programs: gRPC, which reads this when it is imported, need not get ready
# for forks, and complain that it cannot.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import grpc.aio
from google.longrunning.operations_pb2_grpc import add_OperationsServicer_to_server

from seedbed.kernel.rpc.operations import OperationsApi
from seedbed.kernel.service import Kernel, Service, run_service
from seedbed.kernel.work.job_worker import JobWorker
from seedbed.pipeline.items import TRAINING_PHASE
from seedbed.trainer.service.api import TrainerApi
from seedbed.trainer.service.operations import STAYS, TrainingJobs
from seedbed.trainer.service.phase_worker import PhaseWorker
from seedbed.trainer.service.requeue import Requeue
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.v1.trainer_service_pb2_grpc import add_TrainerServiceServicer_to_server


def build(kernel: Kernel) -> Service:
    """Put the service together: who answers callers, who does the work, or both, by `settings.duty`."""
    settings, trainings = kernel.settings, Trainings(kernel.bus)
    job_worker = JobWorker(
        kernel.bus, TRAINING_PHASE, PhaseWorker(kernel.bus, kernel.store, trainings, settings), settings
    )
    if settings.duty == "errand":
        return Service(job_worker=job_worker, until=job_worker.empty)
    requeue = Requeue(kernel.bus, trainings, settings)
    api = TrainerApi(trainings, kernel.bus, kernel.store, trust_callers=settings.trust_callers)

    def register(server: grpc.aio.Server) -> None:
        add_TrainerServiceServicer_to_server(api, server)
        add_OperationsServicer_to_server(OperationsApi(TrainingJobs(trainings), stays=STAYS), server)

    return Service(
        names=["seedbed.trainer.v1.TrainerService", "google.longrunning.Operations"],
        register=register,
        job_worker=job_worker if settings.duty == "all" else None,
        start=requeue.start,
        stop=requeue.stop,
    )


if __name__ == "__main__":
    run_service("trainer", build)
