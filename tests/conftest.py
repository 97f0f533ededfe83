"""Real servers for the tests: nats-server for each test, one S3 server for them all, folders in between."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Before gRPC is loaded: its fork handlers abort children that are started while a channel is open.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

from seedbed.kernel.bus import Bus
from seedbed.kernel.settings import Settings
from tests.servers import chromium as browsers
from tests.servers import packages as checks
from tests.servers import prometheus
from tests.servers.ceph import CephUnavailable, fetch, find
from tests.servers.debian import PackagesUnavailable
from tests.servers.nats import NatsServer
from tests.servers.s3 import S3Server
from tests.servers.vllm import Vllm, VllmUnavailable
from tests.servers.vllm import fetch as fetch_vllm
from tests.servers.vllm import find as find_vllm

if TYPE_CHECKING:
    from tests.telemetry.live import Told

_IN_CI = os.environ.get("CI", "") not in ("", "0", "false")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send all that needs the S3 server to one worker, and leave the server time to start."""
    for item in items:
        if "s3_server" in getattr(item, "fixturenames", ()) or item.get_closest_marker("s3"):
            item.add_marker(pytest.mark.xdist_group("s3"))
            item.add_marker(pytest.mark.timeout(240))


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
    """The S3 server. Where there is none its tests are skipped, saying why; in CI they fail."""
    try:
        ceph = fetch() if _IN_CI else find()
    except CephUnavailable as error:
        if _IN_CI:
            raise
        pytest.skip(str(error))
    server = S3Server(tmp_path_factory.mktemp("s3"), ceph)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def vllm() -> Vllm:
    """A vLLM for CPUs. Where there is none its tests are skipped, saying why; in CI they fail."""
    try:
        return fetch_vllm() if _IN_CI else find_vllm()
    except VllmUnavailable as error:
        if _IN_CI:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def prometheus_root() -> Path:
    """Where Prometheus is. Where there is none its tests are skipped, saying why; in CI they fail."""
    try:
        return prometheus.fetch() if _IN_CI else prometheus.find()
    except PackagesUnavailable as error:
        if _IN_CI:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Told]":
    """One real run of everything, and what it told: its tests are in one group, so that it happens once."""
    from tests.telemetry.live import run_everything  # noqa: PLC0415  what it loads nobody else needs

    try:
        prometheus: Path | None = request.getfixturevalue("prometheus_root")
    except pytest.skip.Exception:
        prometheus = None
    yield from run_everything(tmp_path_factory.mktemp("told"), prometheus)


@pytest.fixture(scope="session")
def chromium() -> browsers.Chromium:
    """A browser without a window. Where there is none its tests are skipped, saying why; in CI they fail."""
    try:
        return browsers.fetch() if _IN_CI else browsers.find()
    except PackagesUnavailable as error:
        if _IN_CI:
            raise
        pytest.skip(str(error))


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
    """What deploy/ is checked with. Where it is missing its tests are skipped; in CI they fail."""
    in_ci = os.environ.get("CI", "") not in ("", "0", "false")
    try:
        return checks.fetch() if in_ci else checks.find()
    except checks.PackagesUnavailable as error:
        if in_ci:
            raise
        pytest.skip(str(error))
