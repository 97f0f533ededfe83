"""What telemetry costs a worker: switched off, on, and on for every trace, in turns of a few hundred calls.

`python benchmarks/hooks.py --turns 30`. One process works on all of it, with a real broker, the mock endpoint
and the collector beside it, so what the machine is at besides falls on all three alike. What a turn puts off
is done within it: values are sorted into their buckets, and a batch of spans is sent. For each call there are
one and a quarter items. `telemetry.py` measures whole stacks, which a busy machine blurs.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.telemetry import open_collector
from seedbed.kernel.bus.streams import WORK, Bus
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.telemetry.items import first
from seedbed.kernel.telemetry.meters import Instrument, collect
from seedbed.kernel.telemetry.otlp import Otlp
from seedbed.kernel.telemetry.spans import tracing
from tests.faults.stage import open_teacher
from tests.kernel.chain import open_run, sow, working
from tests.servers.nats import NatsServer

MODES = {"off": 0.0, "default": 0.01, "all": 1.0}
ITEMS, WORDS = 200, 4


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seedbed-bench-") as name:
        folder = Path(name)
        with open_collector(folder) as url, open_teacher(folder, delay_ms=0) as teacher:
            spent = uvloop.run(_measure(folder, url, teacher.url, options.turns))
    least = statistics.median(spent["off"])
    for mode, seconds in spent.items():
        more = statistics.median(one - off for one, off in zip(seconds, spent["off"], strict=True))
        figure = statistics.median(seconds) * 1e6
        print(f"{mode:8}{figure:>8.0f} µs of CPU a call{more * 1e6:>8.0f} µs more{more / least:>8.1%}")


async def _measure(folder: Path, url: str, teacher: str, turns: int) -> dict[str, list[float]]:
    server = NatsServer(folder)
    server.start()
    spent: dict[str, list[float]] = {mode: [] for mode in MODES}
    otlp = Otlp({"service.name": "benchmark"}, url, 3600)
    bus = await Bus.connect(Settings(nats_url=server.url), "benchmark")
    try:
        await bus.prepare()
        await open_run(bus)
        store = await open_store((folder / "store").as_uri())
        async with working(server.url, store, teacher, ack_wait=30):
            await _work(bus, otlp, "warm", 0.0)
            # As every service does once it is up.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 20)
            for turn in range(turns):
                for mode in _turned(turn):
                    spent[mode].append(await _work(bus, otlp, f"{mode}{turn}", MODES[mode], mode != "off"))
    finally:
        await bus.close()
        server.stop()
    return spent


def _turned(number: int) -> list[str]:
    modes = list(MODES)
    start = number % len(modes)
    return modes[start:] + modes[:start]


async def _work(bus: Bus, otlp: Otlp, name: str, ratio: float, on: bool = False) -> float:  # noqa: FBT001, FBT002
    """CPU seconds a call, of this process and all its threads."""
    Instrument.on, tracing.sink, tracing.ratio = on, otlp if on else None, ratio
    began = time.process_time()
    for number in range(ITEMS):
        item = sow(" ".join(f"{name}-{number}-{word}" for word in range(WORDS)))
        with first(item, preparing=False):
            await bus.publish_work(item)
    while (await bus.js.stream_info(WORK)).state.messages:  # noqa: ASYNC110  no event tells of it
        await asyncio.sleep(0.02)
    collect()
    # A hundredth of the spans is no batch yet: in a service it waits for five seconds.
    if ratio == 1:
        await otlp.flush()
    return (time.process_time() - began) / (ITEMS * WORDS)


if __name__ == "__main__":
    main()
