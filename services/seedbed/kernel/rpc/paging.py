"""Paging as AIP-158 has it. Pure."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from seedbed.kernel.errors import InputError, Violation

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000

T = TypeVar("T")


def take_page(rows: Sequence[T], size: int, token: str) -> tuple[Sequence[T], str]:
    """One page and the token of the next; "" at the end. Raises InputError."""
    if size < 0:
        raise InputError("page_size is negative", [Violation("page_size", "0 or more is meant")])
    size = min(size or DEFAULT_SIZE, LARGEST_SIZE)
    start = _read(token)
    end = start + size
    return rows[start:end], _write(end) if end < len(rows) else ""


def _write(position: int) -> str:
    return base64.urlsafe_b64encode(f"at:{position}".encode()).decode()


def _read(token: str) -> int:
    if not token:
        return 0
    try:
        mark, _, position = base64.urlsafe_b64decode(token).decode().partition(":")
        if mark == "at":
            return max(0, int(position))
    except (ValueError, binascii.Error):
        pass
    raise InputError(
        "page_token is not one of ours", [Violation("page_token", "use next_page_token as it came")]
    )
