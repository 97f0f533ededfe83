"""Runs as long-running operations: how they are listed, shown and cancelled by google.longrunning."""

from google.longrunning.operations_pb2 import Operation
from google.rpc.code_pb2 import DATA_LOSS
from google.rpc.status_pb2 import Status

from seedbed.kernel.rpc.operations import PREFIX, new_operation
from seedbed.kernel.rpc.paging import by_name, take_page
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.v1.runs_service_pb2 import Run, RunMetadata

STAYS = "a run's record stays with its dataset"


def make_operation(run: ManagedRun, described: Run) -> Operation:
    """The operation of a run; done when the run has ended."""
    progress = described.progress
    metadata = RunMetadata(run=run.name, requests=progress.requests, progress=progress)
    operation = new_operation(run.name, metadata, done=not run.running)
    if operation.done:
        operation.response.Pack(described)
    return operation


class RunJobs:
    """Runs, as `OperationsApi` asks for them."""

    def __init__(self, manager: RunManager) -> None:
        self._manager = manager

    async def operation(self, name: str) -> Operation:
        """How a run is; one that cannot be read is done, with the reason as its error. Raises NotFound."""
        described = self._manager.describe(name)
        if described.broken:
            broken = Status(code=DATA_LOSS, message=described.broken)
            return Operation(name=f"{PREFIX}{name}", done=True, error=broken)
        return make_operation(self._manager.get(name), described)

    async def operations(self, size: int, token: str) -> tuple[list[Operation], str]:
        """In order of name. Raises InputError."""
        page, token = take_page(self._manager.names, by_name, size, token)
        return [await self.operation(name) for name in page], token

    async def cancel(self, name: str) -> None:
        """Stop a run. Raises NotFound, and Damaged where its record cannot be read."""
        await self._manager.cancel(name)
