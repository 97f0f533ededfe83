"""The one look of all tables: no lines but one below the head, and no word cut off."""

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.table import Table


def make_table(*names: str, right: Iterable[str] = (), unbroken: Iterable[str] = ()) -> Table:
    """A table of these columns; those in `right` hold numbers, those in `unbroken` are never broken."""
    numbers, unbroken = set(right), {*right, *unbroken}
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in names:
        table.add_column(
            name, justify="right" if name in numbers else "left", no_wrap=name in unbroken, overflow="fold"
        )
    return table
