"""Checkpoints: folders in Hugging Face's layout whose manifest says what the weights came from."""

from pathlib import Path

from google.protobuf import json_format

from seedbed.kernel.errors import InputError
from seedbed.kernel.formats.format_numbers import CHECKPOINT, check_manifest
from seedbed.kernel.store.artifacts import MANIFEST, checkpoint_prefix, describe_files, get_folder
from seedbed.kernel.store.interface import Store
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointFile, CheckpointManifest, CheckpointRef


def prefix_of(ref: CheckpointRef) -> str:
    """Where a checkpoint is in the store."""
    return checkpoint_prefix(ref.training, ref.number, ref.phase)


async def get_checkpoint(store: Store, ref: CheckpointRef, cache: Path) -> Path:
    """Bring a checkpoint into `cache` and say where it is there. Raises NotFound, StoreError."""
    return await get_folder(store, prefix_of(ref), cache, ref.digest)


def write_checkpoint_manifest(folder: Path, manifest: CheckpointManifest) -> CheckpointManifest:
    """Write the manifest of a folder, its files filled in, and return it."""
    whole = CheckpointManifest()
    whole.CopyFrom(manifest)
    whole.format = CHECKPOINT.tag
    del whole.files[:]
    whole.files.extend(
        CheckpointFile(name=file.name, sha256=file.sha256, bytes=file.bytes)
        for file in describe_files(folder)
    )
    text = json_format.MessageToJson(
        whole, preserving_proto_field_name=True, ensure_ascii=False, sort_keys=True
    )
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return whole


def read_checkpoint_manifest(folder: Path) -> CheckpointManifest:
    """The manifest of a folder. Raises InputError where it holds no checkpoint."""
    try:
        return parse_checkpoint_manifest((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise InputError(f"{folder} holds no checkpoint: {error.strerror or error}") from error


def parse_checkpoint_manifest(data: bytes) -> CheckpointManifest:
    """A manifest from its bytes. Raises InputError, NewerFormat."""
    check_manifest(data, "the manifest of the checkpoint")
    try:
        manifest = json_format.Parse(data, CheckpointManifest())
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise InputError(f"this is no manifest of a checkpoint: {error}") from error
    if manifest.format != CHECKPOINT.tag:
        raise InputError(f"this is a manifest of format {manifest.format!r}, not {CHECKPOINT.tag}")
    return manifest
