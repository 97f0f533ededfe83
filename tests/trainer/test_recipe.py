"""Training recipes: what is refused, and why."""

import json

import pytest
import yaml

from seedbed.kernel.errors import InputError
from seedbed.trainer.recipe import read_training_recipe
from seedbed.trainer.shipped_recipes import read_shipped, shipped_names
from tests.trainer.students import RECIPE, recipe


def changed(number=0, **more):
    phases = [dict(phase) for phase in RECIPE["phases"]]
    phases[number] |= more
    return {**RECIPE, "phases": phases}


def distilled(**options):
    return changed(objective="distil", distil=options)


def refusal(values):
    with pytest.raises(InputError) as refused:
        read_training_recipe(json.dumps(values))
    return "; ".join(f"{found.field}: {found.description}" for found in refused.value.violations)


@pytest.mark.parametrize("name", shipped_names())
def test_what_is_shipped_is_sound(name):
    assert read_training_recipe(read_shipped(name)).phases


def test_lab_has_the_papers_figures():
    lab = read_training_recipe(read_shipped("lab"))
    assert [phase.name for phase in lab.phases] == ["kt1", "kt2", "st"]
    assert [phase.epochs for phase in lab.phases] == [5, 7, 7]
    assert {(phase.batch_samples, phase.warmup, phase.learning_rate) for phase in lab.phases} == {
        (3840, 385, 2e-5)
    }
    assert [[replay.phase for replay in phase.replay] for phase in lab.phases] == [
        [],
        ["kt1"],
        ["kt1", "kt2"],
    ]


def test_without_replay_lab_is_the_same_but_for_replay():
    def plain(name):
        found = yaml.safe_load(read_shipped(name))
        for phase in found["phases"]:
            phase.pop("replay", None)
        return found

    assert plain("lab-no-replay") == plain("lab")
    assert plain("small-no-replay") == plain("small")


DIGESTS = {
    "lab": "250f3ef79d083bd28088538fc2c311eb49922a08d9e033dccd4e0ad4bf7e327f",
    "lab-no-replay": "59b6ce7b3f83a3f968cbbb098d501be42a2cfb588ccc9646711def27f71635c3",
    "lab-skills-only": "d27f6ed1cb15023a50d80b0b6213b2cd091c81721a86fb5461c9bc61035ae86d",
    "small": "5c5db5d6b1f4b9bdb45bc19013139952d3d114ecb8dc8af013cea361a0ef0c7e",
    "small-no-replay": "cc305ac0ba7cc56248885ae9717b90760271edadf85906a55da1932d50a89d85",
    "small-stacked": "4b1a983e70503d3b3aeb0da1636c4c2194a5d2950b7117aabb37cf729a5d1db6",
    "stacked": "da6da8a5fbca4e0f54b9073e004940f85424cc3b68e21e2ae56373e1c86e5def",
}
"""Of recipes that students were trained by: another digest would train them all anew."""


@pytest.mark.parametrize("name", DIGESTS)
def test_a_shipped_recipe_keeps_its_digest(name):
    assert read_training_recipe(read_shipped(name)).digest == DIGESTS[name]


def test_a_phase_that_names_no_tokens_is_written_as_before_there_were_any():
    assert "tokens" not in recipe().phases[0].model_dump(mode="json")
    phase = {**RECIPE["phases"][0], "epochs": 1, "tokens": 1000}
    counted = recipe(phases=[phase])
    assert '"tokens":1000' in counted.canonical()
    assert read_training_recipe(counted.canonical()) == counted
    assert counted.digest != recipe(phases=[{**phase, "tokens": None}]).digest


def test_equal_recipes_have_equal_digests():
    assert recipe().digest == read_training_recipe(yaml.safe_dump(RECIPE)).digest
    assert recipe(seed=1).digest != recipe().digest


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({**RECIPE, "lerning_rate": 1}, "no such key"),
        (changed(learning_rat=1), "did you mean `learning_rate`?"),
        (changed(data=[{"kind": ["knowledge"]}]), "phases.0.data.0.kind: no such key; did you mean `kinds`?"),
        (changed(name="base"), "name it otherwise"),
        (changed(data=[]), "nothing to train on"),
        (changed(batch_tokens=10), "one of `batch_samples` and `batch_tokens`"),
        (changed(batch_samples=None), "one of `batch_samples` and `batch_tokens`"),
        (changed(schedule="cosine"), "falls to nothing before another phase"),
        (changed(floor=0.1), "`floor` is for a falling schedule"),
        (changed(1, name="kt1", replay=[]), "two of that name"),
        (changed(replay=[{"phase": "st"}]), "replays 'st', which is no earlier phase"),
        (changed(data=[{"kinds": ["compositional"], "answers": "short"}]), "for knowledge only"),
        (changed(data=[{"kinds": ["knowledge"], "rows": ["skill"]}]), "has rows of skill"),
        (changed(context=4096), "has no room in `pack_tokens: 512`"),
        (changed(epochs=0), "phases.0.epochs"),
        (changed(tokens=0, epochs=1), "phases.0.tokens"),
        (changed(tokens=100), "one of `epochs` and `tokens`"),
        (
            changed(data=[{"kinds": ["compositional"], "rows": ["document_text"]}]),
            "has rows of document_text",
        ),
        (changed(objective="distill"), "phases.0.objective: Input should be 'supervised' or 'distil'"),
        (changed(objective="distil"), "needs its options, such as `distil: {from: base}`"),
        (changed(distil={"from": "base"}), "`distil` is of no use without `objective: distil`"),
        (distilled(), "phases.0.distil.from: Field required"),
        (distilled(form="base"), "phases.0.distil.form: no such key; did you mean `from`?"),
        (distilled(**{"from": "scratch"}), "phases.0.distil.from: a model from scratch knows nothing"),
        (distilled(**{"from": "base", "digest": "0"}), "phases.0.distil: `digest` is a named teacher's"),
        (distilled(**{"from": "base", "temperature": 0}), "phases.0.distil.temperature"),
        (distilled(**{"from": "base", "weight": 1.5}), "phases.0.distil.weight"),
        (distilled(**{"from": "base", "weight": 1}), "phase kt1: its student is the base still"),
        ({**RECIPE, "phases": []}, "phases"),
        ({**RECIPE, "scratch": {"hidden": 100}}, "multiple of twice `heads`"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(values, why):
    assert why in refusal(values)


def test_what_is_wrong_in_a_training_recipe_is_told_with_its_place():
    text = "phases:\n- name: a\n  data: [{}]\n  learning_rate: fast\n  batch_samples: 2\nlora: {rnk: 3}\n"
    with pytest.raises(InputError) as caught:
        read_training_recipe(text)
    told = {violation.field: violation.description for violation in caught.value.violations}
    assert told["training recipe.phases.0.learning_rate"].endswith("(line 4, column 18)")
    assert told["training recipe.lora.rnk"] == "no such key; did you mean `rank`? (line 6, column 8)"


def test_a_slip_in_an_objective_is_shown_where_it_stands():
    phase = {**RECIPE["phases"][0], "objective": "distil", "distil": {"from": "base", "temprature": 2}}
    text = yaml.safe_dump({"phases": [phase]}, sort_keys=False)
    with pytest.raises(InputError) as refused:
        read_training_recipe(text)
    (found,) = [one for one in refused.value.violations if "distil" in one.field]
    line = 1 + text[: text.index("temprature")].count("\n")
    assert found.field == "training recipe.phases.0.distil.temprature"
    assert found.description == f"no such key; did you mean `temperature`? (line {line}, column 5)"


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "\x00"])
def test_what_is_no_recipe_is_refused(text):
    with pytest.raises(InputError, match="training recipe"):
        read_training_recipe(text)


def test_a_recipe_that_is_not_shipped():
    with pytest.raises(InputError, match="there is no training recipe 'labb'") as refused:
        read_shipped("labb")
    assert "lab, lab-no-replay" in refused.value.hint


@pytest.mark.parametrize("changes", [{"epochs": 10**12}, {"context": 10**18}, {"batch_samples": 2**63}])
def test_a_number_beyond_what_can_be_told_of_is_refused(changes):
    phase = {"name": "a", "data": [{}], "learning_rate": 0.1, "batch_samples": 2, **changes}
    with pytest.raises(InputError) as caught:
        read_training_recipe(json.dumps({"phases": [phase]}))
    assert set(changes) <= {violation.field.rpartition(".")[2] for violation in caught.value.violations}
