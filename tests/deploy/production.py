"""The services as production has them: users on the broker, TLS and tokens on every call, secrets by file."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from pydantic import SecretStr

from deploy.nats.permissions import TARGET
from seedbed.cli.commands.export import export_dataset
from seedbed.cli.reach.connect import Runs
from seedbed.cli.stack.broker.users import users
from seedbed.cli.stack.ports import choose_ports
from seedbed.cli.stack.stack import wait_serving
from seedbed.kernel.rpc.channel import Access, open_channel
from seedbed.kernel.settings import Settings
from seedbed.runs.v1.runs_service_pb2 import CreateRunRequest, Run, RunMetadata, WatchRunRequest
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub
from seedbed.runs.v1.store_service_pb2_grpc import StoreServiceStub
from seedbed.taxonomy.v1.taxonomy_service_pb2 import ImportRequest
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from tests.kernel.certificates import Authority
from tests.servers.nats import NatsServer
from tests.servers.process import end, spawn, wait_until

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("taxonomy", "runs", "knowledge", "skills", "judge")
TOKEN, API_KEY = "marked-token-7f3a", "marked-api-key-91c2"


def password(user: str) -> str:
    return f"marked-password-of-{user}-5d1e"


def users_of(folder: Path, more: str = "") -> NatsServer:
    """A broker with the users of production. `more` is added to its configuration."""
    folder.mkdir(exist_ok=True)
    shutil.copy(TARGET, folder / "users.conf")
    passwords = {f"SEEDBED_NATS_PASSWORD_{user.name.upper()}": password(user.name) for user in users()}
    return NatsServer(folder, f"include ./users.conf\n{more}", passwords)


@dataclass
class Production:
    """Everything in one folder. `secrets` alone may hold what nobody shall find elsewhere."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ports = choose_ports([*SERVICES, "teacher"], {})
        (self.folder / "logs").mkdir()
        self.broker = users_of(self.folder / "nats")
        self.settings = Authority(self.folder / "secrets").settings(mutual=True)

    @property
    def access(self) -> Access:
        return Access.of(self.settings.model_copy(update={"api_token": SecretStr(TOKEN)}))

    def where(self, name: str) -> str:
        return f"localhost:{self.ports[name]}"

    def start(self) -> None:
        self.broker.start()
        teacher = ("--listen", f"127.0.0.1:{self.ports['teacher']}")
        self._spawn("teacher", "rehearsal", *teacher)
        log = self.folder / "logs" / "teacher.log"
        wait_until(lambda: b"http" in log.read_bytes(), self.processes["teacher"], log, patience=20)
        for name in SERVICES:
            self._spawn(name, name)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            end(process)
        self.broker.stop()

    def command_lines(self) -> str:
        """What anyone on the machine may read of the processes."""
        found = [*self.processes.values(), self.broker.process]
        return "\n".join(word for process in found for word in psutil.Process(process.pid).cmdline())

    async def ready(self) -> None:
        for name in SERVICES:
            try:
                await asyncio.wait_for(wait_serving(self.where(name), self.access), 40)
            except TimeoutError:
                log = (self.folder / "logs" / f"{name}.log").read_text()
                raise AssertionError(f"{name} does not serve:\n{log[-2000:]}") from None

    async def make_run(self, taxonomy: Path, target: int) -> Run:
        """Take a taxonomy from its import to its dataset."""
        places = {name: self.where(name) for name in ("taxonomy", "runs")}
        return await run_taxonomy(places, self.access, str(taxonomy), target, self.folder / "dataset")

    def environment(self) -> dict[str, str]:
        """What reaches the services from outside."""
        tls = {name: getattr(self.settings, name) for name in ("tls_cert", "tls_key", "tls_ca")}
        given = {**tls, "api_token_file": self._keep("token", f"{TOKEN} another-token")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
        kept["PYTHONPATH"] = str(ROOT / "services")
        return {**kept, **{f"SEEDBED_{name.upper()}": value for name, value in given.items()}}

    def _spawn(self, name: str, module: str, *arguments: str) -> None:
        log = self.folder / "logs" / f"{name}.log"
        command = [sys.executable, "-m", f"seedbed.{module}", *arguments]
        environment = {**self.environment(), **(self._own(name) if name in SERVICES else {})}
        self.processes[name] = spawn(command, log, environment)

    def _own(self, name: str) -> dict[str, str]:
        settings = {
            "tls_client_ca": self.settings.tls_client_ca,
            "nats_url": self.broker.url,
            "nats_user": name,
            "nats_password_file": self._keep(f"nats-{name}", password(name)),
            "store_url": f"file://{self.folder}/store",
            "listen": f"127.0.0.1:{self.ports[name]}",
            "taxonomy_address": self.where("taxonomy"),
            "runs_address": self.where("runs"),
            "teacher_url": f"http://127.0.0.1:{self.ports['teacher']}/v1",
            "teacher_model": "rehearsal",
            "teacher_api_key_file": self._keep("api-key", API_KEY),
            "cache_folder": str(self.folder / "cache"),
            "log_level": "debug",
        }
        return {f"SEEDBED_{name.upper()}": value for name, value in settings.items()}

    def _keep(self, name: str, secret: str) -> str:
        path = self.folder / "secrets" / name
        path.write_text(f"{secret}\n")
        return str(path)


async def run_taxonomy(
    places: Mapping[str, str], access: Access, source: str, target: int, dataset: Path
) -> Run:
    """Take a taxonomy from its import to its dataset, as a caller does."""
    async with open_channel(places["taxonomy"], access) as channel:
        stub: Any = TaxonomyServiceStub(channel)
        imported = await stub.Import(ImportRequest(source=source), timeout=30)
    async with open_channel(places["runs"], access) as channel:
        stub = RunsServiceStub(channel)
        asked = CreateRunRequest(snapshot=imported.snapshot, target=target, request_id=str(uuid4()))
        metadata, run = RunMetadata(), Run()
        (await stub.CreateRun(asked, timeout=30)).metadata.Unpack(metadata)
        async for answer in stub.WatchRun(WatchRunRequest(run=metadata.run), timeout=90):
            run = answer.run
        await export_dataset(
            Runs(stub, StoreServiceStub(channel), places["runs"], live=True), run.name, dataset
        )
    return run


def nats_settings(broker: NatsServer, user: str) -> Settings:
    """How a process connects as a user."""
    return Settings(nats_url=broker.url, nats_user=user, nats_password=SecretStr(password(user)))
