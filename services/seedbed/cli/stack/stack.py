"""The stack of one machine: broker, services and perhaps the rehearsal teacher, each its own process."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from seedbed.cli.render.failure import read_rpc_error
from seedbed.cli.stack.broker.health import keep_healthy
from seedbed.cli.stack.processes.child import Program
from seedbed.cli.stack.processes.supervisor import Notify, StartError, Supervisor
from seedbed.cli.stack.programs import WORKERS, address
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.rpc.channel import OPEN, Access, open_channel

_START_TIMEOUT = 60.0
_NOT_A_SERVICE = ("nats-server", "rehearsal", "collector")


class Stack:
    """Runs programs side by side. Enter it holding the state folder."""

    def __init__(
        self, state: StateFolder, programs: Sequence[Program], ports: Mapping[str, int], notify: Notify
    ) -> None:
        self._state = state
        self._ports = ports
        self._programs = programs
        self._notify = notify
        self._supervisors: dict[str, Supervisor] = {}
        self._health: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            for number, program in enumerate(self._programs):
                if program.name in WORKERS and self._programs[number - 1].name not in WORKERS:
                    # They would begin with what an earlier command left, before `runs` has emptied its queue.
                    await self.ready("runs")
                supervisor = Supervisor(
                    program, self._state.log(program.name), self._state.processes, self._notify
                )
                self._supervisors[program.name] = supervisor
                await supervisor.start()
            self._watch_broker()
        except BaseException:
            await self.stop()
            raise
        return self

    def _watch_broker(self) -> None:
        broker, monitor = self._supervisors.get("nats-server"), self._ports.get("nats-monitor")
        if broker and monitor:
            watch = keep_healthy(broker, monitor, self._state.jetstream, self._notify)
            self._health = asyncio.create_task(watch, name="health of nats-server")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def ready(self, *names: str) -> None:
        """Wait until these answer; all where none is named. Raises StartError."""
        chosen = names or tuple(self._supervisors)
        try:
            async with asyncio.TaskGroup() as group:
                for name in chosen:
                    group.create_task(self._supervisors[name].ready(self._probe(name), _START_TIMEOUT))
        except* StartError as failed:
            raise failed.exceptions[0] from None

    async def _probe(self, name: str) -> None:
        where = address(self._ports[name])
        if name in _NOT_A_SERVICE:
            await wait_open(where)
        else:
            await wait_serving(where)

    async def stop(self) -> None:
        """End everything: services first, as they still have things to put down; the broker last."""
        if self._health is not None:
            self._health.cancel()
            await asyncio.gather(self._health, return_exceptions=True)
        for names in ([n for n in self._supervisors if n not in _NOT_A_SERVICE], list(_NOT_A_SERVICE)):
            supervisors = [self._supervisors[name] for name in names if name in self._supervisors]
            await asyncio.gather(*(supervisor.stop(supervisor.patience) for supervisor in supervisors))
        self._supervisors.clear()
        self._state.processes.clear()


async def wait_open(where: str) -> None:
    """Wait until something listens there."""
    host, _, port = where.rpartition(":")
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def look_at(where: str, access: Access = OPEN) -> str:
    """What the gRPC server there says of itself, in words."""
    async with open_channel(where, access) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.aio.AioRpcError as error:
            return read_rpc_error(error, where).message
        return f"it answers {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}"


async def wait_serving(where: str, access: Access = OPEN) -> None:
    """Wait until the gRPC server there says that it serves."""
    await wait_open(where)
    async with open_channel(where, access) as channel:
        # The stub gets its methods when it is made, which its types leave out.
        health: Any = health_pb2_grpc.HealthStub(channel)
        while True:
            try:
                answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=2)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.aio.AioRpcError as error:
                if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                    raise
            await asyncio.sleep(0.1)
