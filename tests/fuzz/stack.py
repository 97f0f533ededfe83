"""All services as processes of their own: on a real broker, a folder as the store, the rehearsal teacher."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from seedbed.cli.stack.ports import choose_ports
from seedbed.kernel.rpc.channel import Access, open_channel
from tests.servers.nats import NatsServer
from tests.servers.process import end, spawn

SERVICES = ("runs", "taxonomy", "knowledge", "skills", "judge", "trainer", "evaluator")
"""`runs` first, as it makes what the others wait for."""
_START = 240.0


@dataclass
class Stack:
    """Where they answer, and their processes."""

    folder: Path
    nats_url: str
    ports: dict[str, int]
    processes: dict[str, subprocess.Popen[bytes]]

    def channel(self, service: str) -> grpc.aio.Channel:
        """A connection of its own."""
        # Without retries, so that what a service says is what is seen.
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        return open_channel(f"127.0.0.1:{self.ports[service]}", Access(), options)

    def log(self, service: str) -> str:
        """What it has written."""
        return (self.folder / f"{service}.log").read_text(errors="replace")

    async def health(self, service: str, patience: float = 30) -> str:
        """What it says of itself."""
        async with self.channel(service) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service="")
            answer = await stub.Check(request, timeout=patience, wait_for_ready=True)
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)

    async def serving(self) -> None:
        """Wait until all of them are."""
        async with asyncio.timeout(_START):
            for service in SERVICES:
                while await self.health(service, _START) != "SERVING":  # noqa: ASYNC110  it is asked
                    await asyncio.sleep(0.1)


@contextmanager
def open_stack(folder: Path) -> Iterator[Stack]:
    """The processes, gone with the test."""
    server = NatsServer(folder)
    server.start()
    ports = choose_ports([*SERVICES, "rehearsal"], {})
    stack = Stack(folder, server.url, ports, {})
    try:
        listen = f"127.0.0.1:{ports['rehearsal']}"
        command = [sys.executable, "-m", "seedbed.rehearsal", "--listen", listen]
        stack.processes["rehearsal"] = spawn(command, folder / "rehearsal.log", _environment(stack))
        for name in SERVICES:
            environment = {**_environment(stack), "SEEDBED_LISTEN": f"127.0.0.1:{ports[name]}"}
            command = [sys.executable, "-m", f"seedbed.{name}"]
            stack.processes[name] = spawn(command, folder / f"{name}.log", environment)
        yield stack
    finally:
        for process in reversed(stack.processes.values()):
            end(process)
        server.stop()


def _environment(stack: Stack) -> dict[str, str]:
    settings = {
        "NATS_URL": stack.nats_url,
        "STORE_URL": f"file://{stack.folder}/store",
        "CACHE_FOLDER": f"{stack.folder}/cache",
        "RUNS_ADDRESS": f"127.0.0.1:{stack.ports['runs']}",
        "TAXONOMY_ADDRESS": f"127.0.0.1:{stack.ports['taxonomy']}",
        "TEACHER_URL": f"http://127.0.0.1:{stack.ports['rehearsal']}/v1",
        "TEACHER_MODEL": "rehearsal",
        "ACK_WAIT": "5",
        "HEARTBEAT": "1.5",
        "GRACE": "1",
        "LOG_FORMAT": "text",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "HF_HUB_OFFLINE": "1",
        **{f"SEEDBED_{name}": value for name, value in settings.items()},
    }
