"""The table of `make compare`: what was measured, over seeds and beside the first recipe, seed by seed."""

from benchmarks.phases import Outcome, describe, make_recipes
from seedbed.trainer.recipe import read_training_recipe


def row(subject, leaf, measure="CHOICE", **more):
    kind = "knowledge" if leaf.startswith("knowledge") else "freeform_skill"
    return {"subject": subject, "measure": f"MEASURE_{measure}", "leaf": leaf, "kind": kind, **more}


def outcome(recipe, seed, ends, forgotten=()):
    gains = [
        row("SUBJECT_GAIN", f"knowledge/{number}", before_mean=0.25, after_mean=after)
        for number, pair in enumerate(ends)
        for after in pair
    ]
    lost = [row("SUBJECT_FORGETTING", "knowledge/0", difference=change) for change in forgotten]
    general = row("SUBJECT_FORGETTING", "general", difference=0.5)
    return Outcome(recipe, seed, 1000, [*gains, *lost, general])


def cells(lines, name):
    (line,) = (line for line in lines if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_last_checkpoint_counts_over_leaves_and_seeds():
    found = [
        outcome("lab", 1, [(0.1, 0.8), (0.1, 1.0)], forgotten=(-0.3, -0.1)),
        outcome("lab", 2, [(0.1, 0.6), (0.1, 0.8)], forgotten=(-0.3,)),
        outcome("stacked", 1, [(0.5,), (0.7,)]),
        outcome("stacked", 2, [(0.6,), (0.6,)]),
    ]
    lines = list(describe(found))
    middle = lines.index("")
    first, second = lines[:middle], lines[middle:]
    assert cells(first, "base")[2] == "0.25 (0.25 to 0.25)"
    lab = cells(first, "lab")
    assert lab[1:3] == ["1,000", "0.80 (0.70 to 0.90)"]
    assert lab[6] == "-0.20 (-0.30 to -0.10)"
    assert lab[8] == "+0.50 (+0.50 to +0.50)"
    assert cells(first, "stacked")[6] == "–"
    # 0.6 beside 0.9, and 0.6 beside 0.7.
    assert cells(second, "stacked")[1] == "-0.20 (-0.30 to -0.10)"


def test_recipes_differ_in_what_their_name_says():
    recipes = make_recipes(7)
    for recipe in recipes.values():
        assert read_training_recipe(str(recipe)).seed == 7
    assert not any("replay" in phase for phase in recipes["lab without replay"]["phases"])
    assert len(recipes["stacked"]["phases"]) == 1
