"""A whole garden in one process: the runs service over gRPC, a worker with all steps, a real bus."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from google.longrunning.operations_pb2_grpc import OperationsStub, add_OperationsServicer_to_server
from grpc_health.v1 import health_pb2, health_pb2_grpc

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.cli.stack.ports import choose_ports
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.rpc.operations import OperationsApi
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.plans import Plans
from seedbed.kernel.work.worker import Worker
from seedbed.runs.api.operations import STAYS, RunJobs
from seedbed.runs.api.service import RunsApi
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.upkeep.api import StoreApi
from seedbed.runs.upkeep.mirrors import Mirrors
from seedbed.runs.v1 import runs_service_pb2 as pb
from seedbed.runs.v1 import store_service_pb2 as spb
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub, add_RunsServiceServicer_to_server
from seedbed.runs.v1.store_service_pb2_grpc import StoreServiceStub, add_StoreServiceServicer_to_server
from seedbed.taxonomy.v1.leaf_pb2 import Leaf
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from tests.runs.leaves import snapshot_of
from tests.runs.steps import Hand, make_steps
from tests.servers.process import end, spawn

PATIENCE = 30.0


class Client:
    """Calls on a runs service."""

    def __init__(self, channel: Any, store: Store) -> None:
        self.stub: Any = RunsServiceStub(channel)
        self.operations: Any = OperationsStub(channel)
        self.upkeep: Any = StoreServiceStub(channel)
        self.store = store

    async def sow(self, *leaves: Leaf) -> str:
        """Keep a snapshot of these leaves."""
        digest, snapshot = snapshot_of(*leaves)
        await self.store.put(f"snapshots/{digest}", message_bytes(snapshot))
        return digest

    async def create(self, snapshot: str, **values: Any) -> Any:
        """Create a run; its name."""
        operation = await self.stub.CreateRun(
            pb.CreateRunRequest(snapshot=snapshot, **values), timeout=PATIENCE
        )
        return operation.name.removeprefix("operations/")

    async def get(self, run: str) -> Any:
        return await self.stub.GetRun(pb.GetRunRequest(run=run), timeout=PATIENCE)

    async def watch(self, run: str) -> Any:
        """The run as it is at its end."""
        last = None
        async for answer in self.stub.WatchRun(pb.WatchRunRequest(run=run), timeout=PATIENCE):
            last = answer.run
        assert last is not None
        return last

    async def make(self, *leaves: Leaf, **values: Any) -> Any:
        """A run of these leaves, to its end."""
        return await self.watch(await self.create(await self.sow(*leaves), **values))

    async def candidates(self, run: str, **values: Any) -> list[Any]:
        call = self.stub.ListCandidates(pb.ListCandidatesRequest(run=run, **values), timeout=PATIENCE)
        return [answer.candidate async for answer in call]

    async def parts(self, run: str) -> dict[str, str]:
        """Digests of the finished parts."""
        dataset = await self.stub.GetDataset(pb.GetDatasetRequest(run=run), timeout=PATIENCE)
        return {part.path: part.part for part in dataset.parts}

    async def letters(self, run: str) -> list[Any]:
        answer = await self.stub.ListDeadLetters(pb.ListDeadLettersRequest(run=run), timeout=PATIENCE)
        return list(answer.letters)

    async def forget(self, document: str, **values: Any) -> Any:
        """What the last message of an erasure says."""
        request = spb.ForgetRequest(document=document, confirm=True, **values)
        call = self.upkeep.Forget(request, timeout=PATIENCE)
        return [answer async for answer in call][-1]

    async def collect(self, **values: Any) -> Any:
        """What the last message of a collection of garbage says."""
        said = {"grace": timedelta(), "allow_short_grace": True, "confirm": True, **values}
        call = self.upkeep.CollectGarbage(spb.CollectGarbageRequest(**said), timeout=PATIENCE)
        return [answer async for answer in call][-1]

    async def until(self, run: str, requests: int) -> None:
        """Wait until so many calls are on record."""
        async with asyncio.timeout(PATIENCE):
            while (await self.get(run)).progress.requests < requests:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def connect(nats_url: str) -> AsyncIterator[Bus]:
    bus = await Bus.connect(Settings(nats_url=nats_url), "test")
    try:
        yield bus
    finally:
        await bus.close()


@contextlib.asynccontextmanager
async def serve_runs(
    nats_url: str, store: Store, *, resume: bool = True, mirrors: Any = None, cache: Path = Path("/nowhere")
) -> AsyncIterator[Client]:
    """The runs service in this process, over gRPC."""
    async with connect(nats_url) as bus:
        manager = RunManager(bus, store, concurrency=16, resume=resume)
        server = Server([], reflect=False)
        add_RunsServiceServicer_to_server(RunsApi(manager, bus, store), server.grpc)
        add_OperationsServicer_to_server(OperationsApi(RunJobs(manager), stays=STAYS), server.grpc)
        away: Any = TaxonomyServiceStub(open_channel("127.0.0.1:9"))
        upkeep = StoreApi(manager, bus, store, Mirrors(mirrors or away), cache)
        add_StoreServiceServicer_to_server(upkeep, server.grpc)
        port = await server.start("127.0.0.1:0")
        await manager.start()
        try:
            async with open_channel(f"127.0.0.1:{port}") as channel:
                yield Client(channel, store)
        finally:
            await server.stop(0)
            await manager.stop()


@contextlib.asynccontextmanager
async def spawn_runs(
    nats_url: str, store: Store, folder: Path
) -> AsyncIterator[tuple[subprocess.Popen[bytes], Client]]:
    """The runs service as a process of its own."""
    address = f"127.0.0.1:{choose_ports(['runs'], {})['runs']}"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "SEEDBED_NATS_URL": nats_url,
        "SEEDBED_STORE_URL": f"file://{folder}/store",
        "SEEDBED_LISTEN": address,
        "SEEDBED_GRACE": "1",
    }
    process = spawn([sys.executable, "-m", "seedbed.runs"], folder / "runs.log", environment)
    try:
        async with open_channel(address) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            serving = health_pb2.HealthCheckResponse.SERVING
            wanted = health_pb2.HealthCheckRequest(service="seedbed.runs.v1.RunsService")
            status = None
            while status != serving:
                status = (await health.Check(wanted, wait_for_ready=True, timeout=PATIENCE)).status
                await asyncio.sleep(0.02)
            yield process, Client(channel, store)
    finally:
        end(process)


@contextlib.asynccontextmanager
async def work(nats_url: str, store: Store, hand: Hand) -> AsyncIterator[None]:
    """A worker in this process with all steps."""
    async with connect(nats_url) as bus:
        plans = Plans(bus)
        following = asyncio.create_task(plans.follow())
        worker = Worker(bus, store, plans, make_steps(hand), {}, ack_wait=5, heartbeat=1.5)
        await worker.start()
        try:
            yield
        finally:
            await worker.stop(0)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def succeeded(run: pb.Run) -> bool:
    return run.state == RunState.RUN_STATE_SUCCEEDED


async def refused(call: Any) -> Any:
    """The error of a call that must not be answered."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value
