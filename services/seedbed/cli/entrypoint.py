"""The edge between a command and the shell: signals come in, exit statuses go out, no surprise traceback."""

import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

import typer

from seedbed.cli.render.failure import DONE, FAILED, INTERRUPTED, describe, exit_code
from seedbed.cli.render.screen import Screen
from seedbed.kernel.errors import SeedbedError

_LOG = "seedbed.log"

Work = Callable[[], Awaitable[int]]
OnFailure = Callable[[int, str], None]


class CommandRunner:
    """Runs one command. `on_failure` is called with the exit status and the message."""

    def __init__(
        self,
        screen: Screen,
        *,
        debug: bool = False,
        logs: Path | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        self._screen = screen
        self._debug = debug
        self._logs = logs
        self._on_failure = on_failure

    def run(self, work: Work) -> NoReturn:
        """Do the work and leave with its exit status. Raises typer.Exit."""
        self.call(lambda: asyncio.run(_interruptible(work)))

    def call(self, work: Callable[[], int]) -> NoReturn:
        """The same for work that blocks, which Ctrl-C ends at once."""
        try:
            code = work()
        except (KeyboardInterrupt, asyncio.CancelledError):
            code = INTERRUPTED
            self._fail(code, "interrupted")
        except SeedbedError as error:
            code = exit_code(error)
            self._screen.fail(describe(error))
            if self._debug:
                self._screen.fail(traceback.format_exc())
            self._fail(code, error.message)
        except BrokenPipeError:
            # The reader of our output has enough: `seedbed samples … | head`.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = DONE
        except Exception as error:  # noqa: BLE001  the last one to catch it
            code = FAILED
            self._screen.fail(self._unexpected(error))
            self._fail(code, str(error))
        raise typer.Exit(code)

    def _fail(self, code: int, message: str) -> None:
        if self._on_failure is not None:
            self._on_failure(code, message)

    def _unexpected(self, error: Exception) -> str:
        if self._debug:
            return traceback.format_exc()
        short = f"error: {type(error).__name__}: {error}"
        if self._logs is None or not self._logs.is_dir():
            return f"{short}\nhint: `seedbed --debug …` shows where it happened"
        log = self._logs / _LOG
        with log.open("a", encoding="utf-8") as file:
            file.write(time.strftime("%Y-%m-%dT%H:%M:%S%z ") + traceback.format_exc())
        return f"{short}\nhint: where it happened is in {log}; the services' own logs are beside it"


async def _interruptible(work: Work) -> int:
    """Do the work; a SIGTERM or a closed terminal ends it as Ctrl-C does."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
    return await work()
