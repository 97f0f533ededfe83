"""Which student is meant, and where the base is that it stands on. The weights are empty files."""

import json

import pytest

from seedbed.cli.reach.students import find_student
from seedbed.kernel.errors import InputError, NotFound
from seedbed.kernel.store.artifacts import checkpoint_prefix, put_folder
from seedbed.kernel.store.checkpoints import write_checkpoint_manifest
from seedbed.kernel.store.connect import open_store
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointManifest, CheckpointRef, WeightsKind

FULL, ADAPTER = WeightsKind.WEIGHTS_KIND_FULL, WeightsKind.WEIGHTS_KIND_ADAPTER
TRAINING = "t0123456789abcdef"


def make_folder(place, number, phase, kind=FULL, base=None):
    folder = place / f"made-{number}-{phase}"
    folder.mkdir()
    (folder / ("adapter_config.json" if kind == ADAPTER else "config.json")).write_text("{}")
    manifest = CheckpointManifest(
        training=TRAINING, number=number, phase=phase, kind=kind, base=base or Base(name="org/base")
    )
    write_checkpoint_manifest(folder, manifest)
    return folder


@pytest.fixture
async def store(tmp_path):
    return await open_store(f"file://{tmp_path}/store")


async def put(store, folder, number, phase):
    digest = await put_folder(store, checkpoint_prefix(TRAINING, number, phase), folder)
    return CheckpointRef(training=TRAINING, number=number, phase=phase, digest=digest)


async def test_a_trainings_last_checkpoint_is_meant_where_none_is_named(store, tmp_path):
    for number, phase in ((2, "knowledge"), (10, "skills")):
        await put(store, make_folder(tmp_path, number, phase), number, phase)
    last = await find_student(TRAINING, "", store, tmp_path / "cache")
    assert last.tuned.name == f"{TRAINING}-skills"
    assert last.base.weights == "org/base"
    first = await find_student(TRAINING, "knowledge", store, tmp_path / "cache")
    assert first.tuned.name == f"{TRAINING}-knowledge"


async def test_an_adapter_stands_on_the_base_that_was_made_here(store, tmp_path):
    base = await put(store, make_folder(tmp_path, 1, "base"), 1, "base")
    made = Base(name="scratch", checkpoint=base)
    await put(store, make_folder(tmp_path, 2, "skills", ADAPTER, made), 2, "skills")
    student = await find_student(TRAINING, "", store, tmp_path / "cache")
    assert student.tuned.weights == student.base.weights
    assert student.tuned.adapter != student.tuned.weights
    assert student.base.weights == str(tmp_path / "cache" / base.digest)


async def test_a_students_folder_has_its_base_beside_it(tmp_path):
    folder = make_folder(tmp_path, 2, "skills", ADAPTER, Base(name="scratch", checkpoint=CheckpointRef()))
    (folder / "base").mkdir()
    student = await find_student(str(folder), "", None, tmp_path)
    assert student.base.weights == str(folder / "base")
    assert student.models[0].adapter == str(folder)


async def test_a_whole_model_whose_base_is_gone_is_served_alone_and_an_adapter_is_not(tmp_path):
    gone = Base(name="scratch", checkpoint=CheckpointRef(training=TRAINING, number=1, phase="base"))
    whole = make_folder(tmp_path, 3, "skills", FULL, gone)
    assert (await find_student(str(whole), "", None, tmp_path)).base is None
    adapter = make_folder(tmp_path, 4, "skills", ADAPTER, gone)
    with pytest.raises(NotFound, match="is not at hand"):
        await find_student(str(adapter), "", None, tmp_path)


async def test_anybodys_model_or_adapter_can_be_served(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.json").write_text("{}")
    assert (await find_student(str(tmp_path / "m"), "", None, tmp_path)).tuned.name == "m"
    (tmp_path / "a").mkdir()
    named = {"base_model_name_or_path": "org/b"}
    (tmp_path / "a" / "adapter_config.json").write_text(json.dumps(named))
    student = await find_student(str(tmp_path / "a"), "", None, tmp_path)
    assert (student.tuned.weights, student.base.name) == ("org/b", "b")


async def test_what_is_no_student_is_refused_with_what_there_is(store, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no model"):
        await find_student(str(tmp_path / "empty"), "", store, tmp_path)
    with pytest.raises(NotFound, match="neither a folder nor a run or training"):
        await find_student("nobody", "", store, tmp_path)
    await put(store, make_folder(tmp_path, 2, "skills"), 2, "skills")
    with pytest.raises(NotFound, match="no checkpoint of a phase 'x'") as caught:
        await find_student(TRAINING, "x", store, tmp_path)
    assert "skills" in caught.value.hint
