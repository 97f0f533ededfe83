"""Looks at runs: one, all of them, or one to its end, over restarts of the service that reports it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import grpc.aio

from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.failure import read_rpc_error
from seedbed.cli.render.progress import open_display
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.summary import has_ended
from seedbed.runs.v1.runs_service_pb2 import GetRunRequest, ListRunsRequest, Run, WatchRunRequest

CALL_TIMEOUT = 30.0

# What a service says that is on its way out or not up again yet.
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
_PATIENCE = 120.0
_PAUSE = 0.5
_PAGE = 100

Revive = Callable[[], Awaitable[object]]


async def get_run(runs: Runs, name: str) -> Run:
    """A run as it stands now. Raises RemoteError where there is none."""
    return await runs.stub.GetRun(GetRunRequest(run=name), timeout=CALL_TIMEOUT)


async def list_runs(runs: Runs) -> list[Run]:
    """Every run of the stack, in the service's order, however many pages that takes."""
    found: list[Run] = []
    token = ""
    while True:
        request = ListRunsRequest(page_size=_PAGE, page_token=token)
        page = await runs.stub.ListRuns(request, timeout=CALL_TIMEOUT)
        found += page.runs
        token = page.next_page_token
        if not token:
            return found


async def watch_run(
    runs: Runs,
    name: str,
    screen: Screen,
    note: Callable[[Run], None] = lambda _: None,
    revive: Revive | None = None,
) -> Run:
    """Show a run until it ends; `note` hears of each of its states, too. Returns the last."""
    latest = Run(name=name)
    with open_display(screen) as display:

        async def show_signs_of_life() -> None:
            while True:
                await asyncio.sleep(1)
                display.update(latest)

        signs = asyncio.create_task(show_signs_of_life())
        try:
            async for run in follow_run(runs, name, screen, revive):
                latest = run
                note(run)
                display.update(run)
        finally:
            signs.cancel()
    return latest


async def follow_run(
    runs: Runs, name: str, screen: Screen, revive: Revive | None = None
) -> AsyncIterator[Run]:
    """The run's states as they come, to its end. Raises RemoteError where the service stays away.

    A service that was away may have started anew and wait to be asked for the run again: `revive` asks.
    """
    away = 0.0
    while True:
        try:
            if away and revive:
                await revive()
            async for answer in runs.stub.WatchRun(WatchRunRequest(run=name)):
                away = 0.0
                yield answer.run
                if has_ended(answer.run):
                    return
        except grpc.aio.AioRpcError as error:
            if error.code() not in _AWAY or away >= _PATIENCE:
                raise read_rpc_error(error, runs.where) from error
            if not away:
                screen.warn("the runs service is away; waiting for it")
        away += _PAUSE
        await asyncio.sleep(_PAUSE)
