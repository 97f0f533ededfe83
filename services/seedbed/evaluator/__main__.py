"""The evaluator service: `python -m seedbed.evaluator`."""

import os

# The examiner is another program: gRPC, which reads this when it is imported, need not get ready for forks.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from typing import Any

import grpc.aio
from google.longrunning.operations_pb2_grpc import add_OperationsServicer_to_server

from seedbed.evaluator.exams.steps import RateAnswer, WriteQuestions
from seedbed.evaluator.scoring.examiner_client import ExaminerClient
from seedbed.evaluator.service.api import EvaluatorApi
from seedbed.evaluator.service.evaluation_runner import EvaluationRunner
from seedbed.evaluator.service.evaluations import Evaluations
from seedbed.evaluator.service.operations import STAYS, EvaluationJobs
from seedbed.evaluator.service.score import Score
from seedbed.evaluator.v1.evaluator_service_pb2_grpc import add_EvaluatorServiceServicer_to_server
from seedbed.kernel.endpoint.role_models import endpoints_of
from seedbed.kernel.rpc.operations import OperationsApi
from seedbed.kernel.service import Kernel, Service, run_service
from seedbed.kernel.work.job_worker import JobWorker
from seedbed.pipeline.items import EVALUATION
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub


def build(kernel: Kernel) -> Service:
    """Put the service together: who answers callers, who does the work, or both, by `settings.duty`."""
    settings, evaluations = kernel.settings, Evaluations(kernel.store)
    if settings.duty == "desk":
        # The queue is there before anybody works on it, as scalers read its length.
        return _serve_callers(
            kernel, evaluations, start=lambda: kernel.bus.add_consumer(EVALUATION, settings.ack_wait)
        )
    models = {"teacher": kernel.model("teacher"), "judge": kernel.model("judge")}
    channel, examiner = kernel.channel(settings.runs_address), ExaminerClient()
    runner = EvaluationRunner(kernel.store, examiner, models, RunsServiceStub(channel), settings.cache_folder)
    job_worker = JobWorker(kernel.bus, EVALUATION, Score(evaluations, runner), settings)

    async def stop() -> None:
        await examiner.close()
        await channel.close()

    if settings.duty == "errand":
        return Service(job_worker=job_worker, stop=stop, until=job_worker.empty)
    return _serve_callers(kernel, evaluations, job_worker=job_worker, stop=stop)


def _serve_callers(kernel: Kernel, evaluations: Evaluations, **more: Any) -> Service:
    """The service that answers callers. It asks no model, but has to know which would be asked."""
    asked = [(step, endpoints_of(kernel.settings, step.role)[0]) for step in (WriteQuestions(), RateAnswer())]
    specs = [step.spec(endpoint.model, endpoint.added) for step, endpoint in asked]
    trusting = kernel.settings.trust_callers
    api = EvaluatorApi(kernel.bus, kernel.store, evaluations, specs, trust_callers=trusting)

    def register(server: grpc.aio.Server) -> None:
        add_EvaluatorServiceServicer_to_server(api, server)
        add_OperationsServicer_to_server(OperationsApi(EvaluationJobs(evaluations), stays=STAYS), server)

    return Service(
        names=["seedbed.evaluator.v1.EvaluatorService", "google.longrunning.Operations"],
        register=register,
        **more,
    )


if __name__ == "__main__":
    run_service("evaluator", build)
