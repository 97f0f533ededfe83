"""`seedbed run`: every stage for real, on a taxonomy of two leaves and a student that is made in a moment."""

import json

import pytest

from tests.cli.stage import TAXONOMY, finish, seedbed, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LEAVES = ("--leaf", "knowledge/arts/**", "--leaf", "**/thank_you_notes")
SCRATCH = {"vocabulary": 400, "hidden": 64, "layers": 1, "heads": 2, "key_value_heads": 1, "epochs": 1}
PHASE = {"learning_rate": 0.001, "batch_samples": 8, "epochs": 1, "context": 1024}
RECIPE = {
    "precision": "float32",
    "scratch": SCRATCH,
    "phases": [
        {"name": "knowledge", "data": [{"kinds": ["knowledge"]}], **PHASE},
        {
            "name": "skills",
            "data": [{"kinds": ["compositional"]}],
            "replay": [{"phase": "knowledge"}],
            **PHASE,
        },
    ],
}


def ordered(tmp_path, *more):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps(RECIPE))
    asked = ("--student", "scratch", "--training-recipe", recipe, "--target", "6", "--questions", "4")
    places = ("--state", tmp_path / "state", "--out", tmp_path / "grown")
    return ("run", TAXONOMY, "--teacher", "rehearsal", *LEAVES, *asked, *places, "--json", *more)


async def test_a_taxonomy_becomes_a_student_and_its_report_and_the_same_again_costs_nothing(tmp_path):
    ended = await finish(await start(*ordered(tmp_path)), 280)
    assert ended.code == 0, ended.err
    found = ended.object
    assert found["generate"]["samples"] == 12
    assert [phase["name"] for phase in found["train"]["phases"]] == ["base", "knowledge", "skills"]
    gains = [row for row in found["evaluate"]["comparisons"] if row["subject"] == "SUBJECT_GAIN"]
    assert {row["leaf"].partition("/")[0] for row in gains} == {"compositional_skills", "knowledge"}
    page = (tmp_path / "grown" / "report.html").read_text()
    for section in ("training", "gain", "forgetting"):
        assert f'id="{section}"' in page
    assert (tmp_path / "grown" / "student" / "config.json").is_file()
    again = await finish(await start(*ordered(tmp_path)), 200)
    assert again.code == 0, again.err
    assert again.object["generate"]["teacher_calls"] == 0
    assert again.object["train"] == found["train"]
    assert again.object["evaluate"]["name"] == found["evaluate"]["name"]


async def test_what_cannot_be_is_found_out_before_anything_is_made(tmp_path):
    ended = await seedbed("run", TAXONOMY, "--teacher", "rehearsal", "--out", tmp_path / "grown")
    assert ended.code == 2
    assert "no student is named" in ended.err
    (tmp_path / "file").write_text("")
    arguments = ("--student", "scratch", "--out", tmp_path / "file" / "grown", "--state", tmp_path / "state")
    ended = await seedbed("run", TAXONOMY, "--teacher", "rehearsal", *arguments)
    assert ended.code == 2
    assert "nothing can be written" in ended.err
    assert not (tmp_path / "state").exists()
