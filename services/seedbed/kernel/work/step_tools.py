"""What a step works with while it runs: its model, and the tools it is handed."""

from dataclasses import dataclass
from typing import Any

from seedbed.bus.v1.bus_pb2 import StepSpec, Usage
from seedbed.kernel.endpoint.chat_client import Seat, Teacher
from seedbed.kernel.endpoint.endpoint_pool import Pool
from seedbed.kernel.errors import ItemError
from seedbed.kernel.store.backend import Store
from seedbed.kernel.work.step import Step


@dataclass(frozen=True, slots=True)
class Model:
    """A teacher with this process's part of what its endpoints take."""

    teacher: Teacher
    permits: Pool


class StepTools:
    """What a step may use while one item runs; keeps count of what it costs."""

    def __init__(
        self,
        step: Step[Any, Any],
        spec: StepSpec,
        digest: str,
        store: Store,
        teacher: Teacher | None,
        seat: Seat | None = None,
    ) -> None:
        self.usage = Usage()
        self._step = step
        self._spec = spec
        self._digest = digest
        self._store = store
        self._teacher = teacher
        self._seat = seat

    @property
    def store(self) -> Store:
        """The store."""
        return self._store

    async def ask(self, **values: Any) -> Any:
        """Render the step's prompt and return the parsed reply. Raises MalformedReply, Refused."""
        if self._teacher is None or self._step.prompt is None:
            raise ItemError(f"the step {self._step.name} has no teacher to ask")
        answer = await self._teacher.ask(
            self._step.prompt, values, self._spec.sampling, self._digest, self.usage, self._seat
        )
        return answer.reply
