"""Where the command speaks: results to stdout, everything else to stderr when stdout is for a machine."""

import json
import re
import sys
from typing import Any

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.markup import escape

_WIDE = 240
# All but tab and new line; halves of surrogate pairs, which no console can write.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


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
        """Print a line for people; on a terminal its words are wrapped."""
        _print(self.people, text, style)

    def show(self, what: RenderableType) -> None:
        """Show people a table or the like."""
        self.people.print(what, soft_wrap=False)

    def warn(self, text: str) -> None:
        """Print a line for people that they may want to act on."""
        _print(self.people, text, "yellow")

    def fail(self, text: str) -> None:
        """Print on stderr what went wrong."""
        _print(self.err, text, "red")

    def emit(self, value: Any) -> None:
        """Write one JSON object on a line of its own to stdout."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _print(console: Console, text: str, style: str) -> None:
    plain = without_controls(text)
    # Elsewhere than on a terminal a line stays a line.
    shown = wrap_words(plain, console.width) if console.is_terminal else plain
    console.print(escape(shown), style=style or None)


def without_controls(text: str) -> str:
    """Text with what a terminal would act on shown as escapes: others may have written a part of it."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def wrap_words(text: str, width: int) -> str:
    """Text broken between words, never within one, so that a path can be copied; indented lines stay so."""
    lines: list[str] = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip(" "))]
        lines.append(indent)
        for word in line[len(indent) :].split(" "):
            joined = f"{lines[-1]} {word}" if lines[-1].strip() else lines[-1] + word
            if lines[-1].strip() and cell_len(joined) > width:
                lines[-1] = lines[-1].rstrip()
                lines.append(indent + word)
            else:
                lines[-1] = joined
    return "\n".join(lines)


def _open_console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        # Nothing sets a width: a table is as wide as it needs.
        console.width = _WIDE
    return console
