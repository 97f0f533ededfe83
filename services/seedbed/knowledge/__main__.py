"""The knowledge service: `python -m seedbed.knowledge`."""

import os

# The children that read documents go on to another program at once: gRPC, which reads this when it is
# imported, need not get ready for forks, and complain that it cannot.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from seedbed.kernel.service import Kernel, Service, run_service
from seedbed.knowledge.api import KnowledgeApi
from seedbed.knowledge.reader import Reader
from seedbed.knowledge.steps import all_steps
from seedbed.knowledge.v1.knowledge_service_pb2_grpc import add_KnowledgeServiceServicer_to_server
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub


def build(kernel: Kernel) -> Service:
    """Put the service together: its API, its steps and the reader of documents that they share."""
    channel = kernel.channel(kernel.settings.runs_address)
    # One reader, so that calls and items together start no more than a few children.
    reader = Reader()
    api = KnowledgeApi(kernel.store, reader, RunsServiceStub(channel), kernel.settings.document_max_bytes)
    return Service(
        names=["seedbed.knowledge.v1.KnowledgeService"],
        register=lambda server: add_KnowledgeServiceServicer_to_server(api, server),
        steps=all_steps(reader),
        stop=channel.close,
    )


if __name__ == "__main__":
    run_service("knowledge", build)
