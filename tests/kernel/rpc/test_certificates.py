from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest

from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.certificates import channel_credentials, server_credentials
from seedbed.kernel.rpc.channel import OPEN, Access, open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.settings import Settings
from tests.kernel import greeter
from tests.kernel.certificates import Authority
from tests.kernel.greeter import NAME, Greeter


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def stranger(tmp_path):
    """An authority that nobody has heard of."""
    return Authority(tmp_path / "stranger")


@asynccontextmanager
async def serve(settings: Settings):
    server = Server([NAME], reflect=False, credentials=server_credentials(settings))
    greeter.register(server.grpc)
    port = await server.start("127.0.0.1:0")
    yield f"localhost:{port}"
    await server.stop(0)


async def greet(where: str, access: Access) -> bytes:
    async with open_channel(where, access) as channel:
        answer: bytes = await Greeter(channel).greet(b"you", timeout=5)
        return answer


async def refused(where: str, access: Access) -> bool:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await greet(where, access)
    return caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


async def test_a_server_with_a_certificate_is_believed_by_its_authority_alone(authority, stranger):
    async with serve(authority.settings()) as where:
        assert await greet(where, Access.of(Settings(tls_ca=authority.ca))) == b"hello you"
        assert await refused(where, Access.of(Settings(tls_ca=stranger.ca)))
        assert await refused(where, OPEN)


async def test_asked_for_a_certificate_callers_must_show_a_good_one(authority, stranger):
    async with serve(authority.settings(mutual=True)) as where:
        cert, key = authority.sign("judge")
        assert await greet(where, Access.of(Settings(tls_ca=authority.ca, tls_cert=cert, tls_key=key)))
        cert, key = stranger.sign("judge")
        assert await refused(where, Access.of(Settings(tls_ca=authority.ca, tls_cert=cert, tls_key=key)))
        assert await refused(where, Access.of(Settings(tls_ca=authority.ca)))


async def test_a_certificate_for_another_name_is_not_believed(authority):
    cert, key = authority.sign("elsewhere.example")
    async with serve(Settings(tls_cert=cert, tls_key=key)) as where:
        assert await refused(where, Access.of(Settings(tls_ca=authority.ca)))


def test_without_settings_all_is_in_the_clear():
    assert server_credentials(Settings()) is None
    assert channel_credentials(Settings()) is None


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"tls_cert": "{cert}"}, "SEEDBED_TLS_KEY", "is missing"),
        ({"tls_key": "{key}"}, "SEEDBED_TLS_KEY", "without SEEDBED_TLS_CERT"),
        ({"tls_client_ca": "{ca}"}, "SEEDBED_TLS_CLIENT_CA", "without SEEDBED_TLS_CERT"),
        ({"tls_cert": "{cert}", "tls_key": "{other}"}, "SEEDBED_TLS_KEY", "do not go together"),
        ({"tls_cert": "{cert}", "tls_key": "/nowhere"}, "SEEDBED_TLS_KEY", "No such file"),
        (
            {"tls_cert": "{cert}", "tls_key": "{key}", "tls_client_ca": "{key}"},
            "SEEDBED_TLS_CLIENT_CA",
            "PEM",
        ),
    ],
)
def test_what_cannot_be_is_said_before_anyone_calls(authority, stranger, given, field, words):
    cert, key = authority.sign("localhost")
    files = {"cert": cert, "key": key, "ca": authority.ca, "other": stranger.sign("localhost")[1]}
    settings = Settings(**{name: value.format(**files) for name, value in given.items()})
    with pytest.raises(InputError) as caught:
        server_credentials(settings)
    assert [violation.field for violation in caught.value.violations] == [field]
    assert words in caught.value.violations[0].description


def test_an_authority_that_is_none_is_said(authority):
    _, key = authority.sign("localhost")
    with pytest.raises(InputError) as caught:
        channel_credentials(Settings(tls_ca=key))
    assert caught.value.violations[0].field == "SEEDBED_TLS_CA"
