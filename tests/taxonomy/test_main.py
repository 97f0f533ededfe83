import json
import os
import signal
import subprocess
import sys

import grpc.aio
import pytest

from seedbed.taxonomy.v1.taxonomy_service_pb2 import ImportRequest
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from tests.taxonomy.gardens import garden


@pytest.fixture
def process(tmp_path, nats_url):
    settings = {
        "SEEDBED_NATS_URL": nats_url,
        "SEEDBED_STORE_URL": f"file://{tmp_path}/store",
        "SEEDBED_CACHE_FOLDER": f"{tmp_path}/cache",
    }
    command = [sys.executable, "-m", "seedbed.taxonomy"]
    environment = os.environ | settings
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        yield process
        process.kill()


def port_of(process) -> int:
    for line in process.stderr:
        record = json.loads(line)
        if record["event"] == "serving":
            return int(record["port"])
    raise AssertionError("the service did not come up")


async def test_the_service_comes_up_answers_and_goes(process, tmp_path):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port_of(process)}") as channel:
        request = ImportRequest(source=str(garden(tmp_path / "tree")))
        imported = await TaxonomyServiceStub(channel).Import(request, timeout=20)
    assert len(imported.leaves) == 3
    assert (tmp_path / "store" / "snapshots" / imported.snapshot).is_file()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
