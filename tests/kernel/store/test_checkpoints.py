"""Checkpoints: what is written is what is read."""

import pytest

from seedbed.kernel.errors import InputError
from seedbed.kernel.store.artifacts import put_folder
from seedbed.kernel.store.checkpoints import (
    get_checkpoint,
    parse_checkpoint_manifest,
    prefix_of,
    read_checkpoint_manifest,
    write_checkpoint_manifest,
)
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest, CheckpointRef, LeafWeight


async def test_a_checkpoint_and_its_manifest_come_back(store, tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    leaf = LeafWeight(path="knowledge/한옥", samples=3, tokens=2**40, share=0.25)
    written = write_checkpoint_manifest(folder, CheckpointManifest(training="t1", number=2, leaves=[leaf]))
    ref = CheckpointRef(training="t1", number=2, phase="kt1")
    ref.digest = await put_folder(store, prefix_of(ref), folder)
    found = read_checkpoint_manifest(await get_checkpoint(store, ref, tmp_path / "cache"))
    assert found == written
    assert found.leaves[0] == leaf
    assert [file.name for file in found.files] == ["model.safetensors"]


def test_what_is_no_manifest_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no checkpoint"):
        read_checkpoint_manifest(tmp_path)
    for data in (b"", b"[]", b'{"no_such_field": 1}', b"\xff"):
        with pytest.raises(InputError, match="manifest"):
            parse_checkpoint_manifest(data)
    with pytest.raises(InputError, match="format"):
        parse_checkpoint_manifest(b'{"training": "t1"}')
