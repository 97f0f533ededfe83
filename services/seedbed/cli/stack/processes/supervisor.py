"""Keeps one program running: what ends by itself is started again, later each time."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from seedbed.cli.stack.processes.child import Child, Program, describe_exit
from seedbed.cli.stack.processes.process_list import ProcessList
from seedbed.kernel.errors import SeedbedError

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
_SETTLED = 30.0
_STILLBORN = 3
_RESTART_PATIENCE = 5.0

Notify = Callable[[str], None]


class StartError(SeedbedError):
    """A process of the stack does not come up."""

    code = "UNAVAILABLE"
    reason = "START_FAILED"


class Supervisor:
    """Starts a program and watches over it until it is stopped."""

    def __init__(self, program: Program, log: Path, processes: ProcessList, notify: Notify) -> None:
        self.name = program.name
        self._program = program
        self._log = log
        self._processes = processes
        self._notify = notify
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._was_ready = False
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def patience(self) -> float:
        """Seconds that the program is given to end."""
        return self._program.patience

    async def start(self) -> None:
        """Start the program and begin to watch over it."""
        await self._launch()
        self._task = asyncio.create_task(self._watch(), name=f"supervisor of {self.name}")

    async def ready(self, probe: Coroutine[None, None, None], patience: float) -> None:
        """Wait until the probe is through. Raises StartError where the program gives up or takes too long."""
        attempt = asyncio.create_task(probe)
        try:
            await asyncio.wait(
                {attempt, self._failure}, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if self._failure.done():
                self._failure.result()
            if not attempt.done():
                raise self._start_error(f"{self.name} does not answer {patience:.0f} s after its start")
            attempt.result()
            self._was_ready = True
        finally:
            attempt.cancel()

    async def restart(self) -> None:
        """End the program, which then starts again as after any other end."""
        if self._child is not None:
            await self._child.stop(_RESTART_PATIENCE)

    async def stop(self, patience: float) -> None:
        """Stop watching and end the program."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._child is not None and not await self._child.stop(patience):
            self._notify(f"{self.name} did not stop within {patience:g} s and was killed")
        if not self._failure.cancel() and not self._failure.cancelled():
            # Somebody has to have looked at it, or asyncio complains.
            self._failure.exception()

    async def _launch(self) -> None:
        self._child = await Child.start(self._program, self._log)
        try:
            self._processes.add(self._child.started)
        except OSError as error:
            # It runs all the same, and the kernel ends it when we end.
            self._notify(f"{self.name} runs, but could not be noted down: {error}")

    async def _watch(self) -> None:
        pause, deaths = _FIRST_PAUSE, 0
        while self._child is not None:
            since = time.monotonic()
            code = await self._child.wait()
            if time.monotonic() - since > _SETTLED:
                pause, deaths = _FIRST_PAUSE, 0
            deaths += 1
            if deaths >= _STILLBORN and not self._was_ready:
                self._fail(f"{self.name} ended {deaths} times while it started ({describe_exit(code)})")
                return
            self._notify(f"{self.name} ended ({describe_exit(code)}); it starts again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._launch()
            except OSError as error:
                self._notify(f"{self.name} cannot be started: {error}")

    def _fail(self, message: str) -> None:
        if not self._failure.done():
            self._failure.set_exception(self._start_error(message))

    def _start_error(self, message: str) -> StartError:
        words = self._child.last_words() if self._child else ""
        return StartError(f"{message}\n{words}".strip(), hint=f"the whole log is in {self._log}")
