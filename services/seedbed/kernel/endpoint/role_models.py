"""The model of a role: its endpoints by the settings, with this process's part of their limits."""

import os
import socket

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.endpoint.endpoint import Endpoint
from seedbed.kernel.endpoint.endpoint_client import EndpointClient
from seedbed.kernel.endpoint.endpoint_pool import EndpointPool, LimitedEndpoint
from seedbed.kernel.endpoint.limits.permits import Permits
from seedbed.kernel.endpoint.openai.dialect import priority_of
from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import Settings, read_headers, split_urls
from seedbed.kernel.work.step_runner import Model
from seedbed.pipeline.kinds import Role


def open_model(bus: Bus, settings: Settings, role: Role) -> Model:
    """A model, ready to be asked. Raises InputError."""
    endpoints = endpoints_of(settings, role)
    name, place = name_process(settings, role)
    limited = [
        LimitedEndpoint(
            EndpointClient(endpoint),
            Permits(
                bus,
                endpoint.url,
                name,
                role,
                settings.concurrency,
                slots=settings.slots,
                low=settings.probe,
                place=place,
            ),
        )
        for endpoint in endpoints
    ]
    pool = EndpointPool(limited)
    pool.start()
    return Model(Teacher(endpoints[0]), pool)


def name_process(settings: Settings, role: Role) -> tuple[str, str]:
    """What this process is called where it shares a limit, and how all are that ever listened here."""
    place = f"{socket.gethostname()} {settings.listen} {role} "
    # Port 0 is another one each time.
    return f"{place}{os.getpid()}", "" if settings.listen.endswith(":0") else place


def endpoints_of(settings: Settings, role: Role) -> list[Endpoint]:
    """Where a role's model answers; the teacher judges where no judge is named. Raises InputError."""
    own = role == "judge" and settings.judge_url
    urls = split_urls(settings.judge_url if own else settings.teacher_url)
    if not urls:
        raise InputError("no teacher is named", hint="set SEEDBED_TEACHER_URL and SEEDBED_TEACHER_MODEL")
    key = settings.judge_api_key if own else settings.teacher_api_key
    dialect = settings.judge_dialect if own else settings.teacher_dialect
    parameters = settings.judge_parameters if own else settings.teacher_parameters
    headers = settings.judge_headers if own else settings.teacher_headers
    model = (settings.judge_model if role == "judge" else "") or settings.teacher_model
    return [
        Endpoint(
            url=url,
            model=model,
            api_key=key.get_secret_value(),
            context=settings.teacher_context,
            timeout=settings.request_timeout,
            dialect=dialect,
            priority=priority_of(role, dialect),
            parameters=parameters,
            more_headers=read_headers(headers.get_secret_value()),
        )
        for url in urls
    ]
