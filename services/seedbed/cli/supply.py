"""A whole stack with its teachers: looked at before it starts, brought up on a state folder that is held."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from seedbed.cli.endpoints import Endpoint, Endpoints
from seedbed.cli.keeper import Notify
from seedbed.cli.local import SERVICES, make_programs, port_names
from seedbed.cli.options import AUTO
from seedbed.cli.stack import Stack
from seedbed.cli.state import StateFolder
from seedbed.kernel.errors import InputError
from seedbed.kernel.preflight import check_endpoint
from seedbed.kernel.teacher import Endpoint as Asked

AUTO_CEILING = 256
_PATIENCE = 20.0


@asynccontextmanager
async def bring_up(
    state: StateFolder, endpoints: Endpoints, overrides: Mapping[str, str], notify: Notify
) -> AsyncIterator[tuple[Stack, dict[str, int]]]:
    """Start everything; what is needed first is waited for by whoever needs it."""
    ports = state.choose_ports(port_names(SERVICES, rehearsal=endpoints.rehearsed))
    async with Stack(state, make_programs(state, ports, endpoints, overrides), ports, notify) as stack:
        yield stack, ports


async def preflight(endpoints: Endpoints, patience: float = 0, *, asking: bool = True) -> list[str]:
    """See that the endpoints answer before anything is started. Raises InputError that names the bad one.

    Those that will not be asked only have to be named. Of several for one role, one that answers is enough:
    returns what is wrong with the others.
    """
    for role, endpoint in endpoints.remote:
        _check_name(role, endpoint)
    if not asking:
        return []
    checks = [_check(*row, patience or _PATIENCE) for row in endpoints.remote]
    found = await asyncio.gather(*checks, return_exceptions=True)
    answers = [(role, error) for (role, _), error in zip(endpoints.remote, found, strict=True)]
    good = {role for role, error in answers if error is None}
    for role, error in answers:
        if error and not (role in good and isinstance(error, InputError)):
            raise error
    left_out = [error for _, error in answers if isinstance(error, InputError)]
    return [f"{error.message}; left out until it answers" for error in left_out]


def _check_name(role: str, endpoint: Endpoint) -> None:
    if not endpoint.model:
        option = "--model" if role == "teacher" else "--judge-model"
        raise InputError(
            f"the {role} at {endpoint.url} needs the name of a model",
            hint=f"give {option} NAME; {endpoint.url}/models lists what it serves",
        )


async def _check(role: str, endpoint: Endpoint, patience: float) -> None:
    asked = Asked(endpoint.url, endpoint.model, endpoint.api_key)
    try:
        await check_endpoint(asked, patience)
    except InputError as error:
        raise InputError(f"the {role}: {error.message}", error.violations, hint=error.hint) from error


def overrides_of(concurrency: int, timeout: float) -> dict[str, str]:
    """Settings given as options; they win over the environment."""
    ceiling = AUTO_CEILING if concurrency == AUTO else concurrency
    given = {"SEEDBED_CONCURRENCY": ceiling, "SEEDBED_REQUEST_TIMEOUT": timeout}
    probing = {"SEEDBED_PROBE": "true"} if concurrency == AUTO else {}
    return {name: f"{value:g}" for name, value in given.items() if value} | probing
