"""The probe of a container, over real servers."""

import grpc.aio
import pytest

from seedbed.kernel.rpc.certificates import server_credentials
from seedbed.kernel.rpc.probe import ask
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.settings import Settings
from tests.kernel.certificates import Authority


async def test_it_says_what_the_service_says():
    server = Server([], reflect=False, tokens=["asked of all but health"])
    settings = Settings(listen=f"0.0.0.0:{await server.start('0.0.0.0:0')}")
    assert await ask(settings) == "NOT_SERVING"
    await server.announce()
    assert await ask(settings) == "SERVING"
    await server.stop(0)
    with pytest.raises(grpc.aio.AioRpcError):
        await ask(settings)


async def test_it_shows_the_service_its_own_certificate(tmp_path):
    secured = Authority(tmp_path / "certificates").settings(mutual=True)
    server = Server([], reflect=False, credentials=server_credentials(secured))
    port = await server.start("127.0.0.1:0")
    await server.announce()
    assert await ask(secured.model_copy(update={"listen": f"0.0.0.0:{port}"})) == "SERVING"
    await server.stop(0)
