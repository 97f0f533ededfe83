import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from seedbed.kernel.endpoint.role_models import endpoints_of
from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.channel import Access, open_channel
from seedbed.kernel.settings import load_settings
from tests.kernel.chain import open_run, sow
from tests.kernel.greeter import Greeter
from tests.kernel.looking import done, scored
from tests.kernel.waiting import until
from tests.servers.process import die_with_parent

# A parent that outlives nothing: it starts the service, says its pid, and waits to be killed.
PARENT = """
import os, subprocess, sys, time
os.environ["SEEDBED_PARENT_PID"] = str(os.getpid())
child = subprocess.Popen([sys.executable, "-m", "tests.kernel.small_service"])
print(child.pid, flush=True)
time.sleep(60)
"""


class Started:
    """A service as a process, and what it has said."""

    def __init__(self, process, log):
        self.process = process
        self.log = log

    def lines(self):
        return self.log.read_text().splitlines()

    def said(self, event):
        found = (json.loads(line) for line in self.lines() if line.startswith("{"))
        return next((line for line in found if line["event"] == event), None)

    async def serving(self):
        await until(lambda: self.said("serving") or self.process.poll() is not None, 20)
        assert self.process.poll() is None, self.lines()
        return self.said("serving")

    async def ended(self, patience=10):
        return await asyncio.to_thread(self.process.wait, patience)


@pytest.fixture
def start(tmp_path, nats_server, file_store_url):
    started: list[subprocess.Popen] = []

    def start(*command, **changes):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
        environment |= {"SEEDBED_NATS_URL": nats_server.url, "SEEDBED_STORE_URL": file_store_url, **changes}
        log = tmp_path / f"service{len(started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *(command or ("-m", "tests.kernel.small_service"))],
                env=environment,
                stdout=subprocess.PIPE if command else output,
                stderr=output,
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )
        started.append(process)
        return Started(process, log)

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_stop(start, number):
    service = start()
    serving = await service.serving()
    assert (serving["service"], serving["steps"]) == ("small", [])
    async with open_channel(f"127.0.0.1:{serving['port']}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert await Greeter(channel).greet(b"you", timeout=5) == b"hello you"
    began = time.monotonic()
    service.process.send_signal(number)
    assert await service.ended() == 0
    assert time.monotonic() - began < 10
    assert service.said("stopping")
    assert "stopped in order" in service.lines()


async def test_steps_of_a_service_do_their_work(start, bus, endpoint):
    await open_run(bus)
    service = start(
        SEEDBED_TEACHER_URL=endpoint.url, SEEDBED_TEACHER_MODEL="tiny", SEEDBED_TEACHER_API_KEY="sk-1"
    )
    endpoint.answer = scored
    assert (await service.serving())["steps"] == ["test.sow", "test.weigh"]
    await bus.publish_work(sow("seed"))
    await done(bus)
    assert endpoint.headers[0]["Authorization"] == "Bearer sk-1"
    service.process.terminate()
    assert await service.ended() == 0
    assert "sk-1" not in service.log.read_text()


async def test_a_setting_nobody_knows_ends_it_with_advice(start):
    service = start(SEEDBED_CONCURENCY="4")
    assert await service.ended() == 2
    assert service.lines() == [
        "small: unknown settings in the environment",
        "small:   SEEDBED_CONCURENCY: no such setting; did you mean SEEDBED_CONCURRENCY?",
    ]


async def test_a_store_that_is_none_ends_it(start):
    service = start(SEEDBED_STORE_URL="gs://bucket")
    assert await service.ended() == 2
    assert "not a store" in service.lines()[-2]


async def test_a_port_that_is_taken_ends_it(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        service = start(SEEDBED_LISTEN=address)
        assert await service.ended() == 2
    assert f"small: cannot listen on {address}" in service.lines()


async def test_a_defect_ends_it_with_a_trace(start):
    service = start(BROKEN="1")
    assert await service.ended() == 1
    assert service.lines()[-1] == "RuntimeError: broken while it is built"


async def test_it_waits_for_a_bus_that_comes_later_and_can_be_stopped_meanwhile(start, nats_server):
    nats_server.stop()
    services = [start(), start()]
    await until(lambda: all(service.said("bus") for service in services), 20)
    services[0].process.terminate()
    assert await services[0].ended() == 0
    nats_server.start()
    await services[1].serving()


async def test_told_to_stop_while_it_starts_it_ends_though_a_cancellation_gets_lost(start):
    service = start(STUBBORN="1")
    await until(lambda: "starting" in service.lines(), 20)
    service.process.terminate()
    async with asyncio.timeout(5):
        assert await service.ended() == 0


async def test_it_dies_with_its_parent(start):
    parent = start("-c", PARENT)
    child = int(await asyncio.to_thread(parent.process.stdout.readline))
    await parent.serving()
    parent.process.kill()

    def gone():
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return True
        # Ended, and only waiting to be counted by init.
        return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    await until(gone, 10)
    assert parent.said("stopping")


@pytest.mark.parametrize(
    ("changes", "role", "expected"),
    [
        ({}, "teacher", ("http://t/v1", "big", "kt")),
        ({}, "judge", ("http://t/v1", "big", "kt")),
        ({"SEEDBED_JUDGE_MODEL": "wise"}, "judge", ("http://t/v1", "wise", "kt")),
        ({"SEEDBED_JUDGE_URL": "http://j/v1/"}, "judge", ("http://j/v1", "big", "")),
        (
            {
                "SEEDBED_JUDGE_URL": "http://j/v1",
                "SEEDBED_JUDGE_MODEL": "wise",
                "SEEDBED_JUDGE_API_KEY": "kj",
            },
            "judge",
            ("http://j/v1", "wise", "kj"),
        ),
        ({"SEEDBED_JUDGE_URL": "http://j/v1"}, "teacher", ("http://t/v1", "big", "kt")),
    ],
)
def test_each_role_has_its_endpoint(changes, role, expected):
    teacher = {
        "SEEDBED_TEACHER_URL": "http://t/v1/",
        "SEEDBED_TEACHER_MODEL": "big",
        "SEEDBED_TEACHER_API_KEY": "kt",
    }
    [endpoint] = endpoints_of(load_settings(teacher | changes), role)
    assert (endpoint.url, endpoint.model, endpoint.api_key) == expected


def test_no_teacher_is_said():
    with pytest.raises(InputError, match="no teacher is named"):
        endpoints_of(load_settings({}), "teacher")


@pytest.mark.s3
async def test_a_wrong_key_of_the_store_ends_it_and_is_not_shown(start, s3_server):
    service = start(
        SEEDBED_STORE_URL=s3_server.url("any"),
        SEEDBED_STORE_ACCESS_KEY=s3_server.access_key,
        SEEDBED_STORE_SECRET_KEY="a-wrong-secret",
    )
    assert await service.ended(20) == 2
    assert "small: the store refused bucket any" in "\n".join(service.lines())
    assert "SEEDBED_STORE_SECRET_KEY" in service.lines()[-1]
    assert "a-wrong-secret" not in service.log.read_text()


async def test_certificates_that_cannot_be_end_it_before_it_waits_for_anyone(start, tmp_path):
    service = start(SEEDBED_TLS_CERT=str(tmp_path / "none.pem"), SEEDBED_NATS_URL="nats://127.0.0.1:9")
    assert await service.ended() == 2
    assert service.lines()[0] == "small: certificates that cannot be"
    assert "SEEDBED_TLS_CERT" in service.lines()[1]


async def test_a_service_with_tokens_takes_no_call_without_one(start):
    service = start(SEEDBED_API_TOKEN="one two")
    where = f"127.0.0.1:{(await service.serving())['port']}"
    async with open_channel(where) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await Greeter(channel).greet(b"you", timeout=5)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    async with open_channel(where, Access(token="two")) as channel:
        assert await Greeter(channel).greet(b"you", timeout=5) == b"hello you"


async def test_health_follows_the_broker(start, nats_server):
    service = start()
    serving = await service.serving()
    async with open_channel(f"127.0.0.1:{serving['port']}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watched = stub.Watch(health_pb2.HealthCheckRequest(), timeout=50)
        assert (await watched.read()).status == health_pb2.HealthCheckResponse.SERVING
        nats_server.kill()
        assert (await watched.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        nats_server.start()
        assert (await watched.read()).status == health_pb2.HealthCheckResponse.SERVING
        watched.cancel()
    assert service.process.poll() is None


async def test_a_connection_that_is_closed_for_good_ends_it(start):
    # Beyond 4 kB in a line the broker drops a client, which does not come back by itself.
    code = (
        "from nats.aio.client import Client\n"
        "from seedbed.kernel.bus.connection import BoundedClient\n"
        "BoundedClient.publish = Client.publish\n"
        "import asyncio\n"
        "from seedbed.kernel.service import Service, run_service\n"
        "def build(kernel):\n"
        "    async def start():\n"
        "        asyncio.get_running_loop().call_later(1, lambda: asyncio.ensure_future(\n"
        "            kernel.bus.client.publish('x' * 5000, b'')))\n"
        "    return Service(names=['a.B'], start=start)\n"
        "run_service('small', build)\n"
    )
    service = start("-c", code)
    assert await service.ended(30) == 1
    assert "closed the connection for good" in service.log.read_text()


async def test_no_name_is_long_enough_for_the_broker_to_drop_us(bus):
    with pytest.raises(InputError, match="too long for the broker"):
        await bus.client.publish("x" * 5000, b"")
    with pytest.raises(InputError, match="too long for the broker"):
        await bus.read("RUNS", "r" * 5000)
    await bus.client.flush()
    assert bus.client.is_connected
