"""The judge service: `python -m seedbed.judge`."""

from seedbed.judge.api import JudgeApi
from seedbed.judge.steps import all_steps
from seedbed.judge.v1.judge_service_pb2_grpc import add_JudgeServiceServicer_to_server
from seedbed.kernel.service import Kernel, Service, run_service


def build(kernel: Kernel) -> Service:
    """Put the service together: its API and its steps."""
    api = JudgeApi(kernel.model("judge"), kernel.store)
    return Service(
        names=["seedbed.judge.v1.JudgeService"],
        register=lambda server: add_JudgeServiceServicer_to_server(api, server),
        steps=all_steps(),
    )


if __name__ == "__main__":
    run_service("judge", build)
