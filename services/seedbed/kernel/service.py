"""Brings one service up and down. The only place where the parts of the kernel are put together."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc.aio
import uvloop

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.endpoint.role_models import open_model
from seedbed.kernel.errors import BusError, SeedbedError
from seedbed.kernel.logs import configure_logs, get_logger
from seedbed.kernel.rpc.bearer_tokens import admin_tokens_of, tokens_of
from seedbed.kernel.rpc.certificates import server_credentials
from seedbed.kernel.rpc.channel import Access, open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.settings import Settings, load_settings
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.store_format import settle_store_format
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.endpoints import observe_endpoints
from seedbed.kernel.telemetry.setup import exporting
from seedbed.kernel.work.job_worker import JobWorker
from seedbed.kernel.work.plans import Plans
from seedbed.kernel.work.step import Step
from seedbed.kernel.work.step_runner import Model
from seedbed.kernel.work.worker import Worker
from seedbed.pipeline.kinds import Role

log = get_logger(__name__)

_LOOK = 0.25


@dataclass
class Kernel:
    """What a service is given to build itself from."""

    settings: Settings
    bus: Bus
    store: Store
    plans: Plans
    models: dict[str, Model] = field(default_factory=dict)

    def model(self, role: Role) -> Model:
        """The model of a role, with this process's part of its limit."""
        if role not in self.models:
            self.models[role] = open_model(self.bus, self.settings, role)
        return self.models[role]

    def channel(self, address: str) -> grpc.aio.Channel:
        """A channel to `host:port`, with certificate and token by the settings, for its opener to close."""
        return open_channel(address, Access.of(self.settings))


@dataclass
class Service:
    """What a service is made of."""

    names: Sequence[str] = ()
    """Full names of its gRPC services."""
    register: Callable[[grpc.aio.Server], None] = lambda _: None
    steps: Sequence[Step[Any, Any]] = ()
    job_worker: JobWorker | None = None
    start: Callable[[], Awaitable[None]] | None = None
    stop: Callable[[], Awaitable[None]] | None = None
    until: Callable[[], Coroutine[Any, Any, None]] | None = None
    """Returns when there is nothing left to do, and the service ends by itself."""


Build = Callable[[Kernel], Service]


def run_service(name: str, build: Build) -> None:
    """Run a service until it is asked to stop. Exits 2 where its settings cannot be, 1 without its broker."""
    try:
        settings = load_settings()
        configure_logs(settings, name)
        uvloop.run(_tell(name, settings, build))
    except SeedbedError as error:
        violations = [f"  {v.field}: {v.description}" for v in getattr(error, "violations", [])]
        lines = [error.message, *violations, *([error.hint] if error.hint else [])]
        sys.stderr.write("".join(f"{name}: {line}\n" for line in lines))
        sys.exit(1 if isinstance(error, BusError) else 2)


async def _tell(name: str, settings: Settings, build: Build) -> None:
    async with exporting(settings, name):
        await _serve(name, settings, build)


@dataclass
class _Running:
    """What has been brought up so far: a start that is cut short has to be brought down as well."""

    bus: Bus | None = None
    kernel: Kernel | None = None
    service: Service | None = None
    server: Server | None = None
    following: asyncio.Task[None] | None = None
    through: asyncio.Task[None] | None = None
    worker: Worker | None = None
    telemetry: asyncio.Task[None] | None = None

    async def bring_down(self, grace: float) -> None:
        """Stop taking items and calls, giving both so many seconds; then the service and its connections."""
        await end_tasks([self.telemetry] if self.telemetry else [])
        serving = asyncio.create_task(self.server.stop(grace)) if self.server else None
        if self.worker:
            await self.worker.stop(grace)
        if self.service and self.service.job_worker:
            # Beside the calls: who watches what is in flight would hold it up for the whole of the grace.
            await self.service.job_worker.stop(grace)
        if serving:
            await serving
        if self.service and self.service.stop:
            await self.service.stop()
        models = list(self.kernel.models.values()) if self.kernel else []
        await asyncio.gather(*(model.permits.stop() for model in models))
        for model in models:
            await model.teacher.close()
        await end_tasks(task for task in (self.following, self.through) if task)
        if self.bus:
            await self.bus.close()


async def _serve(name: str, settings: Settings, build: Build) -> None:
    # A start that is cut short has nothing under way, and an orphan has nobody to report to.
    stopping, running, grace = asyncio.Event(), _Running(), 0.0
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    up = asyncio.create_task(_bring_up(name, settings, build, running))
    asked_to_stop = asyncio.create_task(stopping.wait())
    orphaned = asyncio.create_task(_wait_for_orphanhood(settings.parent_pid))
    try:
        await asyncio.wait({up, asked_to_stop, orphaned}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            up.result()
            ends = {asked_to_stop, orphaned, *(task for task in (running.through, running.telemetry) if task)}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            log.info("stopping")
            if running.telemetry and running.telemetry.done():
                running.telemetry.result()
            grace = 0.0 if orphaned.done() else settings.grace
    finally:
        # Until it has ended: a single cancellation may get lost on Python 3.11, and it would wait for ever.
        await end_tasks([up])
        await running.bring_down(grace)
        await end_tasks([asked_to_stop, orphaned])


async def _bring_up(name: str, settings: Settings, build: Build, running: _Running) -> None:
    # What is wrong in keys and certificates is said before anything is connected.
    make_server = partial(
        Server,
        credentials=server_credentials(settings),
        tokens=tokens_of(settings),
        admin_tokens=admin_tokens_of(settings),
        reflect=settings.reflection,
    )
    running.kernel = kernel = await _connect(name, settings, running)
    running.service = service = build(kernel)
    server = make_server(service.names)
    service.register(server.grpc)
    running.server = server
    port = await server.start(settings.listen)
    await _start_work(service, kernel, running)
    observe_endpoints(kernel.models)
    # What is loaded stays: looking through it again and again costs one call in twenty at full load.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    await server.announce()
    running.telemetry = asyncio.create_task(_announce_health(kernel.bus, server))
    log.info("serving", port=port, steps=[step.name for step in service.steps])


async def _connect(name: str, settings: Settings, running: _Running) -> Kernel:
    """The broker and the store, neither of a later format than this code knows."""
    running.bus = bus = await Bus.connect(settings, name)
    await bus.check_format()
    store = await open_store(
        settings.store_url,
        access_key=settings.store_access_key,
        secret_key=settings.store_secret_key.get_secret_value(),
    )
    await settle_store_format(store, settings.store_url)
    return Kernel(settings, bus, store, Plans(bus))


async def _start_work(service: Service, kernel: Kernel, running: _Running) -> None:
    if service.start:
        await service.start()
    if service.steps:
        running.following = asyncio.create_task(kernel.plans.follow())
        models = {str(step.role): kernel.model(step.role) for step in service.steps if step.role}
        running.worker = Worker(
            kernel.bus,
            kernel.store,
            kernel.plans,
            service.steps,
            models,
            ack_wait=kernel.settings.ack_wait,
            heartbeat=kernel.settings.heartbeat,
        )
        await running.worker.start()
    if service.job_worker:
        await service.job_worker.start()
    if service.until:
        running.through = asyncio.create_task(service.until())


async def _announce_health(bus: Bus, server: Server) -> None:
    """A service without its broker serves nobody, until it is back. Raises BusError if it never is."""
    announced = True
    while not bus.client.is_closed:
        if bus.client.is_connected != announced:
            announced = bus.client.is_connected
            await (server.announce() if announced else server.withdraw())
        await asyncio.sleep(_LOOK)
    await server.withdraw()
    raise BusError("the broker has closed the connection for good", hint="started again, it connects anew")


async def _wait_for_orphanhood(parent: int) -> None:
    while not parent or os.getppid() == parent:  # noqa: ASYNC110  there is no event for it
        await asyncio.sleep(0.5)
