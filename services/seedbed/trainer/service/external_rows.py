"""Files of rows from elsewhere, read once before hours are spent on them."""

import asyncio
from pathlib import Path

from seedbed.kernel.errors import InputError, NotFound, Violation
from seedbed.kernel.store.blobs import as_file, blob_key
from seedbed.kernel.store.interface import Store
from seedbed.trainer.data.rows import Rows, read_external_lines
from seedbed.trainer.recipe import TrainingRecipe

_SHOWN = 5


async def check_external(store: Store, recipe: TrainingRecipe) -> None:
    """Refuse files that are not there or have no row that can be read. Raises InputError, StoreError."""
    wanted = {one.path: one.sha256 for phase in recipe.phases for one in phase.external if one.sha256}
    for path, digest in sorted(wanted.items()):
        try:
            async with as_file(store, blob_key(digest)) as file:
                await asyncio.to_thread(_check, file, path)
        except NotFound as error:
            raise not_sent(path) from error


def not_sent(path: str) -> InputError:
    """That the store has no such file."""
    return InputError(f"the store has no {path}: send it there first, as `seedbed train` does")


def _check(file: Path, path: str) -> None:
    found = Rows()
    # One that can be read is enough, and a large file is not held in memory by the service.
    if next(read_external_lines(file, found, path), None) is not None:
        return
    lines = [Violation(*line.split(": ", 1)) for line in found.malformed[:_SHOWN]]
    raise InputError(
        f"{path} has no row that can be read",
        lines,
        hint="a line is a JSON object with `messages`, or with a `text`, all of which is learnt",
    )
