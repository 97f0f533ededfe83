"""Tombstones: what stands in the store in place of what was forgotten, and says so to whoever asks.

They lie under `forgotten/<digest>` and name no content. A document that has one is not imported again.
"""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from seedbed.kernel.errors import Damaged, Forgotten, NotFound
from seedbed.kernel.store.interface import Store

PREFIX = "forgotten/"


class Tombstone(BaseModel):
    """What was forgotten: a document, or what held one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    kind: Literal["document", "snapshot", "dataset"]
    places: tuple[tuple[str, str], ...]
    """Where the documents stood: paths of leaves, and of documents there."""
    time: str
    """In ISO 8601, to the second."""
    leaves: tuple[str, ...] = ()
    """Of a document: digests of the leaves it stood in. What is left of it is found by these."""
    seeds: tuple[str, ...] = ()
    """Digests of the seed examples that may be taken from it."""
    texts: tuple[str, ...] = ()
    """Digests of the texts that were made of it."""

    def describe(self) -> str:
        """What happened to it, in words."""
        places = ", ".join("/".join(place) for place in self.places)
        if self.kind == "document":
            return f"the document {places} was forgotten on {self.time[:10]}"
        return f"the {self.kind} {self.digest} is gone: it held {places}, forgotten on {self.time[:10]}"


def now() -> str:
    """The time as tombstones have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def write_tombstone(store: Store, stone: Tombstone) -> None:
    """Set a tombstone, in place of an earlier one."""
    await store.put(f"{PREFIX}{stone.digest}", stone.model_dump_json().encode())


async def find_tombstone(store: Store, digest: str) -> Tombstone | None:
    """The tombstone of what had this digest."""
    try:
        return read_tombstone(f"{PREFIX}{digest}", await store.get(f"{PREFIX}{digest}"))
    except NotFound:
        return None


async def read_tombstones(store: Store) -> list[Tombstone]:
    """All there are, in order of digest."""
    return [read_tombstone(key, await store.get(key)) for key in await store.keys(PREFIX)]


async def check_forgotten(store: Store, digest: str, error: NotFound) -> NotFound:
    """The error to raise where something is missing: it says so where that is on purpose."""
    stone = await find_tombstone(store, digest)
    return error if stone is None else forgotten(stone)


def forgotten(stone: Tombstone) -> Forgotten:
    """The error of what was forgotten."""
    hint = f"take it out of the taxonomy; were it to come back, remove {PREFIX}{stone.digest} from the store"
    return Forgotten(stone.describe(), hint=hint if stone.kind == "document" else "")


def read_tombstone(key: str, data: bytes) -> Tombstone:
    """One out of its bytes. Raises Damaged."""
    try:
        return Tombstone.model_validate_json(data)
    except ValidationError as error:
        hint = "a document of this digest was forgotten: remove this object, and forget it again"
        raise Damaged(key, "is a tombstone that cannot be read", hint=hint) from error
