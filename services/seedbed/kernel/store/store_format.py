"""The number of a store's format, in an object of its own."""

from seedbed.kernel.errors import NotFound
from seedbed.kernel.formats.format_numbers import FORMAT_FILE, STORE, Mark, Migrations, bring_up_to_date
from seedbed.kernel.store.interface import Store

MIGRATIONS: Migrations[Store] = {}


async def check_store_format(store: Store, url: str) -> None:
    """Raises NewerFormat where a later version of Seedbed has written there."""
    where = _describe(url)
    STORE.check(Mark.read(await _read(store), where), where)


async def settle_store_format(store: Store, url: str) -> None:
    """Migrate what an earlier version left, and mark it, before anything else is written."""
    await bring_up_to_date(
        STORE,
        _describe(url),
        lambda: _read(store),
        lambda data: store.put(FORMAT_FILE, data),
        lambda number: MIGRATIONS[number](store),
    )


def _describe(url: str) -> str:
    return f"the store {url}"


async def _read(store: Store) -> bytes | None:
    try:
        return await store.get(FORMAT_FILE)
    except NotFound:
        return None
