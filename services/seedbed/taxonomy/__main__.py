"""The taxonomy service as a process: `python -m seedbed.taxonomy`."""

from seedbed.kernel.rpc.request_ids import RequestIds
from seedbed.kernel.service import Kernel, Service, run_service
from seedbed.taxonomy.api import TaxonomyServicer
from seedbed.taxonomy.git.mirrors import Rules
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import add_TaxonomyServiceServicer_to_server


def build(kernel: Kernel) -> Service:
    """Wire the servicer to the kernel."""
    settings = kernel.settings
    ids = RequestIds(kernel.bus, "taxonomy")
    servicer = TaxonomyServicer(
        kernel.store, ids, settings.cache_folder / "git", settings.document_max_bytes, Rules.of(settings)
    )
    return Service(
        names=["seedbed.taxonomy.v1.TaxonomyService"],
        register=lambda server: add_TaxonomyServiceServicer_to_server(servicer, server),
    )


if __name__ == "__main__":
    run_service("taxonomy", build)
