"""What was trained before is taken where it is of the same phase, and of no other."""

import pytest

from seedbed.kernel.checkpoints import write_checkpoint_manifest
from seedbed.kernel.store import open_store
from seedbed.trainer.materials import Depot
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest
from seedbed.trainer.v1.trainer_service_pb2 import Training


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


async def test_a_checkpoint_of_another_recipe_is_not_taken(store, tmp_path):
    depot = Depot(store, tmp_path / "cache")
    (tmp_path / "cache" / "folders").mkdir(parents=True)
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "model.safetensors").write_bytes(b"weights")
    write_checkpoint_manifest(tmp_path / "checkpoint", CheckpointManifest(phase_digest="a"))
    ref = await depot.keep(Training(name="t1", fence=1), "kt1", "a", tmp_path / "checkpoint")
    assert await depot.find("a") == ref
    assert await depot.find("b") is None
    await store.put("phases/b", ref.SerializeToString())
    assert await depot.find("b") is None
