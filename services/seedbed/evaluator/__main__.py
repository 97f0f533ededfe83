"""The evaluator service: `python -m seedbed.evaluator`."""

import os

# The examiner is another program: gRPC, which reads this when it is imported, need not get ready for forks.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import grpc.aio
from google.longrunning.operations_pb2_grpc import add_OperationsServicer_to_server

from seedbed.evaluator.api import EvaluatorApi
from seedbed.evaluator.desk import Desk
from seedbed.evaluator.evaluating import Evaluating
from seedbed.evaluator.operations import OperationsApi
from seedbed.evaluator.room import Room
from seedbed.evaluator.score import STEP, Score
from seedbed.evaluator.states import States
from seedbed.evaluator.steps import RateAnswer, WriteQuestions
from seedbed.evaluator.v1.evaluator_service_pb2_grpc import add_EvaluatorServiceServicer_to_server
from seedbed.kernel.serve import Kernel, Service, run_service
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub


def build(kernel: Kernel) -> Service:
    """Put the service together."""
    models = {"teacher": kernel.model("teacher"), "judge": kernel.model("judge")}
    channel = kernel.channel(kernel.settings.runs_address)
    room, states = Room(), States(kernel.store)
    score = Score(
        states,
        Evaluating(kernel.store, room, models, RunsServiceStub(channel), kernel.settings.cache_folder),
    )
    specs = [
        step.spec(models[str(step.role)].teacher.endpoint.model) for step in (WriteQuestions(), RateAnswer())
    ]
    api = EvaluatorApi(kernel.bus, kernel.store, states, score, specs)
    settings = kernel.settings
    desk = Desk(kernel.bus, STEP, score.work, ack_wait=settings.ack_wait, heartbeat=settings.heartbeat)

    def register(server: grpc.aio.Server) -> None:
        add_EvaluatorServiceServicer_to_server(api, server)
        add_OperationsServicer_to_server(OperationsApi(states, score), server)

    async def stop() -> None:
        await desk.stop()
        await room.close()
        await channel.close()

    return Service(
        names=["seedbed.evaluator.v1.EvaluatorService", "google.longrunning.Operations"],
        register=register,
        start=desk.start,
        stop=stop,
    )


if __name__ == "__main__":
    run_service("evaluator", build)
