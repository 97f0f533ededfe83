"""Where the command speaks: results to stdout, everything else to stderr when stdout is for a machine."""

import json
import sys
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape

_WIDE = 240


class Screen:
    """One command's voice. Messages are data: no markup is read in them."""

    def __init__(self, *, machine: bool = False) -> None:
        self.machine = machine
        self.out = _open_console(stderr=False)
        self.err = _open_console(stderr=True)
        self.people = self.err if machine else self.out

    @property
    def lively(self) -> bool:
        """Whether people look at a terminal, so that bars make sense."""
        return self.people.is_terminal and not self.people.is_dumb_terminal

    def say(self, text: str, style: str = "") -> None:
        """Tell people something."""
        self.people.print(escape(text), style=style or None)

    def show(self, what: RenderableType) -> None:
        """Show people a table or the like."""
        self.people.print(what, soft_wrap=False)

    def warn(self, text: str) -> None:
        """Tell people something they may want to act on."""
        self.people.print(escape(text), style="yellow")

    def fail(self, text: str) -> None:
        """Say what went wrong."""
        self.err.print(escape(text), style="red")

    def emit(self, value: Any) -> None:
        """Write one JSON object on a line of its own to stdout."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _open_console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        # Nothing sets a width: a table is as wide as it needs.
        console.width = _WIDE
    return console
