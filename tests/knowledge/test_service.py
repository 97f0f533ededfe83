"""The whole service as its own process, over a real nats-server: an item goes in, a record comes out."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc

from seedbed.bus.v1.bus_pb2 import Item, Outcome, Plan, Record, RunEntry, RunState
from seedbed.cli.stack.ports import choose_ports
from seedbed.kernel.bus.streams import RUNS, STEPS, Bus
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.store.blobs import put_blob
from seedbed.kernel.store.folder import FolderStore
from seedbed.kernel.work.memo import Memo, memo_key
from seedbed.kernel.work.step import Step
from seedbed.knowledge.steps import AugmentChunk, CutDocument, RetellChunk, WritePairs
from seedbed.knowledge.v1.steps_pb2 import ChunkInput, ChunkResult
from seedbed.pipeline.items import Announce
from seedbed.pipeline.plan import SpecBook
from seedbed.pipeline.recipe import Recipe
from tests.kernel.looking import keys_of
from tests.knowledge.markdown import KOREAN
from tests.servers.nats import NatsServer
from tests.servers.process import spawn

STEP_LIST: list[Step[Any, Any]] = [CutDocument(), AugmentChunk(), RetellChunk(), WritePairs()]


async def record_of(bus: Bus, store: FolderStore, item: Item) -> Record:
    memo = Memo(bus, store)
    while True:
        if entry := await memo.get(memo_key(item)):
            return entry.record
        await asyncio.sleep(0.05)


async def test_it_serves_cuts_documents_and_stops_when_told(
    bus: Bus, nats_server: NatsServer, tmp_path: Path
):
    port = choose_ports(["knowledge"], {})["knowledge"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "SEEDBED_NATS_URL": nats_server.url,
        "SEEDBED_STORE_URL": f"file://{tmp_path}/store",
        "SEEDBED_LISTEN": f"127.0.0.1:{port}",
        "SEEDBED_TEACHER_URL": "http://127.0.0.1:9/v1",
        "SEEDBED_TEACHER_MODEL": "none",
        # There is no teacher, so what was announced to it would be waited for.
        "SEEDBED_GRACE": "1",
    }
    process = spawn([sys.executable, "-m", "seedbed.knowledge"], tmp_path / "log", environment)
    try:
        async with open_channel(f"127.0.0.1:{port}") as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service="seedbed.knowledge.v1.KnowledgeService")
            response = await health.Check(request, wait_for_ready=True, timeout=20)
            while response.status != health_pb2.HealthCheckResponse.SERVING:
                await asyncio.sleep(0.05)
                response = await health.Check(request, timeout=5)
        assert set(await keys_of(bus, STEPS)) == {step.name for step in STEP_LIST}
        await asyncio.wait_for(check_items(bus, FolderStore(tmp_path / "store")), 20)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
    finally:
        process.kill()
        process.wait()
    assert "fork" not in (tmp_path / "log").read_text()


async def check_items(bus: Bus, store: FolderStore) -> None:
    """A document is cut and followed; one without text becomes a failed record that names it."""
    specs = SpecBook([step.spec("none") for step in STEP_LIST])
    recipe = Recipe(chunk_tokens=60, augmentations=("atomic_facts",))
    plan = Plan(run="r1", steps=[step.spec("none") for step in STEP_LIST], recipe=recipe.canonical())
    entry = RunEntry(plan=plan, state=RunState.RUN_STATE_RUNNING)
    await (await bus.bucket(RUNS)).put("r1", entry.SerializeToString())
    items = []
    for path, content in (("jeongak.md", KOREAN), ("empty.md", "# Nothing\n")):
        blob = await put_blob(store, content.encode())
        value = ChunkInput(blob=blob, media_type="text/markdown", max_tokens=60, path=path)
        items.append(specs.make_item("r1", "leaf", 0, Announce("knowledge.chunk", value)))
        await bus.publish_work(items[-1])
    good, empty = [await record_of(bus, store, item) for item in items]
    assert good.outcome == Outcome.OUTCOME_DONE
    result = ChunkResult.FromString(good.result)
    assert {announced.step for announced in good.announced} == {"knowledge.augment"}
    assert len(good.announced) == result.total > 3
    assert empty.outcome == Outcome.OUTCOME_FAILED
    assert empty.reason.startswith("document empty.md yields no chunk: it holds nothing but headings")
