"""A mark for tests that kill the server under a connection: nats-py drops the old one without closing it."""

from collections.abc import Callable
from typing import TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., object])


def killing(test: F) -> F:
    """Mark a test."""
    ignored: F = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")(test)
    marked: F = pytest.mark.usefixtures("collected")(ignored)
    return marked
