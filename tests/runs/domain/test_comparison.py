"""Two runs side by side: what differs in their plans, in their leaves, and in what came of them."""

from seedbed.pipeline.recipe import Gates, Recipe
from seedbed.runs.domain.comparison import End, Side, compare_leaf, compare_plans
from seedbed.runs.v1 import runs_service_pb2 as pb
from seedbed.runs.v1.comparison_pb2 import LeafChange
from tests.runs.leaves import finish, knowledge_leaf, plan_of, skill_leaf


def ended(**ends):
    """How these candidates ended; the reason comes after a colon."""
    return {name: End(*end.partition(":")[::2]) for name, end in ends.items()}


def samples(rows):
    return [(row.id, row.end, row.reason) for row in rows]


def test_equal_plans_differ_in_nothing():
    plan = plan_of(skill_leaf())
    found = compare_plans(plan, plan)
    assert (list(found.steps), list(found.recipe)) == ([], [])
    assert found.base_snapshot == found.head_snapshot == plan.snapshot


def test_recipes_differ_key_by_key():
    head = Recipe(target=9, gates=Gates(pair_score=3), augmentations=("atomic_facts",))
    found = compare_plans(plan_of(skill_leaf()), plan_of(skill_leaf(), recipe=head))
    assert [(key.key, key.base, key.head) for key in found.recipe] == [
        ("augmentations", "[]", '["atomic_facts"]'),
        ("gates.pair_score", "2", "3"),
        ("target", "30", "9"),
    ]


def test_a_key_that_one_recipe_does_not_know():
    base, head = plan_of(skill_leaf()), plan_of(skill_leaf())
    base.recipe = base.recipe.replace('"refill":true,', "")
    (key,) = compare_plans(base, head).recipe
    assert (key.key, key.base, key.head) == ("refill", "", "true")


def test_steps_differ_field_by_field():
    base, head = plan_of(skill_leaf()), plan_of(skill_leaf(), knowledge_leaf())
    changed = next(spec for spec in head.steps if spec.step == "judge.pair")
    changed.model, changed.sampling.temperature = "other", 0.5
    found = {change.step: change for change in compare_plans(base, head).steps}
    assert list(found["judge.pair"].fields) == ["model", "sampling"]
    assert (found["judge.pair"].base.model, found["judge.pair"].head.model) == ("", "other")
    new = found["knowledge.chunk"]
    assert (list(new.fields), new.HasField("base"), new.HasField("head")) == ([], False, True)
    assert "skills.instruct" not in found


def test_samples_that_stay_go_and_come():
    leaf = skill_leaf()
    base = ended(a="accepted", b="accepted", c="accepted", d="accepted", e="unneeded", f="rejected:score 1")
    head = ended(a="accepted", b="rejected:score 2", c="duplicate:alike", e="accepted", g="accepted")
    found = compare_leaf(leaf.path, Side(leaf, base), Side(leaf, head))
    assert (found.change, list(found.parts), found.kept) == (LeafChange.LEAF_CHANGE_SAME, [], 1)
    assert samples(found.gone) == [("b", "rejected", "score 2"), ("c", "duplicate", "alike"), ("d", "", "")]
    assert samples(found.added) == [("e", "unneeded", ""), ("g", "", "")]


def test_an_edited_leaf_names_its_parts():
    leaf, edited = knowledge_leaf(), knowledge_leaf()
    edited.seeds[0].context = "another"
    edited.documents[0].blob = "0" * 64
    found = compare_leaf(leaf.path, Side(leaf, ended()), Side(finish(edited), ended()))
    assert (found.change, list(found.parts)) == (LeafChange.LEAF_CHANGE_CHANGED, ["seeds", "documents"])


def test_leaves_that_come_and_go():
    side = Side(skill_leaf(), ended(a="accepted", b="rejected:x"))
    added, removed = compare_leaf("p", None, side), compare_leaf("p", side, None)
    assert (added.change, samples(added.added)) == (LeafChange.LEAF_CHANGE_ADDED, [("a", "", "")])
    assert (removed.change, samples(removed.gone)) == (LeafChange.LEAF_CHANGE_REMOVED, [("a", "", "")])


def test_a_leaf_that_has_not_ended_is_not_compared():
    leaf = skill_leaf()
    found = compare_leaf(leaf.path, Side(leaf, ended(a="accepted")), Side(leaf))
    assert (found.base_ended, found.head_ended, list(found.gone)) == (True, False, [])


async def test_two_runs_compared_over_grpc(garden):
    one, two, three = skill_leaf(), knowledge_leaf(), skill_leaf("compositional_skills/other")
    base = await garden.make(one, two, target=6)
    head = await garden.make(one, three, recipe="{target: 6, gates: {pair_score: 3}}")
    request = pb.CompareRunsRequest(base=base.name, head=head.name)
    plan, *leaves = [found async for found in garden.stub.CompareRuns(request, timeout=9)]
    assert [key.key for key in plan.plan.recipe] == ["gates.pair_score"]
    changes = [(found.leaf.path, LeafChange.Name(found.leaf.change)) for found in leaves]
    assert changes == [
        (three.path, "LEAF_CHANGE_ADDED"),
        (one.path, "LEAF_CHANGE_SAME"),
        (two.path, "LEAF_CHANGE_REMOVED"),
    ]
    same = leaves[1].leaf
    assert same.kept + len(same.gone) == same.kept + len(same.added) == 6
    assert {row.reason for row in same.gone} == {"score 2"}
    assert len(leaves[0].leaf.added) == len(leaves[2].leaf.gone) == 6
