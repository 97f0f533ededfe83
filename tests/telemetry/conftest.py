"""One real run of the whole stack, told to a collector in the test process: what tests hold it against."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.cli.stage import TAXONOMY, open_teacher, seedbed
from tests.telemetry.listening import Heard, listening

DELAY = 0.25


@dataclass(frozen=True)
class Told:
    """What a run has told, and what it has made."""

    heard: Heard
    run: str
    samples: list[dict[str, object]]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A finished run with everything traced; long enough that queues are looked at while it goes on."""
    return asyncio.run(_run(tmp_path_factory.mktemp("told")))


async def _run(folder: Path) -> Told:
    async with listening() as heard, open_teacher(DELAY) as teacher:
        places = ("--state", folder / "state", "--out", folder / "dataset")
        asked = ("--teacher", teacher.url, "--model", "rehearsal", "--target", 4, "--concurrency", 4)
        ended = await seedbed(
            "generate", TAXONOMY, *places, *asked, "--json",
            SEEDBED_OTLP_ENDPOINT=heard.url, SEEDBED_TRACE_RATIO="1", SEEDBED_TELEMETRY_INTERVAL="1",
        )  # fmt: skip
    assert ended.code == 0, ended.err
    samples = pyarrow.parquet.read_table(folder / "dataset" / "samples.parquet").to_pylist()
    return Told(heard, ended.object["run"], samples)
