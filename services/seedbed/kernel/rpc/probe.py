"""Asks this container's service how it is; exits 0 where it serves: `python -m seedbed.kernel.rpc.probe`.

It calls `localhost`, so a certificate must hold that name, too. Health asks for no token.
"""

import asyncio
import sys
from typing import Any

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.rpc.channel import Access, open_channel
from seedbed.kernel.settings import Settings, load_settings

_PATIENCE = 4.0


async def ask(settings: Settings) -> str:
    """What the service that listens by these settings says of itself. Raises AioRpcError, InputError."""
    port = settings.listen.rpartition(":")[2]
    async with open_channel(f"localhost:{port}", Access.of(settings)) as channel:
        # The stub gets its methods when it is made, which its types leave out.
        health: Any = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=_PATIENCE)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def main() -> int:
    """Ask, and say what is wrong where something is."""
    try:
        said = asyncio.run(ask(load_settings()))
    except grpc.aio.AioRpcError as error:
        said = f"{error.code().name}: {error.details()}"
    except SeedbedError as error:
        said = error.message
    if said == "SERVING":
        return 0
    sys.stderr.write(f"{said}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
