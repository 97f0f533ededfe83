"""Servers of models, kept running as long as they are held, and waited for while they load."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from seedbed.cli.stack.processes.child import Program
from seedbed.cli.stack.processes.supervisor import Notify, Supervisor
from seedbed.cli.stack.programs import address
from seedbed.cli.stack.state import StateFolder

_LOOK = aiohttp.ClientTimeout(total=2)
_STOP_PATIENCE = 10.0


@asynccontextmanager
async def loaded(
    programs: Mapping[int, Program], state: StateFolder, patience: float, notify: Notify
) -> AsyncIterator[None]:
    """Run programs, by the ports they answer at; entered once all have loaded. Raises StartError.

    `patience`: the seconds that loading may take.
    """
    supervisors = {
        port: Supervisor(program, state.log(program.name), state.processes, notify)
        for port, program in programs.items()
    }
    try:
        for supervisor in supervisors.values():
            await supervisor.start()
        for port, supervisor in supervisors.items():
            await supervisor.ready(_wait_well(port), patience)
        yield
    finally:
        await asyncio.gather(*(supervisor.stop(_STOP_PATIENCE) for supervisor in supervisors.values()))


async def _wait_well(port: int) -> None:
    async with aiohttp.ClientSession(timeout=_LOOK) as session:
        while not await _is_well(session, f"http://{address(port)}/health"):  # noqa: ASYNC110  no event to wait for
            await asyncio.sleep(0.5)


async def _is_well(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except (TimeoutError, aiohttp.ClientError, OSError):
        return False
