"""The store: bytes by key. What each of its backends does, a folder and any S3 server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seedbed.kernel.errors import InputError

# What S3 takes of a key, and file systems of a name.
_KEY_BYTES, _PART_BYTES = 1024, 255


@dataclass(frozen=True, slots=True)
class Stored:
    """An object there is. `time` is when it was written, in seconds since the epoch by the store's clock."""

    key: str
    size: int
    time: float


class Store(Protocol):
    """Bytes by key; keys are paths with `/`. Writing the same key again replaces all of it."""

    async def get(self, key: str) -> bytes:
        """Read an object. Raises NotFound, StoreError."""

    async def put(self, key: str, data: bytes) -> None:
        """Write an object: all of it, or nothing."""

    async def upload(self, key: str, source: Path) -> None:
        """Write an object from a file, which may be larger than the memory. Raises StoreError."""

    async def download(self, key: str, target: Path) -> None:
        """Read an object into a new file. Raises NotFound, StoreError."""

    async def exists(self, key: str) -> bool:
        """Whether there is such an object."""

    async def keys(self, prefix: str) -> list[str]:
        """All keys below a prefix, sorted."""

    async def scan(self, prefix: str) -> list[Stored]:
        """All objects below a prefix, in order of key."""

    async def delete(self, key: str) -> None:
        """Remove an object, with every version of it that the store has kept; none there is fine."""


def check_key(key: str) -> None:
    """Raises InputError where no store can have such a key: tried again it would be no better."""
    parts = key.split("/")
    whole = all(parts) and not {".", ".."} & set(parts) and "\0" not in key
    if not whole or len(key.encode()) > _KEY_BYTES or any(len(part.encode()) > _PART_BYTES for part in parts):
        raise InputError(f"not a key of the store: {key[:_PART_BYTES]!r}")
