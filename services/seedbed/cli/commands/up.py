"""`seedbed up`: a stack that stays up until it is asked to stop."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from seedbed.cli.reach.endpoints import REHEARSAL, REHEARSAL_NOTICE, Wanted, choose_endpoints
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.cli.stack.collector import COLLECTOR, collector_address
from seedbed.cli.stack.programs import address
from seedbed.cli.stack.startup import Pace, bring_up
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.settings import load_settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """The arguments of `seedbed up`."""

    state: Path
    wanted: Wanted
    pace: Pace
    telemetry: bool = False


async def up(setup: Setup, screen: Screen) -> int:
    """Bring up a stack, say where it answers, and keep it up. Ends by Ctrl-C only."""
    settings = load_settings()
    endpoints = choose_endpoints(setup.wanted, settings)
    if endpoints.rehearsed:
        screen.warn(REHEARSAL_NOTICE)
    state = StateFolder(setup.state)
    with state.hold("up") as ended:
        if ended:
            screen.say(f"ended what a dead supervisor had left behind: {', '.join(ended)}")
        starting = bring_up(state, endpoints, settings, setup.pace, screen, collector=setup.telemetry)
        async with starting as (stack, ports):
            await stack.ready()
            _show(ports, state, screen)
            try:
                await asyncio.Event().wait()
            finally:
                screen.say("stopping")
    return 0


def _show(ports: dict[str, int], state: StateFolder, screen: Screen) -> None:
    places = {
        name: f"http://{address(port)}/v1" if name == REHEARSAL else address(port)
        for name, port in ports.items()
    }
    if COLLECTOR in ports:
        places[COLLECTOR] = f"{collector_address(ports[COLLECTOR])}/metrics"
    if screen.machine:
        screen.emit({"state": str(state.root), "addresses": places})
    table = make_table("process", "address")
    for name, place in places.items():
        table.add_row(name, place)
    screen.show(table)
    screen.say(f"logs: {state.root / 'logs'}")
    screen.say(f"from another terminal: seedbed runs list --state {state.root}; Ctrl-C stops the stack")
    screen.say(f"for other programs: SEEDBED_API_TOKEN_FILE={state.token_file}")
