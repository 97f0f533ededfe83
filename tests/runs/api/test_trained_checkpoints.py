import json

import pytest
from google.protobuf import json_format

from seedbed.evaluator.v1.evaluation_pb2 import Comparison, Evaluation, Measure, Subject
from seedbed.kernel.store.artifacts import dataset_prefix, put_folder
from seedbed.kernel.store.checkpoints import prefix_of, write_checkpoint_manifest
from seedbed.kernel.store.connect import open_store
from seedbed.runs.api.trained_checkpoints import find_tunings
from seedbed.runs.v1.candidate_pb2 import Candidate
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest, CheckpointRef, LeafWeight

LEAF, PART, TRAINING = "knowledge/birds", "d" * 64, "t1"
SAMPLE = Candidate(id="a" * 32, path=LEAF, end="accepted")


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


async def keep_dataset(store, part):
    """A dataset made of one part, as far as anyone looks at it here; its digest."""
    data = json.dumps({"parts": {LEAF: part}, "files": []}).encode()
    digest = part[:1] * 64
    await store.put(f"{dataset_prefix(digest)}/manifest.json", data)
    return digest


async def keep_checkpoint(store, folder, number, phase, dataset, *leaves):
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    weights = [LeafWeight(path=path, samples=30, share=0.25) for path in leaves]
    manifest = CheckpointManifest(
        training=TRAINING, number=number, phase=phase, dataset=dataset, epochs=2, leaves=weights
    )
    write_checkpoint_manifest(folder, manifest)
    ref = CheckpointRef(training=TRAINING, number=number, phase=phase)
    ref.digest = await put_folder(store, prefix_of(ref), folder)
    return ref


async def keep_evaluation(store, ref, *rows):
    evaluation = Evaluation(name="e1", checkpoints=[ref], comparisons=rows)
    text = json_format.MessageToJson(evaluation, preserving_proto_field_name=True)
    await store.put("evaluations/e1/evaluation.json", text.encode())


def make_row(leaf, after, subject=Subject.SUBJECT_GAIN):
    return Comparison(
        leaf=leaf, after=after, before="base", subject=subject, measure=Measure.MEASURE_CHOICE, difference=0.4
    )


async def test_a_sample_knows_its_phases_their_weights_and_what_its_leaf_gained(store, tmp_path):
    dataset = await keep_dataset(store, PART)
    ref = await keep_checkpoint(store, tmp_path / "a", 2, "kt1", dataset, LEAF, "knowledge/other")
    await keep_checkpoint(store, tmp_path / "b", 3, "st", dataset, "skills/other")
    await keep_evaluation(
        store,
        ref,
        make_row(LEAF, "2-kt1"),
        make_row(LEAF, "3-st"),
        make_row("knowledge/other", "2-kt1"),
        make_row(LEAF, "2-kt1", Subject.SUBJECT_FORGETTING),
    )
    (tuning,) = await find_tunings(store, SAMPLE, PART)
    assert (tuning.checkpoint, tuning.weight.share, tuning.epochs) == (ref, 0.25, 2)
    (gain,) = tuning.gains
    assert (gain.evaluation, gain.comparison.difference) == ("e1", 0.4)


async def test_what_another_run_s_samples_of_the_leaf_trained_is_not_this_one_s(store, tmp_path):
    other = await keep_dataset(store, "e" * 64)
    await keep_checkpoint(store, tmp_path / "a", 2, "kt1", other, LEAF)
    assert await find_tunings(store, SAMPLE, PART) == []
    assert await find_tunings(store, Candidate(path=LEAF, end="rejected"), "e" * 64) == []
    assert await find_tunings(store, SAMPLE, "") == []


async def test_what_cannot_be_read_does_not_hide_the_rest(store, tmp_path):
    dataset = await keep_dataset(store, PART)
    await keep_checkpoint(store, tmp_path / "a", 2, "kt1", dataset, LEAF)
    await store.put("checkpoints/t0/1-x/manifest.json", b"not json")
    await store.put("evaluations/e0/evaluation.json", b"not json")
    assert len(await find_tunings(store, SAMPLE, PART)) == 1
