"""Reaching the services: a named server, the stack of a state folder, or one brought up for the moment."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc.aio

from seedbed.cli.render.failure import read_rpc_error
from seedbed.cli.stack.ports import claimant_of
from seedbed.cli.stack.processes.supervisor import Notify, StartError
from seedbed.cli.stack.programs import DORMANT, HOST, address, make_programs, port_names
from seedbed.cli.stack.stack import Stack, look_at, wait_serving
from seedbed.cli.stack.state import LOOK, StateFolder
from seedbed.kernel.errors import NotFound
from seedbed.kernel.rpc.channel import Access, open_channel
from seedbed.kernel.settings import load_settings
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.interface import Store
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub
from seedbed.runs.v1.store_service_pb2_grpc import StoreServiceStub
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub

if TYPE_CHECKING:  # exist in the typed stubs only
    from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceAsyncStub
    from seedbed.runs.v1.store_service_pb2_grpc import StoreServiceAsyncStub
    from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceAsyncStub

_START = 30.0
# Services of one machine come back within seconds when they are started again.
OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class Runs:
    """The runs service of some stack. `live`: whether its workers are at work."""

    def __init__(
        self,
        stub: "RunsServiceAsyncStub",
        upkeep: "StoreServiceAsyncStub",
        where: str,
        *,
        live: bool,
    ) -> None:
        self.stub = stub
        self.upkeep = upkeep
        self.where = where
        self.live = live


@contextmanager
def readable_errors(where: str) -> Iterator[None]:
    """Turn what gRPC raises into an error of ours."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise read_rpc_error(error, where) from error


def local_access(state: StateFolder) -> Access:
    """What the stack of a state folder asks for: its own address needs no certificate."""
    return Access(token=state.token)


def server_access(server: str) -> Access:
    """What a named server asks for: by the settings, unless it is of a stack that this user has up here."""
    host, _, port = server.rpartition(":")
    # `localhost` may be another place, where somebody else listens.
    own = claimant_of(int(port)) if host == HOST and port.isdecimal() else ""
    return local_access(StateFolder(Path(own))) if own else Access.of(load_settings())


@asynccontextmanager
async def open_runs(where: str, access: Access, *, live: bool = True) -> AsyncIterator[Runs]:
    """A runs service at an address."""
    async with open_channel(where, access, OPTIONS) as channel:
        stub: RunsServiceAsyncStub = RunsServiceStub(channel)
        upkeep: StoreServiceAsyncStub = StoreServiceStub(channel)
        with readable_errors(where):
            yield Runs(stub, upkeep, where, live=live)


@asynccontextmanager
async def open_taxonomy(where: str, access: Access) -> "AsyncIterator[TaxonomyServiceAsyncStub]":
    """A taxonomy service at an address."""
    async with open_channel(where, access, OPTIONS) as channel:
        stub: TaxonomyServiceAsyncStub = TaxonomyServiceStub(channel)
        with readable_errors(where):
            yield stub


@asynccontextmanager
async def reach_runs(
    server: str, root: Path, notify: Notify, beside: Sequence[str] = ()
) -> AsyncIterator[Runs]:
    """The runs service that is meant; where it is brought up, with these beside it."""
    if server:
        async with open_runs(server, server_access(server)) as runs:
            yield runs
        return
    state = StateFolder(root)
    async with (
        reach_stack(state, ("runs",), notify, beside) as (ports, live),
        open_runs(address(ports["runs"]), local_access(state), live=live) as runs,
    ):
        yield runs


@asynccontextmanager
async def reach_stack(
    state: StateFolder, services: Sequence[str], notify: Notify, beside: Sequence[str] = ()
) -> AsyncIterator[tuple[dict[str, int], bool]]:
    """Where these services of a state folder answer, the last of them waited for, and whether they live on.

    Where they do not run they are brought up for the moment, with others beside them.
    """
    if not state.exists:
        raise NotFound(
            f"there is no state folder {state.root}",
            hint="name the one you mean with --state, or a running stack with --server HOST:PORT",
        )
    ports = state.live_ports()
    async with AsyncExitStack() as opened:
        live = set(services) <= ports.keys()
        if not live:
            ports = await opened.enter_async_context(_for_the_moment(state, [*services, *beside], notify))
        else:
            await _wait_serving(services[-1], address(ports[services[-1]]))
        yield ports, live


async def reach_store(server: str, root: Path) -> Store:
    """The store that is meant: of a running stack elsewhere by the settings, else the state folder's."""
    settings = load_settings()
    if not server:
        return await open_store(StateFolder(root).store.as_uri())
    secret = settings.store_secret_key.get_secret_value()
    return await open_store(settings.store_url, access_key=settings.store_access_key, secret_key=secret)


async def _wait_serving(name: str, where: str) -> None:
    """Give a stack that is on its way up the time it takes."""
    try:
        await asyncio.wait_for(wait_serving(where), _START)
    except TimeoutError as error:
        seen = await look_at(where)
        hint = "it may wait for its broker or store: its log in the state folder says so"
        raise StartError(f"the {name} service at {where} does not serve: {seen}", hint=hint) from error


@asynccontextmanager
async def _for_the_moment(
    state: StateFolder, services: Sequence[str], notify: Notify
) -> AsyncIterator[dict[str, int]]:
    """Broker and a few services: enough to look at what is there, and nobody who works on it."""
    with state.hold(LOOK):
        ports = state.choose_ports(port_names(services, rehearsal=False))
        programs = make_programs(state, ports, None, DORMANT)
        async with Stack(state, programs, ports, notify) as stack:
            await stack.ready()
            yield ports
