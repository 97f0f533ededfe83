"""seedbed train: from a dataset's folder to a student's, and what is refused on the way."""

import json
import shutil

import pytest
from transformers import AutoModelForCausalLM

from seedbed.kernel.store.checkpoints import read_checkpoint_manifest
from seedbed.trainer.recipe import read_training_recipe
from tests.cli import stage
from tests.cli.stage import finish, seedbed, start
from tests.trainer.students import RECIPE, SMALL, write_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_rows(tmp_path_factory.mktemp("train") / "dataset")


async def test_a_student_from_scratch(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "PATIENCE", 800)
    external = {"messages": [{"role": "user", "content": "seeds"}, {"role": "assistant", "content": "grow"}]}
    (tmp_path / "more.jsonl").write_text(json.dumps(external) + "\n")
    (tmp_path / "texts.jsonl").write_text(json.dumps({"id": "1", "text": "Seeds wake."}) + "\n{}\n")
    first, second = RECIPE["phases"]
    mixed = {**first, "external": [{"path": "more.jsonl"}]}
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps({**RECIPE, "scratch": SMALL, "phases": [mixed, second]}))
    places = ("--state", tmp_path / "state", "--out", tmp_path / "student")
    rows = ("--rows", tmp_path / "texts.jsonl")
    asked = ("train", dataset, "--model", "scratch", "--training-recipe", recipe, *rows, *places, "--json")
    ended = await seedbed(*asked)
    assert ended.code == 0, ended.err
    found = ended.object
    assert (found["state"], found["model"]) == ("succeeded", "scratch")
    assert [phase["name"] for phase in found["phases"]] == ["base", "kt1", "st"]
    manifest = read_checkpoint_manifest(tmp_path / "student")
    assert (manifest.training, manifest.phase) == (found["training"], "st")
    learnt = read_training_recipe(manifest.recipe).phase("kt1").external
    assert [one.path for one in learnt] == ["more.jsonl", "texts.jsonl"]
    AutoModelForCausalLM.from_pretrained(tmp_path / "student")
    again = await seedbed(*asked)
    assert again.code == 0, again.err
    assert again.object == found
    listed = await seedbed("trainings", "list", "--state", tmp_path / "state", "--json")
    assert listed.object["training"] == found["training"]
    shown = await seedbed("trainings", "show", found["training"], "--state", tmp_path / "state")
    assert "kt1" in shown.out
    gone = await seedbed("trainings", "show", "t0", "--state", tmp_path / "state")
    assert gone.code == 2, gone.err


@pytest.mark.timeout(900)
async def test_a_damaged_checkpoint_is_trained_again_and_the_others_are_recalled(dataset, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps({**RECIPE, "scratch": SMALL}))
    state = ("--state", tmp_path / "state")
    places = (*state, "--out", tmp_path / "student")
    asked = ("train", dataset, "--model", "scratch", "--training-recipe", recipe, *places, "--json")
    first = await finish(await start(*asked), 300)
    assert first.code == 0, first.err
    (weights,) = (tmp_path / "state/store").glob(
        f"checkpoints/{first.object['training']}/*-st/model.safetensors"
    )
    weights.write_bytes(weights.read_bytes()[:-100])
    shutil.rmtree(tmp_path / "state" / "cache", ignore_errors=True)
    found = await seedbed("store", "verify", *state, "--json")
    (fault,) = found.object["faults"]
    assert (found.code, fault["kind"]) == (1, "checkpoint")
    assert fault["key"].endswith("-st/model.safetensors")
    assert (await seedbed("store", "verify", "--repair", "--yes", *state)).code == 0
    again = await finish(await start(*asked), 300)
    assert again.code == 0, again.err
    assert [(phase["name"], phase["recalled"]) for phase in again.object["phases"]] == [
        ("base", True),
        ("kt1", True),
        ("st", False),
    ]
    assert (await seedbed("store", "verify", *state)).code == 0


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ((), "no model is named"),
        (("--model", "scratch", "--training-recipe", "labb"), "training recipe"),
        (("--model", "scratch"), "warms up over 385 steps"),
        (("--model", "/no/such/model"), "there is no model"),
        (("--model", "scratch", "--rows", "/no/such.jsonl"), "the file of rows /no/such.jsonl is not there"),
        (
            ("--model", "scratch", "--rows", "/a/rows.jsonl", "--rows", "/b/rows.jsonl"),
            "several files of rows are called rows.jsonl",
        ),
    ],
)
async def test_what_cannot_be_is_refused(dataset, tmp_path, more, why):
    places = ("--state", tmp_path / "state", "--out", tmp_path / "student")
    ended = await seedbed("train", dataset, *more, *places)
    assert ended.code == 2, ended.err
    assert why in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "student").exists()
