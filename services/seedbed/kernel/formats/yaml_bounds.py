"""How much one YAML file may hold, measured on its events before anything is built from it.

An alias counts as all that it stands for, so a bomb is refused while it is still text.
"""

from dataclasses import dataclass
from typing import Any

import yaml

MAX_DEPTH = 20
MAX_NODES = 20_000
MAX_CHARACTERS = 4 << 20


class Refused(Exception):
    """A file is not read; `mark` is where."""

    def __init__(self, rule: str, message: str, mark: Any = None) -> None:
        super().__init__(message)
        self.rule, self.message, self.mark = rule, message, mark


@dataclass
class _Size:
    """What a value holds, its aliases written out."""

    nodes: int = 1
    characters: int = 0
    height: int = 0

    def add(self, inner: "_Size") -> None:
        self.nodes += inner.nodes
        self.characters += inner.characters
        self.height = max(self.height, inner.height + 1)


class Meter:
    """Counts the events of one file."""

    def __init__(self) -> None:
        self._open: list[tuple[str | None, _Size]] = []
        self._anchors: dict[str, _Size] = {}
        self._total = _Size(0)

    def count(self, event: yaml.Event) -> None:
        """Take one event into account. Raises Refused where it is too much."""
        match event:
            case yaml.CollectionStartEvent():
                self._open.append((event.anchor, _Size()))
                self._add(_Size(), event)
            case yaml.CollectionEndEvent():
                anchor, size = self._open.pop()
                self._close(anchor, size)
            case yaml.ScalarEvent():
                size = _Size(characters=len(event.value))
                self._add(size, event)
                self._close(event.anchor, size)
            case yaml.AliasEvent():
                size = self._meant(event)
                self._add(size, event)
                self._close(None, size)

    def _meant(self, event: yaml.AliasEvent) -> _Size:
        if any(anchor == event.anchor for anchor, _ in self._open):
            raise Refused("yaml-alias", f"`*{event.anchor}` stands inside of itself", event.start_mark)
        # Where there is no such anchor, the parser says so later.
        return self._anchors.get(event.anchor or "", _Size())

    def _add(self, size: _Size, event: yaml.Event) -> None:
        self._total.nodes += size.nodes
        self._total.characters += size.characters
        rule, more = ("yaml-alias", ", aliases written out") if self._anchors else ("yaml-size", "")
        if len(self._open) + size.height > MAX_DEPTH:
            raise Refused("yaml-depth", f"nested more than {MAX_DEPTH} deep", event.start_mark)
        if self._total.nodes > MAX_NODES:
            raise Refused(rule, f"the file has more than {MAX_NODES:,} values{more}", event.start_mark)
        if self._total.characters > MAX_CHARACTERS:
            message = f"the file has more than {MAX_CHARACTERS:,} characters{more}"
            raise Refused(rule, message, event.start_mark)

    def _close(self, anchor: str | None, size: _Size) -> None:
        if anchor:
            self._anchors[anchor] = size
        if self._open:
            self._open[-1][1].add(size)
