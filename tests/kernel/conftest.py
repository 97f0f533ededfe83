"""What the kernel's tests stand on: a bus of their own, a store, an endpoint."""

import gc
from collections.abc import Iterator

import pytest

from seedbed.kernel.endpoint import endpoint_client as module
from seedbed.kernel.endpoint.chat_client import Endpoint as Address
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.store.connect import open_store
from tests.kernel.fake_endpoint import Endpoint


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
async def endpoint():
    endpoint = Endpoint()
    await endpoint.start()
    yield endpoint
    await endpoint.stop()


@pytest.fixture
def collected() -> Iterator[None]:
    """What the test leaves behind is collected while its own filters of warnings hold."""
    yield
    gc.collect()


@pytest.fixture
async def pauses():
    return []


@pytest.fixture
async def teacher(endpoint, pauses, monkeypatch):
    # So that tests need not wait; what they hold does not depend on how long it takes.
    monkeypatch.setattr(module, "SHORTEST_PAUSE", 0.02)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.05)
    address = Address(endpoint.url, "tiny", api_key="sk-1", context=4096, timeout=5)
    teacher = Teacher(address, on_pause=pauses.append)
    yield teacher
    await teacher.close()
