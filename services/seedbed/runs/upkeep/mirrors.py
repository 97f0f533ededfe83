"""The taxonomy service's mirrors of repositories, any of which may hold a document in its history."""

from typing import TYPE_CHECKING

import grpc.aio

from seedbed.kernel.logs import get_logger
from seedbed.taxonomy.v1.taxonomy_service_pb2 import DropMirrorsRequest

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceAsyncStub

_TIMEOUT = 60.0

log = get_logger(__name__)


class Mirrors:
    """Reached through the service that owns them."""

    def __init__(self, taxonomy: "TaxonomyServiceAsyncStub") -> None:
        self._taxonomy = taxonomy

    async def count(self) -> int | None:
        """How many there are; None where the service does not answer."""
        return await self._ask(DropMirrorsRequest())

    async def drop(self) -> int | None:
        """Remove them, and say how many there were; None where the service does not answer."""
        return await self._ask(DropMirrorsRequest(confirm=True))

    async def _ask(self, request: DropMirrorsRequest) -> int | None:
        try:
            return (await self._taxonomy.DropMirrors(request, timeout=_TIMEOUT)).mirrors
        except grpc.aio.AioRpcError as error:
            log.warning("the taxonomy service does not answer for its mirrors", error=error.details())
            return None
