"""Real servers for the tests: nats-server for each test, one S3 server for them all, folders in between."""

import os
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

# Before gRPC is loaded: its fork handlers abort children that are started while a channel is open.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.settings import Settings
from tests.servers import ceph, prometheus
from tests.servers import chromium as browsers
from tests.servers import packages as checks
from tests.servers import vllm as vllms
from tests.servers.nats import NatsServer
from tests.servers.s3 import S3Server
from tests.servers.unavailable import Unavailable

if TYPE_CHECKING:
    from tests.telemetry.live import LiveRun

_IN_CI = os.environ.get("CI", "") not in ("", "0", "false")
_REAL_INPUT = Path(__file__).with_name("data")

T = TypeVar("T")


def pytest_configure() -> None:
    """Heed interrupts: a shell that runs us in its background has us, and all that we start, ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send all that needs the S3 server to one worker, and leave the server time to start."""
    for item in items:
        if "s3_server" in getattr(item, "fixturenames", ()) or item.get_closest_marker("s3"):
            item.add_marker(pytest.mark.xdist_group("s3"))
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A nats-server of the test's own, running; it may be stopped, killed and started again."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nats_url(nats_server: NatsServer) -> str:
    """Where a nats-server of the test's own listens."""
    return nats_server.url


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Bus]:
    """A bus on it, with all that `runs` makes there."""
    bus = await Bus.connect(Settings(nats_url=nats_server.url), "test")
    await bus.prepare()
    yield bus
    await bus.close()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The S3 server, one for all."""
    server = S3Server(tmp_path_factory.mktemp("s3"), _find(ceph.find))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def vllm() -> vllms.Vllm:
    """A vLLM for CPUs."""
    return _find(vllms.find)


@pytest.fixture(scope="session")
def prometheus_root() -> Path:
    """Where Prometheus is."""
    return _find(prometheus.find)


@pytest.fixture(scope="session")
def live_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[LiveRun]":
    """One real run of everything and what it reported: its tests are in one group, so it happens once."""
    from tests.telemetry.live import run_everything  # noqa: PLC0415  what it loads nobody else needs

    try:
        prometheus: Path | None = request.getfixturevalue("prometheus_root")
    except pytest.skip.Exception:
        prometheus = None
    yield from run_everything(tmp_path_factory.mktemp("live_run"), prometheus)


@pytest.fixture(scope="session")
def chromium() -> browsers.Chromium:
    """A browser without a window."""
    return _find(browsers.find)


@pytest.fixture
def s3_url(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store in a bucket of the test's own; the keys are in the environment, as a service gets them."""
    monkeypatch.setenv("SEEDBED_STORE_ACCESS_KEY", s3_server.access_key)
    monkeypatch.setenv("SEEDBED_STORE_SECRET_KEY", s3_server.secret_key)
    return s3_server.url(f"test-{uuid.uuid4().hex}")


@pytest.fixture
def file_store_url(tmp_path: Path) -> str:
    """A store in a folder of the test's own."""
    return f"file://{tmp_path}/store"


@pytest.fixture(scope="session")
def packages() -> checks.Packages:
    """What deploy/ is checked with."""
    return _find(checks.find)


def _find(find: Callable[[], T]) -> T:
    """What the tests run against. Where it is missing they are skipped, saying why; in CI they fail."""
    try:
        return find()
    except Unavailable as error:
        if _IN_CI:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def real_taxonomy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of leaves that others wrote, with past states."""
    return _clone("taxonomy.bundle", tmp_path_factory)


@pytest.fixture(scope="session")
def real_articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the documents that its knowledge leaves name."""
    return _clone("summit_knowledge.bundle", tmp_path_factory)


def _clone(bundle: str, factory: pytest.TempPathFactory) -> Path:
    folder = factory.mktemp("real") / bundle.removesuffix(".bundle")
    subprocess.run(["git", "clone", "-q", _REAL_INPUT / bundle, folder], check=True, capture_output=True)
    return folder
