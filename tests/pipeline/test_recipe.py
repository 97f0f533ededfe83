import json
from typing import Any

import pytest

from seedbed.judge.v1.steps_pb2 import GroundedVerdict, InstructionVerdict, PairVerdict
from seedbed.kernel.errors import InputError
from seedbed.kernel.identity import sha256_hex
from seedbed.pipeline.recipe import Budget, Gates, Recipe, read_recipe

GOOD = {"faithful": 1, "relevancy": 2, "standalone": 1, "evidence_found": 1}


def test_nothing_said_is_the_default():
    assert read_recipe("") == read_recipe("{}") == Recipe()


def test_yaml_and_json_say_the_same():
    yaml = "target: 5\naugmentations: [atomic_facts]\ngates: {pair_score: 3}\n"
    assert read_recipe(yaml) == read_recipe(
        json.dumps({"target": 5, "augmentations": ["atomic_facts"], "gates": {"pair_score": 3}})
    )


def test_the_target_of_the_command_line_wins():
    assert read_recipe("target: 5", target=7).target == 7
    assert read_recipe("target: 5").target == 5


def test_equal_recipes_are_equal_texts():
    one, other = read_recipe("{pairs: 4, target: 9}"), read_recipe("{target: 9, pairs: 4}")
    assert one.canonical() == other.canonical()
    assert read_recipe(one.canonical()) == one
    assert one.canonical() != Recipe().canonical()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("targets: 3", "recipe.targets"),
        ("target: 0", "recipe.target"),
        ("target: many", "recipe.target"),
        ("short_share: 1.5", "recipe.short_share"),
        ("chunk_tokens: 8", "recipe.chunk_tokens"),
        ("augmentations: [poem]", "recipe.augmentations.0"),
        ("gates: {pair_score: 4}", "recipe.gates.pair_score"),
        ("gates: {pairscore: 2}", "recipe.gates.pairscore"),
        ("1: 2", "recipe.1"),
    ],
)
def test_what_cannot_be_is_named(text, field):
    with pytest.raises(InputError, match="not valid") as caught:
        read_recipe(text)
    assert [violation.field for violation in caught.value.violations] == [field]


@pytest.mark.parametrize(
    "text", ["{", "a: *nowhere", "!!python/object:os.system {}", "target: 2024-13-45", "[" * 1200, "a: \x00"]
)
def test_what_is_no_yaml_is_said(text):
    with pytest.raises(InputError, match="not YAML"):
        read_recipe(text)


@pytest.mark.parametrize("text", ["- a", "just words", "42"])
def test_what_is_no_mapping_is_said(text):
    with pytest.raises(InputError, match="keys and values"):
        read_recipe(text)


@pytest.mark.parametrize("name", ["answerable", "well_formed", "safe", "relevant"])
def test_an_instruction_needs_all_four(name):
    scores: dict[str, Any] = {"answerable": 1, "well_formed": 1, "safe": 1, "relevant": 1}
    assert Gates().check_instruction(InstructionVerdict(**scores)) == ""
    reason = Gates().check_instruction(InstructionVerdict(**scores | {name: 0}))
    assert reason == f"not {name}".replace("_", " ")


@pytest.mark.parametrize(("score", "reason"), [(0, "score 0"), (1, "score 1"), (2, ""), (3, "")])
def test_a_pair_passes_from_two(score, reason):
    assert Gates().check_pair(PairVerdict(score=score)) == reason


def test_a_stricter_gate_takes_the_excellent_only():
    assert Gates(pair_score=3).check_pair(PairVerdict(score=2)) == "score 2"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"faithful": 0}, "not faithful"),
        ({"evidence_found": 0}, "evidence not found"),
        ({"relevancy": 1}, "relevancy 1"),
        ({"standalone": 0}, "does not stand alone"),
    ],
)
def test_a_grounded_pair_needs_all(change, reason):
    assert Gates().check_grounded(GroundedVerdict(**{**GOOD, **change})) == reason


def test_gates_can_be_opened_one_by_one():
    bare = GroundedVerdict(faithful=0, relevancy=0, standalone=0, evidence_found=0)
    assert Gates(faithful=0, relevancy=0, standalone=0, evidence=False).check_grounded(bare) == ""
    assert Gates(faithful=0, relevancy=0, standalone=0).check_grounded(bare) == "evidence not found"


def test_a_recipe_is_written_as_it_was_before_there_were_later_options():
    before = "19460d90cad68bcd1c7278ba43df0555b7303ac2ebf78f310cb630a50e9889d1"
    assert sha256_hex(Recipe().canonical()) == before
    assert "passages" not in Recipe().model_dump(mode="json")
    for text in ("passages: true", "retellings: [rewrite]", "{retellings: [dialogue], viewpoints: 3}"):
        found = read_recipe(text)
        assert read_recipe(found.canonical()) == found
        assert found.canonical() != Recipe().canonical()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("viewpoints: 2", "of no use without `retellings`"),
        ("retellings: [rewrite, dialogue, rewrite]", "names a family twice"),
        ("retellings: [poem]", "Input should be 'rewrite', 'implications', 'dialogue' or 'question_list'"),
        ("{retellings: [rewrite], viewpoints: 5}", "less than or equal to 4"),
    ],
)
def test_retellings_that_cannot_be_are_refused(text, why):
    with pytest.raises(InputError, match="not valid") as refused:
        read_recipe(text)
    assert why in refused.value.violations[0].description


def test_a_recipe_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Recipe().target = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "field", "advice"),
    [
        ("targte: 3", "recipe.targte", "did you mean `target`?"),
        ("gates: {foo: 1}", "recipe.gates.foo", "there are pair_score, faithful"),
        ("a: [b", "line 2, column 1", "expected ',' or ']'"),
    ],
)
def test_a_bad_recipe_is_told_where_and_what_would_do(text, field, advice):
    with pytest.raises(InputError) as found:
        read_recipe(text)
    assert found.value.violations[0].field == field
    assert advice in found.value.violations[0].description


def test_what_is_wrong_in_a_recipe_is_told_with_its_place():
    with pytest.raises(InputError) as caught:
        read_recipe("target: 5\ngates:\n  pairscore: 3\n  relevancy: 9\n")
    assert {violation.field: violation.description for violation in caught.value.violations} == {
        "recipe.gates.pairscore": "no such key; did you mean `pair_score`? (line 3, column 3)",
        "recipe.gates.relevancy": "Input should be less than or equal to 2 (line 4, column 14)",
    }


def test_what_is_laid_over_wins_and_the_rest_stays():
    text = "{target: 7, gates: {pair_score: 3, relevancy: 1}, budget: {calls: 9}}"
    over = {"refill": False, "gates": {"relevancy": 2}, "budget": {"tokens": 5}, "prices": {}}
    with pytest.raises(InputError):
        read_recipe(text, over=over)
    del over["prices"]
    recipe = read_recipe(text, over=over, target=8)
    assert (recipe.target, recipe.refill) == (8, False)
    assert (recipe.gates.pair_score, recipe.gates.relevancy) == (3, 2)
    assert recipe.budget == Budget(calls=9, tokens=5)
    assert read_recipe(recipe.canonical()) == recipe


@pytest.mark.parametrize(
    ("text", "field", "told"),
    [
        ("budget: {}", "recipe.budget", "names no limit"),
        ("budget: {call: 3}", "recipe.budget.call", "did you mean `calls`?"),
        ("budget: {calls: 0}", "recipe.budget.calls", "greater than or equal to 1"),
        ("budget: {money: -1}", "recipe.budget.money", "greater than 0"),
        ("budget: {money: .nan}", "recipe.budget.money", "finite number"),
        ("budget: {money: 3}", "recipe", "a budget in money needs `prices`"),
        ("prices: {teacher: {prompt: 1}}", "recipe.prices.teacher.completion", "required"),
        (
            "prices: {teacher: {prompt: 1, completion: 2, cached: 1}}",
            "recipe.prices.teacher.cached",
            "no such",
        ),
    ],
)
def test_an_impossible_budget_is_refused(text, field, told):
    with pytest.raises(InputError, match="not valid") as caught:
        read_recipe(text)
    (violation,) = caught.value.violations
    assert violation.field == field
    assert told in violation.description


def test_prices_are_part_of_a_recipe_only_where_they_decide_something():
    prices = "prices: {teacher: {prompt: 0.1, completion: 0.2}}"
    assert read_recipe(prices).canonical() == Recipe().canonical()
    counted = read_recipe(f"{prices}\nbudget: {{money: 3}}")
    assert read_recipe(counted.canonical()) == counted
    assert "budget" not in Recipe().canonical()
