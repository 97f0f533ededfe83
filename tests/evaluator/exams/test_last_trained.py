import json

from seedbed.evaluator.exams.last_trained import find_last_trained, find_turns
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest, LeafWeight

BIRDS, SUMS, HAIKU = (
    "knowledge/birds",
    "foundational_skills/reasoning/sums",
    "compositional_skills/writing/haiku",
)
LAB = {
    "phases": [
        {"name": "kt1", "data": [{"kinds": ["knowledge"], "answers": "short"}]},
        {
            "name": "kt2",
            "data": [{"kinds": ["knowledge"]}, {"kinds": ["foundational"]}],
            "replay": [{"phase": "kt1"}],
        },
        {"name": "st", "data": [{"kinds": ["compositional"]}], "replay": [{"phase": "kt2"}]},
    ]
}


def make(phase, *leaves, recipe=LAB):
    weights = [LeafWeight(path=path) for path in leaves]
    return f"1-{phase}", CheckpointManifest(phase=phase, leaves=weights, recipe=json.dumps(recipe))


def test_a_leaf_is_taught_by_the_last_phase_that_has_it_of_its_own():
    phases = [make("kt1", BIRDS), make("kt2", BIRDS, SUMS), make("st", BIRDS, SUMS, HAIKU)]
    assert find_last_trained(phases) == {BIRDS: "1-kt2", SUMS: "1-kt2", HAIKU: "1-st"}


def test_globs_of_a_recipe_are_heeded():
    recipe = {"phases": [{"name": "one", "data": [{"leaves": ["knowledge/*"]}]}]}
    assert find_last_trained([make("one", BIRDS, HAIKU, recipe=recipe)]) == {BIRDS: "1-one"}


def test_where_no_recipe_tells_what_was_seen_was_taught():
    assert find_last_trained([make("x", BIRDS, recipe={}), make("y", SUMS, recipe=[])]) == {
        BIRDS: "1-x",
        SUMS: "1-y",
    }


def test_the_turns_are_those_of_the_training():
    for recipe, turns in (({"system": "merge"}, "merge"), ({}, "keep")):
        assert find_turns(CheckpointManifest(recipe=json.dumps(recipe))) == turns
    assert find_turns(CheckpointManifest()) == "keep"
