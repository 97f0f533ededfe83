"""The tuned student's folder, as the command writes it."""

import tempfile
from pathlib import Path

from seedbed.kernel.errors import InputError, StoreError
from seedbed.kernel.store.artifacts import MANIFEST
from seedbed.kernel.store.checkpoints import get_checkpoint, read_checkpoint_manifest
from seedbed.kernel.store.interface import Store
from seedbed.trainer.v1.checkpoint_pb2 import WeightsKind
from seedbed.trainer.v1.trainer_service_pb2 import Training

BASE_FOLDER = "base"


def check_place(out: Path) -> None:
    """Refuse a folder with anything in it that is no student of ours. Raises InputError."""
    folder = out.expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{out} is a file, not a folder", hint="name another folder for the student")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    try:
        read_checkpoint_manifest(folder)
    except InputError as error:
        hint = "name another folder, or an empty one: a student replaces what is in its folder"
        raise InputError(f"{out} holds other files than a student's", hint=hint) from error


async def write_student(store: Store, training: Training, out: Path) -> None:
    """Write the last phase's checkpoint to a folder; beside an adapter, the base where it was made here."""
    folder = out.expanduser().absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as work:
            fetched = Path(work)
            new = await get_checkpoint(store, training.phases[-1].checkpoint, fetched)
            manifest = read_checkpoint_manifest(new)
            if manifest.kind == WeightsKind.WEIGHTS_KIND_ADAPTER and manifest.base.HasField("checkpoint"):
                base = await get_checkpoint(store, manifest.base.checkpoint, fetched)
                base.rename(new / BASE_FOLDER)
            check_place(out)
            if (folder / MANIFEST).exists():
                folder.rename(fetched / "replaced")
            elif folder.exists():
                folder.rmdir()
            new.rename(folder)
    except OSError as error:
        raise StoreError(f"cannot write the student to {out}: {error.strerror or error}") from error
