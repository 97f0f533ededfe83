import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from seedbed.cli.stack.broker import health as module
from seedbed.cli.stack.broker.health import keep_healthy

TROUBLE = "JetStream stream 'WORK' write error: no space left on device"


@dataclass
class Broker:
    """Stands in for its keeper."""

    name: str = "nats-server"
    restarts: int = 0

    async def restart(self) -> None:
        self.restarts += 1


@pytest.fixture
async def monitor():
    """What a broker's monitor says: nothing ails it until it is told otherwise."""
    answer: dict[str, Any] = {"status": 200, "error": ""}

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"error": answer["error"]}, status=answer["status"])

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield answer, runner.addresses[0][1]
    await runner.cleanup()


@pytest.mark.parametrize(
    ("answer", "room", "restarted"),
    [
        ({"status": 200, "error": ""}, 0, False),
        ({"status": 503, "error": "JetStream is recovering"}, 0, False),
        ({"status": 503, "error": TROUBLE}, 0, True),
        ({"status": 503, "error": TROUBLE}, 1 << 60, False),
    ],
    ids=["well", "starting", "cannot write", "no room yet"],
)
async def test_a_broker_that_cannot_write_starts_anew_when_there_is_room(
    monitor, tmp_path, monkeypatch, answer, room, restarted
):
    monkeypatch.setattr(module, "_LOOK", 0.02)
    monkeypatch.setattr(module, "_ROOM", room)
    told: list[str] = []
    (state, port), broker = monitor, Broker()
    state.update(answer)
    watch = asyncio.create_task(keep_healthy(broker, port, tmp_path, told.append))
    await asyncio.sleep(0.3)
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    assert (broker.restarts > 0) == restarted
    assert len(told) == (TROUBLE in answer["error"])
    assert all(TROUBLE in line for line in told)
