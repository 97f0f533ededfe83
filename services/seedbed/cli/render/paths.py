"""Leaf paths where there is little room: cut in the middle, as leaves differ by a path's two ends. Pure."""

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

_LEAST = 20


class LeafPath:
    """A path in a table: whole where the table has room for it, else shortened."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What stands in the cell."""
        del console
        yield Text(shorten(self._path, options.max_width), no_wrap=True, overflow="ellipsis")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """How much room it takes."""
        del console
        whole = cell_len(self._path)
        return Measurement(min(whole, _LEAST, options.max_width), min(whole, options.max_width))


def shorten(path: str, width: int) -> str:
    """A path in at most `width` places: its beginning and, as far as they fit, the last of its parts."""
    if cell_len(path) <= width:
        return path
    parts = path.split("/")
    for head in (f"{parts[0]}/…/", "…/"):
        for start in range(1, len(parts)):
            short = head + "/".join(parts[start:])
            if cell_len(short) <= width:
                return short
    tail = parts[-1]
    while tail and cell_len(tail) >= width:
        tail = tail[1:]
    return f"…{tail}"
