"""The skills service: `python -m seedbed.skills`."""

from seedbed.kernel.service import Kernel, Service, run_service
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub
from seedbed.skills.api import SkillsApi
from seedbed.skills.steps import all_steps
from seedbed.skills.v1.skills_service_pb2_grpc import add_SkillsServiceServicer_to_server


def build(kernel: Kernel) -> Service:
    """Put the service together: its API and its steps."""
    channel = kernel.channel(kernel.settings.runs_address)
    api = SkillsApi(kernel.store, RunsServiceStub(channel))
    return Service(
        names=["seedbed.skills.v1.SkillsService"],
        register=lambda server: add_SkillsServiceServicer_to_server(api, server),
        steps=all_steps(),
        stop=channel.close,
    )


if __name__ == "__main__":
    run_service("skills", build)
