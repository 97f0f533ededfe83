"""What was trained before is taken where it is of the same phase, and of no other."""

import pytest

from seedbed.kernel.store.checkpoints import write_checkpoint_manifest
from seedbed.kernel.store.connect import open_store
from seedbed.trainer.service.artifacts import PhaseArtifacts
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest
from seedbed.trainer.v1.trainer_service_pb2 import Training
from tests.runs.damaging import HARMS


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
async def kept(store, tmp_path):
    """The artifacts with the checkpoint of a phase, and where that is."""
    artifacts = PhaseArtifacts(store, tmp_path / "cache")
    (tmp_path / "cache" / "folders").mkdir(parents=True)
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "model.safetensors").write_bytes(b"weights")
    write_checkpoint_manifest(tmp_path / "checkpoint", CheckpointManifest(phase_digest="a"))
    return artifacts, await artifacts.keep(Training(name="t1", fence=1), "kt1", "a", tmp_path / "checkpoint")


async def test_a_checkpoint_of_another_recipe_is_not_taken(store, kept):
    artifacts, ref = kept
    assert await artifacts.find("a") == ref
    assert await artifacts.find("b") is None
    await store.put("phases/b", ref.SerializeToString())
    assert await artifacts.find("b") is None


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
@pytest.mark.parametrize("key", ["phases/a", "checkpoints/t1/1-kt1/manifest.json"])
async def test_what_cannot_be_read_is_trained_again(store, kept, harm, key):
    artifacts, _ = kept
    await harm(store, key)
    assert await artifacts.find("a") is None
