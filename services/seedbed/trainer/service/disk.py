"""Writing a folder to this machine's disk: all of it, or nothing and the reason."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from seedbed.kernel.errors import ItemError

HINT = (
    "make room there, or name another folder with SEEDBED_CACHE_FOLDER; "
    "asked for again, the training goes on from its last snapshot"
)


class CannotWrite(ItemError):
    """The disk is full, or does not take what is to be written for another reason."""

    reason = "CANNOT_WRITE"


@contextmanager
def writing(folder: Path, *also: type[Exception]) -> Iterator[None]:
    """Write a new folder; `also` is what a library raises in doing so. Raises CannotWrite.

    Then it is removed: what was begun would take the space that the outcome needs.
    """
    kinds: tuple[type[Exception], ...] = (OSError, SafetensorError, *also)
    try:
        yield
    except kinds as error:
        shutil.rmtree(folder, ignore_errors=True)
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise CannotWrite(f"cannot write {folder}: {first}", hint=HINT) from error
