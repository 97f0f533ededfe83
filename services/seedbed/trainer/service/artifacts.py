"""What a phase needs on this machine, brought in from the store; and what it leaves, brought there."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from seedbed.kernel.errors import Damaged, InputError, NotFound
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.logs import get_logger
from seedbed.kernel.store.artifacts import (
    MANIFEST,
    dataset_prefix,
    get_folder,
    put_folder,
    read_folder_manifest,
)
from seedbed.kernel.store.blobs import blob_key
from seedbed.kernel.store.checkpoints import get_checkpoint, parse_checkpoint_manifest, prefix_of
from seedbed.kernel.store.interface import Store
from seedbed.trainer.data.dataset_rows import read_dataset
from seedbed.trainer.data.rows import read_external
from seedbed.trainer.data.selection import Chosen, choose_rows, rows_digest
from seedbed.trainer.loop.job import Job
from seedbed.trainer.recipe import BASE, TrainingRecipe, read_training_recipe
from seedbed.trainer.service.external_rows import not_sent
from seedbed.trainer.training import SCRATCH, objective_of, phase_before, phase_digest
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest, CheckpointRef, Objective
from seedbed.trainer.v1.trainer_service_pb2 import SnapshotRef, Training

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PhaseInputs:
    """What a phase trains on: folders and files of this machine."""

    dataset: Path
    external: dict[str, Path]
    digest: str
    """Of the phase."""


class PhaseArtifacts:
    """Brings what phases need into the cache of this machine, and what they leave into the store."""

    def __init__(self, store: Store, cache: Path) -> None:
        self._store = store
        self._cache = cache / "folders"
        self._blobs = cache / "blobs"

    async def fetch(self, training: Training, name: str) -> PhaseInputs:
        """What a phase trains on. Raises NotFound, StoreError, InputError, NothingSelected."""
        recipe = read_training_recipe(training.recipe)
        dataset = await get_folder(
            self._store, dataset_prefix(training.dataset), self._cache, training.dataset
        )
        wanted = (
            {}
            if name == BASE
            else {one.path: one.sha256 for phase in recipe.phases for one in phase.external}
        )
        external = {path: await self._fetch_blob(path, digest) for path, digest in sorted(wanted.items())}
        rows = await asyncio.to_thread(_digest_rows, recipe, name, dataset, external)
        return PhaseInputs(dataset, external, phase_digest(training, recipe, name, rows))

    async def find(self, digest: str) -> CheckpointRef | None:
        """A checkpoint made before of a phase that depends on the same."""
        try:
            ref = CheckpointRef.FromString(await self._store.get(_phase_key(digest)))
            data = await read_folder_manifest(self._store, prefix_of(ref), ref.digest)
        except NotFound:
            return None
        except (Damaged, DecodeError, InputError) as error:
            log.warning("a checkpoint made before cannot be read; trained again", error=str(error))
            return None
        if parse_checkpoint_manifest(data).phase_digest != digest:
            log.warning(
                "a checkpoint of another phase stands where this one's was", checkpoint=prefix_of(ref)
            )
            return None
        return ref

    async def make_job(self, training: Training, name: str, inputs: PhaseInputs, work: Path) -> Job:
        """The job of a phase, with the weights it begins from at hand. Raises NotFound, StoreError."""
        phase = next(phase for phase in training.phases if phase.name == name)
        before = phase_before(training, name)
        model, revision = training.base.name, training.base.digest
        if model == SCRATCH:
            made = name == BASE
            model = "" if made else str(await self.checkpoint(training.base.checkpoint))
        if Path(model).is_absolute() or not model:
            revision = ""
        return Job(
            work=work,
            phase=name,
            recipe=training.recipe,
            dataset=inputs.dataset,
            external=inputs.external,
            model=model,
            model_name=training.base.name,
            revision=revision,
            parent=await self.checkpoint(before.checkpoint) if before else None,
            snapshot=await self._snapshot(phase.snapshot) if phase.snapshot.digest else None,
            manifest=_manifest(training, name, inputs.digest),
        )

    async def checkpoint(self, ref: CheckpointRef) -> Path:
        """A checkpoint's folder. Raises NotFound, StoreError."""
        return await get_checkpoint(self._store, ref, self._cache)

    async def keep(self, training: Training, name: str, digest: str, folder: Path) -> CheckpointRef:
        """Send a checkpoint to the store. Raises StoreError."""
        ref = CheckpointRef(training=training.name, number=training.fence, phase=name)
        ref.digest = await put_folder(self._store, prefix_of(ref), folder)
        await self._store.put(_phase_key(digest), ref.SerializeToString())
        if not (self._cache / ref.digest).exists():
            # The next phase begins from it; where it cannot stay it is brought in again.
            with contextlib.suppress(OSError):
                folder.rename(self._cache / ref.digest)
        return ref

    async def keep_snapshot(self, training: Training, name: str, folder: Path) -> SnapshotRef:
        """Send a snapshot to the store. Raises StoreError."""
        prefix = f"snapshots/{training.name}/{name}/{training.fence}-{folder.name}"
        return SnapshotRef(
            prefix=prefix, digest=await put_folder(self._store, prefix, folder), step=int(folder.name)
        )

    async def drop_snapshots(self, training: str, phase: str, but: str = "") -> None:
        """Remove the snapshots of a phase from the store, but for one. Raises StoreError."""
        for key in await self._store.keys(f"snapshots/{training}/{phase}/"):
            if not but or not key.startswith(f"{but}/"):
                await self._store.delete(key)

    async def _fetch_blob(self, path: str, digest: str) -> Path:
        file = self._blobs / digest
        if not file.is_file():
            self._blobs.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            try:
                await self._store.download(blob_key(digest), part)
            except NotFound as error:
                raise not_sent(path) from error
            part.replace(file)
        return file

    async def _snapshot(self, ref: SnapshotRef) -> Path | None:
        try:
            return await get_folder(self._store, ref.prefix, self._cache, ref.digest)
        except NotFound:
            # Without it the phase begins anew, and comes to the same end.
            return None


def _phase_key(digest: str) -> str:
    return f"phases/{digest}"


def _digest_rows(recipe: TrainingRecipe, name: str, dataset: Path, external: dict[str, Path]) -> str:
    if name == BASE:
        # Its tokenizer is made from all of the dataset's text.
        return sha256_hex((dataset / MANIFEST).read_bytes())
    rows = read_dataset(dataset).rows
    others = {path: read_external(file, path).rows for path, file in external.items()}
    chosen: list[Chosen] = choose_rows(recipe, recipe.phase(name), rows, others)
    return rows_digest(chosen)


def _manifest(training: Training, name: str, digest: str) -> str:
    recipe = read_training_recipe(training.recipe)
    before = phase_before(training, name)
    manifest = CheckpointManifest(
        training=training.name,
        number=training.fence,
        phase=name,
        phase_digest=digest,
        base=training.base,
        parent=before.checkpoint if before else None,
        dataset=training.dataset,
        recipe=training.recipe,
        recipe_digest=training.recipe_digest,
        seed=recipe.seed,
    )
    objective = objective_of(recipe, name)
    if objective.identity(training.base):
        frozen = [source.found(training.base) for source in objective.sources()]
        manifest.objective.CopyFrom(Objective(name=objective.name, frozen=frozen))
    return json_format.MessageToJson(manifest)
