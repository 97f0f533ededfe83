"""One real run of everything, reported to the test process: tests check telemetry by it.

`seedbed run` on two leaves, with a student that is made in a moment. Where there is a Prometheus, it looks on
from the first moment to the last. Those who ask for it stand in one group, so that it happens once.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
import pyarrow.parquet
import pytest

from seedbed.cli.reach.connect import local_access, open_runs
from seedbed.cli.stack.programs import address
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.settings import Settings
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.setup import exporting
from seedbed.runs.v1.runs_service_pb2 import ListRunsRequest
from tests.cli.stage import TAXONOMY, Ended, finish, open_teacher, start
from tests.servers.prometheus import Prometheus
from tests.telemetry.listening import Heard, listening

marks = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("live_run")]
PATIENCE = 840
CALLER = "caller"
# Long enough that queues are looked at while they have something in them, and rates have two points.
DELAY = 0.5
# So many that the draws of a kind settle over seconds: two within one export have no rate.
TARGET = 12
LEAVES = ("--leaf", "knowledge/arts/**", "--leaf", "**/thank_you_notes")
SCRATCH = {"vocabulary": 400, "hidden": 64, "layers": 1, "heads": 2, "key_value_heads": 1, "epochs": 1}
PHASE = {"learning_rate": 0.001, "batch_samples": 8, "epochs": 1, "context": 1024}
RECIPE = {
    "precision": "float32",
    "scratch": SCRATCH,
    "phases": [
        {"name": "knowledge", "data": [{"kinds": ["knowledge"]}], **PHASE},
        {
            "name": "skills",
            "data": [{"kinds": ["compositional"]}],
            "replay": [{"phase": "knowledge"}],
            **PHASE,
        },
    ],
}


@dataclass(frozen=True)
class LiveRun:
    """What a run has reported, and what it has made."""

    received: Heard
    folder: Path
    ended: Ended
    samples: list[dict[str, Any]]
    prometheus: Prometheus | None
    began: float

    @property
    def run(self) -> str:
        """The name of the run that made the dataset."""
        return str(self.ended.object["generate"]["run"])


def run_everything(folder: Path, prometheus: Path | None) -> Iterator[LiveRun]:
    """From a taxonomy to a report, with everything traced."""
    with ExitStack() as stack:
        yield asyncio.run(_run(folder, prometheus, stack))


async def grow(folder: Path, teacher: str, **env: str) -> Ended:
    """The command; given again with the same folder it goes on, or has nothing to do."""
    recipe = folder / "recipe.yaml"
    recipe.write_text(json.dumps(RECIPE))
    asked = ("--student", "scratch", "--training-recipe", recipe, "--target", TARGET, "--questions", "4")
    places = ("--state", folder / "state", "--out", folder / "grown")
    endpoint = ("--teacher", teacher, "--model", "rehearsal", "--concurrency", 2)
    process = await start("run", TAXONOMY, *endpoint, *LEAVES, *asked, *places, "--json", **env)
    return await finish(process, PATIENCE)


async def _run(folder: Path, root: Path | None, stack: ExitStack) -> LiveRun:
    began, watcher = time.time(), None
    async with listening() as heard, open_teacher(DELAY) as teacher:
        if root is not None:
            watcher = Prometheus(root, folder, heard.url.removeprefix("http://"))
            stack.callback(watcher.stop)
            watcher.start()
        collector = {"SEEDBED_OTLP_ENDPOINT": heard.url, "SEEDBED_TRACE_RATIO": "1"}
        calling = asyncio.create_task(_call(folder / "state" / "ports.json", heard.url))
        ended = await grow(folder, teacher.url, **collector, SEEDBED_TELEMETRY_INTERVAL="1")
        await end_tasks([calling])
        # What was reported at the very end is still to be looked at.
        await asyncio.sleep(2 if watcher else 0)
    assert ended.code == 0, ended.err
    samples = pyarrow.parquet.read_table(folder / "grown" / "dataset" / "samples.parquet").to_pylist()
    return LiveRun(heard, folder, ended, samples, watcher, began)


async def _call(ports: Path, collector: str) -> None:
    """Somebody who asks how it goes, again and again, whether there is an answer or not, and tells of it."""
    async with exporting(Settings(otlp_endpoint=collector, telemetry_interval=1), CALLER):
        while True:
            await asyncio.sleep(0.2)
            with suppress(OSError, ValueError, KeyError, SeedbedError, grpc.aio.AioRpcError):
                where = address(json.loads(ports.read_text())["runs"])
                async with open_runs(where, local_access(StateFolder(ports.parent))) as runs:
                    while True:
                        await runs.stub.ListRuns(ListRunsRequest(), timeout=5)
                        await asyncio.sleep(0.2)
