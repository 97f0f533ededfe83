"""Reaching a trainer: a named one, that of a state folder's stack, or one brought up for the moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.cli.reach.connect import OPTIONS, local_access, reach_stack, readable_errors, server_access
from seedbed.cli.stack.processes.supervisor import Notify
from seedbed.cli.stack.programs import address
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.rpc.channel import Access, open_channel
from seedbed.trainer.v1.trainer_service_pb2_grpc import TrainerServiceStub

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.trainer.v1.trainer_service_pb2_grpc import TrainerServiceAsyncStub

WITH_TRAINER = ("runs", "trainer")


class Trainer:
    """The trainer of some stack. `live`: whether it goes on when we have looked."""

    def __init__(self, stub: "TrainerServiceAsyncStub", where: str, *, live: bool) -> None:
        self.stub = stub
        self.where = where
        self.live = live


@asynccontextmanager
async def open_trainer(where: str, access: Access, *, live: bool = True) -> AsyncIterator[Trainer]:
    """A trainer at an address."""
    async with open_channel(where, access, OPTIONS) as channel:
        stub: TrainerServiceAsyncStub = TrainerServiceStub(channel)
        with readable_errors(where):
            yield Trainer(stub, where, live=live)


@asynccontextmanager
async def reach_trainer(server: str, root: Path, notify: Notify) -> AsyncIterator[Trainer]:
    """The trainer at `server`; "" for that of the state folder's stack, brought up where it is down."""
    if server:
        async with open_trainer(server, server_access(server)) as trainer:
            yield trainer
        return
    state = StateFolder(root)
    async with (
        reach_stack(state, WITH_TRAINER, notify) as (ports, live),
        open_trainer(address(ports["trainer"]), local_access(state), live=live) as trainer,
    ):
        yield trainer
