"""Real damage to real objects: what a bad disk, a cut-off copy or a wrong command leaves behind."""

from collections.abc import Awaitable, Callable

from seedbed.kernel.store.interface import Store

Harm = Callable[[Store, str], Awaitable[None]]


async def flip(store: Store, key: str) -> None:
    """One bit in the middle of it."""
    data = bytearray(await store.get(key))
    data[len(data) // 2] ^= 1
    await store.put(key, bytes(data))


async def truncate(store: Store, key: str) -> None:
    data = await store.get(key)
    await store.put(key, data[: len(data) // 2])


async def empty(store: Store, key: str) -> None:
    await store.put(key, b"")


async def remove(store: Store, key: str) -> None:
    await store.delete(key)


HARMS: dict[str, Harm] = {"flipped": flip, "truncated": truncate, "emptied": empty, "removed": remove}
