import gc

import pytest

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import Settings
from tests.kernel.certificates import Authority
from tests.servers.nats import NatsServer


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def locked(tmp_path, authority):
    """A broker that shows a certificate and asks for one."""
    folder = tmp_path / "nats"
    folder.mkdir()
    cert, key = authority.sign("127.0.0.1")
    files = f'cert_file: "{cert}", key_file: "{key}", ca_file: "{authority.ca}", verify: true'
    server = NatsServer(folder, f"tls {{ {files} }}\n")
    server.start()
    yield server.url.replace("nats:", "tls:")
    server.stop()


async def test_the_broker_is_spoken_to_by_tls(locked, authority):
    cert, key = authority.sign("judge")
    settings = Settings(nats_url=locked, tls_ca=authority.ca, tls_cert=cert, tls_key=key)
    bus = await Bus.connect(settings, "judge")
    await bus.prepare()
    await bus.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_one_that_is_not_believed_is_not_asked_for_ever(locked, tmp_path):
    stranger = Authority(tmp_path / "stranger")
    with pytest.raises(InputError, match="its certificate is not believed") as caught:
        await Bus.connect(Settings(nats_url=locked, tls_ca=stranger.ca), "judge")
    assert "SEEDBED_TLS_CA" in caught.value.hint
    gc.collect()
