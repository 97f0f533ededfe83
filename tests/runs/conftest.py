"""The runs service with everything around it, in the test's own process."""

import pytest

from seedbed.kernel.store.connect import open_store
from tests.runs.garden import serve_runs, work
from tests.runs.steps import Hand


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
async def runs(nats_url, store):
    """The runs service alone."""
    async with serve_runs(nats_url, store) as client:
        yield client


@pytest.fixture
async def garden(runs, nats_url, store, hand):
    """The runs service and a worker."""
    async with work(nats_url, store, hand):
        yield runs
