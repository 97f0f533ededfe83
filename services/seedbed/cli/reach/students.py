"""Finding a student to serve or to talk to: a folder, a training in the store, and the base it stands on."""

import json
from dataclasses import dataclass
from pathlib import Path

from seedbed.cli.stack.model_servers.engines import Served
from seedbed.kernel.errors import InputError, NotFound
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.artifacts import MANIFEST
from seedbed.kernel.store.checkpoints import get_checkpoint, parse_checkpoint_manifest
from seedbed.kernel.store.interface import Store
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointManifest, CheckpointRef, WeightsKind

_ADAPTER = "adapter_config.json"
_BASE_FOLDER = "base"
_SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Student:
    """A tuned model, and what it was tuned from where that is at hand."""

    tuned: Served
    base: Served | None

    @property
    def models(self) -> list[Served]:
        """Both, the tuned one first."""
        return [self.tuned, *([self.base] if self.base else [])]


async def find_student(name: str, phase: str, store: Store | None, cache: Path) -> Student:
    """The student that is meant: a folder, or a training's last checkpoint, or its checkpoint of a phase.

    Raises InputError, NotFound.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return await _of_folder(folder.resolve(), store, cache)
    found = await _checkpoints(store, name) if store else []
    if not found:
        raise NotFound(
            f"there is no student {name}: neither a folder nor a run or training of this state folder",
            hint="`seedbed trainings list` names those that there are",
        )
    fitting = [(ref, manifest) for ref, manifest in found if phase in ("", manifest.phase)]
    if store is None or not fitting:
        phases = ", ".join(dict.fromkeys(manifest.phase for _, manifest in found))
        raise NotFound(
            f"the training {name} has no checkpoint of a phase {phase!r}", hint=f"it has: {phases}"
        )
    ref, manifest = fitting[-1]
    place = await get_checkpoint(store, ref, cache)
    return await _student(f"{name}-{manifest.phase}", place, manifest, store, cache)


async def _checkpoints(store: Store, training: str) -> list[tuple[CheckpointRef, CheckpointManifest]]:
    """A training's checkpoints in the order they were made."""
    found = []
    for key in await store.keys(f"checkpoints/{training}/"):
        if key.endswith(f"/{MANIFEST}"):
            data = await store.get(key)
            manifest = parse_checkpoint_manifest(data)
            ref = CheckpointRef(
                training=training, number=manifest.number, phase=manifest.phase, digest=sha256_hex(data)
            )
            found.append((ref, manifest))
    return sorted(found, key=lambda row: row[1].number)


async def _of_folder(folder: Path, store: Store | None, cache: Path) -> Student:
    if (folder / MANIFEST).is_file():
        manifest = parse_checkpoint_manifest((folder / MANIFEST).read_bytes())
        return await _student(folder.name, folder, manifest, store, cache)
    if (folder / _ADAPTER).is_file():
        # Somebody else's: it names its base itself.
        named = json.loads((folder / _ADAPTER).read_text(encoding="utf-8")).get("base_model_name_or_path")
        if not named:
            raise InputError(f"the adapter in {folder} does not say which base it is for")
        return Student(Served(folder.name, named, str(folder)), Served(Path(named).name, named))
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder} holds no model: neither config.json nor {_ADAPTER}")
    return Student(Served(folder.name, str(folder)), None)


async def _student(
    name: str, folder: Path, manifest: CheckpointManifest, store: Store | None, cache: Path
) -> Student:
    weights = await _base(folder, manifest.base, store, cache)
    base = Served(f"{name}-base", weights) if weights else None
    if manifest.kind == WeightsKind.WEIGHTS_KIND_FULL:
        return Student(Served(name, str(folder)), base)
    if base is None:
        raise NotFound(
            f"the base of {name} is not at hand",
            hint="serve it by its training, from the state folder it was trained in",
        )
    return Student(Served(name, base.weights, str(folder)), base)


async def _base(folder: Path, base: Base, store: Store | None, cache: Path) -> str:
    """Where a base's weights are: a folder or a name on the hub; "" where they are not at hand."""
    if (folder / _BASE_FOLDER).is_dir():
        return str(folder / _BASE_FOLDER)
    if base.HasField("checkpoint"):
        try:
            return str(await get_checkpoint(store, base.checkpoint, cache)) if store else ""
        except NotFound:
            return ""
    return "" if base.name == _SCRATCH else base.name
