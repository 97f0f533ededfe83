"""Paging as AIP-158 has it, by key: a page begins behind the last row that was given. Pure.

So no row is given twice and none is passed over, whatever is added or removed between two pages.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from seedbed.kernel.errors import InputError, Violation

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000

T = TypeVar("T")
Key = tuple[str | float, ...]
"""Where a row stands among the others, and its alone; of one shape for all rows of a list."""


def take_page(rows: Iterable[T], key: Callable[[T], Key], size: int, token: str) -> tuple[Sequence[T], str]:
    """One page in order of key, and the token of the next; "" at the end. Raises InputError."""
    if size < 0:
        raise InputError("page_size is negative", [Violation("page_size", "0 or more is meant")])
    size = min(size or DEFAULT_SIZE, LARGEST_SIZE)
    given = _read(token)
    rest = sorted(((key(row), row) for row in rows), key=lambda pair: pair[0])
    if given is not None:
        if rest and _shape(given) != _shape(rest[0][0]):
            raise _not_ours()
        rest = [pair for pair in rest if pair[0] > given]
    page = rest[:size]
    return [row for _, row in page], _write(page[-1][0]) if len(rest) > size else ""


def by_name(name: str) -> Key:
    """The key of what is listed in order of name."""
    return (name,)


def _shape(key: Key) -> list[bool]:
    return [isinstance(part, str) for part in key]


def _write(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(token: str) -> Key | None:
    if not token:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error) as error:
        raise _not_ours() from error
    if not isinstance(found, list) or not all(type(part) in (str, int, float) for part in found):
        raise _not_ours()
    return tuple(found)


def _not_ours() -> InputError:
    return InputError(
        "page_token is not one of ours", [Violation("page_token", "use next_page_token as it came")]
    )
