"""A whole stack with its teachers: looked at before it starts, brought up on a state folder that is held."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from seedbed.cli.apps.options import AUTO
from seedbed.cli.reach.endpoints import Endpoint, Endpoints
from seedbed.cli.render.screen import Screen
from seedbed.cli.stack.collector import COLLECTOR, collector_environment, with_collector
from seedbed.cli.stack.model_servers.vllm import serve_weights
from seedbed.cli.stack.programs import DORMANT, SERVICES, make_programs, port_names
from seedbed.cli.stack.stack import Stack
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.endpoint.endpoint import Endpoint as Asked
from seedbed.kernel.endpoint.preflight import Found, check_endpoint
from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import Settings
from seedbed.kernel.telemetry.setup import exporting
from seedbed.pipeline.kinds import Role

AUTO_CEILING = 256
_PATIENCE = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How the endpoints may be asked; 0 where it was not said."""

    concurrency: int = 0
    timeout: float = 0


@asynccontextmanager
async def bring_up(  # noqa: PLR0913  each says one thing
    state: StateFolder,
    endpoints: Endpoints,
    settings: Settings,
    pace: Pace,
    screen: Screen,
    *,
    asking: bool = True,
    dormant: bool = False,
    collector: bool = False,
    more: Sequence[str] = (),
) -> AsyncIterator[tuple[Stack, dict[str, int]]]:
    """Start everything, models first; what is needed first is waited for by whoever needs it.

    A teacher that is not asked need not be there. `dormant`: what an earlier command left undone waits.
    With a collector the stack tells it of its work, and so does this process. `more` are further services.
    """
    async with serve_weights(endpoints, state, settings, screen, asking=asking) as answering:
        report = await preflight(answering, pace.timeout, asking=asking)
        for trouble in report.troubles:
            screen.warn(trouble)
        for note in report.notes:
            screen.say(note)
        overrides = overrides_of(pace, choose_context(report.context, answering, settings))
        if dormant:
            overrides |= DORMANT
        names = port_names((*SERVICES, *more), rehearsal=endpoints.rehearsed, collector=collector)
        ports = state.choose_ports(names)
        if collector:
            token = state.keep_token()
            overrides |= collector_environment(ports[COLLECTOR], token, settings)
            settings = with_collector(ports[COLLECTOR], token, settings)
        stacked = Stack(state, make_programs(state, ports, answering, overrides), ports, screen.warn)
        # This process ends before the collector that it tells.
        async with stacked as stack, exporting(settings, "cli"):
            yield stack, ports


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """What was found at the endpoints: troubles a run can live with, and what they do not take."""

    troubles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    context: int = 0
    """The smallest window, in tokens; 0 where none of them tells."""


async def preflight(endpoints: Endpoints, patience: float = 0, *, asking: bool = True) -> PreflightReport:
    """See that the endpoints answer before anything is started. Raises InputError that names the bad one.

    Those that will not be asked only have to be named. Of several for one role, one that answers is enough.
    """
    for role, endpoint in endpoints.remote:
        _check_name(role, endpoint)
    if not asking:
        return PreflightReport()
    checks = [_check(*row, patience or _PATIENCE) for row in endpoints.remote]
    found = await asyncio.gather(*checks, return_exceptions=True)
    answers = [(role, answer) for (role, _), answer in zip(endpoints.remote, found, strict=True)]
    good = {role for role, answer in answers if isinstance(answer, Found)}
    for role, answer in answers:
        if isinstance(answer, BaseException) and not (role in good and isinstance(answer, InputError)):
            raise answer
    left_out = [answer.message for _, answer in answers if isinstance(answer, InputError)]
    looks = [(one, answer) for (_, one), answer in zip(endpoints.remote, found, strict=True)]
    good_looks = [(one, answer) for one, answer in looks if isinstance(answer, Found)]
    return PreflightReport(
        troubles=tuple(f"{message}; left out until it answers" for message in left_out),
        notes=tuple(f"{one.url} takes {'; '.join(look.notes)}" for one, look in good_looks if look.notes),
        context=min((look.context for _, look in good_looks if look.context), default=0),
    )


def _check_name(role: str, endpoint: Endpoint) -> None:
    if not endpoint.model:
        option = "--model" if role == "teacher" else "--judge-model"
        raise InputError(
            f"the {role} at {endpoint.url} needs the name of a model",
            hint=f"give {option} NAME; {endpoint.url}/models lists what it serves",
        )


async def _check(role: Role, endpoint: Endpoint, patience: float) -> Found:
    asked = Asked(
        endpoint.url,
        endpoint.model,
        endpoint.api_key,
        dialect=endpoint.dialect,
        parameters=endpoint.parameters,
        more_headers=endpoint.headers,
    )
    try:
        return await check_endpoint(asked, patience, role)
    except InputError as error:
        raise InputError(f"the {role}: {error.message}", error.violations, hint=error.hint) from error


def choose_context(configured: int, endpoints: Endpoints, settings: Settings) -> int:
    """The window that services are to keep to, where it is not the setting's: 0 where that holds."""
    windows = [
        configured,
        *(one.context for _, one in endpoints.remote if "teacher_context" not in settings.model_fields_set),
    ]
    return min([settings.teacher_context, *filter(None, windows)]) if any(windows) else 0


def overrides_of(pace: Pace, context: int = 0) -> dict[str, str]:
    """Settings given as options, or found out; they win over the environment."""
    probed = pace.concurrency == AUTO
    given = {
        "SEEDBED_CONCURRENCY": AUTO_CEILING if probed else pace.concurrency,
        "SEEDBED_REQUEST_TIMEOUT": pace.timeout,
        "SEEDBED_TEACHER_CONTEXT": context,
    }
    probing = {"SEEDBED_PROBE": "true"} if probed else {}
    return {name: f"{value:g}" for name, value in given.items() if value} | probing
