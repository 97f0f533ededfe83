from seedbed.bus.v1.bus_pb2 import Sampling, StepSpec
from seedbed.cli.commands.diff import leaf_lines, leaf_object, plan_lines, plan_object
from seedbed.runs.v1.comparison_pb2 import (
    LeafChange,
    LeafComparison,
    PlanComparison,
    RecipeChange,
    SampleChange,
    SpecChange,
)


def spec(**values):
    return StepSpec(step="judge.pair", **values)


def test_plans_that_are_equal():
    (line,) = plan_lines(PlanComparison(base_snapshot="s", head_snapshot="s"))
    assert "differ in nothing" in line


def test_plans_that_differ():
    base = spec(version=1, model="old", prompt="p" * 64, sampling=Sampling(temperature=1, max_tokens=9))
    head = spec(version=2, model="new", prompt="q" * 64)
    plan = PlanComparison(
        base_snapshot="a" * 64,
        head_snapshot="b" * 64,
        recipe=[RecipeChange(key="refill", base="true", head="false"), RecipeChange(key="new", head="1")],
        steps=[
            SpecChange(
                step="judge.pair", fields=["version", "prompt", "model", "sampling"], base=base, head=head
            ),
            SpecChange(step="knowledge.chunk", head=spec()),
        ],
    )
    assert list(plan_lines(plan)) == [
        f"taxonomy  {'a' * 12} → {'b' * 12}",
        "recipe    refill: true → false",
        "recipe    new: not there → 1",
        (
            f"step      judge.pair: version 1 → 2, prompt {'p' * 12} → {'q' * 12}, model old → new, "
            "sampling temperature 1, top_p 0, at most 9 → temperature 0, top_p 0, at most 0"
        ),
        "step      knowledge.chunk: in the second run only",
    ]
    told = plan_object(plan)
    assert told["recipe"][0] == {"key": "refill", "base": "true", "head": "false"}
    assert told["steps"][1] == {
        "step": "knowledge.chunk",
        "fields": [],
        "base": None,
        "head": {"step": "judge.pair"},
    }


def test_a_leaf_says_what_became_of_its_samples():
    leaf = LeafComparison(path="a/b", change=LeafChange.LEAF_CHANGE_CHANGED, parts=["seeds"], kept=3)
    leaf.base_ended = leaf.head_ended = True
    leaf.gone.extend(SampleChange(id=str(n), end="rejected", reason="score 1") for n in range(2))
    leaf.gone.append(SampleChange(id="x"))
    leaf.added.append(SampleChange(id="y", end="unneeded"))
    assert list(leaf_lines(leaf)) == [
        "changed   a/b (seeds): 3 kept, 3 gone, 1 new",
        "          gone: now 2 rejected (score 1), 1 not made",
        "          new: before 1 unneeded",
    ]
    told = leaf_object(leaf)
    assert (told["change"], told["parts"], told["kept"], told["compared"]) == ("changed", ["seeds"], 3, True)
    assert told["gone"][2] == {"id": "x", "elsewhere": "not made", "reason": ""}
    assert told["new"] == [{"id": "y", "elsewhere": "unneeded", "reason": ""}]


def test_a_leaf_that_came_or_went():
    rows = [SampleChange(id="x")]
    added = LeafComparison(path="a/b", change=LeafChange.LEAF_CHANGE_ADDED, head_ended=True, added=rows)
    removed = LeafComparison(path="a/b", change=LeafChange.LEAF_CHANGE_REMOVED, base_ended=True, gone=rows)
    assert list(leaf_lines(added)) == ["added     a/b: 1 new"]
    assert list(leaf_lines(removed)) == ["removed   a/b: 1 gone"]


def test_a_leaf_that_has_not_ended_is_not_compared():
    leaf = LeafComparison(path="a/b", change=LeafChange.LEAF_CHANGE_SAME, base_ended=True)
    (line,) = leaf_lines(leaf)
    assert line.endswith("has not ended in the second run, so its samples are not compared")
    assert leaf_object(leaf)["compared"] is False
