import pytest

from seedbed.bus.v1.bus_pb2 import Sampling, StepSpec
from seedbed.kernel.errors import InputError
from seedbed.pipeline.kinds import STEPS, kind_of
from seedbed.pipeline.kinds.entry import Quota
from seedbed.pipeline.recipe import Gates, Recipe, read_recipe
from seedbed.runs.domain.planning import make_plan, matches, missing_steps
from tests.runs.leaves import knowledge_leaf, skill_leaf, snapshot_of

LEAVES = (knowledge_leaf(), skill_leaf(), skill_leaf("compositional_skills/b", grounded=True))
SPECS = [
    StepSpec(step=step, version=1, prompt="p", model="m", sampling=Sampling(temperature=0.5))
    for step in sorted(STEPS)
]


def plan(leaves=LEAVES, specs=SPECS, recipe=None, globs=()):
    return make_plan(*snapshot_of(*leaves), specs, recipe or Recipe(), list(globs))


def changed(**values):
    """The specs with the judge of pairs changed."""
    specs = [StepSpec.FromString(spec.SerializeToString()) for spec in SPECS]
    for name, value in values.items():
        judge = next(spec for spec in specs if spec.step == "judge.pair")
        if name == "sampling":
            judge.sampling.CopyFrom(value)
        else:
            setattr(judge, name, value)
    return specs


@pytest.mark.parametrize(
    "other",
    [
        {"leaves": LEAVES[:2]},
        {"leaves": (knowledge_leaf(seeds=3), *LEAVES[1:])},
        {"specs": changed(version=2)},
        {"specs": changed(prompt="q")},
        {"specs": changed(model="n")},
        {"specs": changed(sampling=Sampling(temperature=0.6))},
        {"recipe": Recipe(target=31)},
        {"recipe": Recipe(gates=Gates(pair_score=3))},
        {"recipe": Recipe(system_prompt="")},
        {"globs": ["knowledge"]},
    ],
    ids=[
        "a leaf less",
        "a seed more",
        "version",
        "prompt",
        "model",
        "sampling",
        "target",
        "gate",
        "system",
        "globs",
    ],
)
def test_every_input_is_in_the_id(other):
    assert plan(**other).run != plan().run


@pytest.mark.parametrize(
    "other",
    [
        {"specs": SPECS[::-1]},
        {"specs": [*SPECS, StepSpec(step="trainer.phase", version=3)]},
        {"recipe": Recipe(target=30, gates=Gates(pair_score=2))},
        {"recipe": read_recipe("target: 30")},
        {"globs": ["*"]},
        {"globs": ["knowledge", "compositional_skills"]},
        {"leaves": LEAVES[::-1]},
    ],
    ids=[
        "order of specs",
        "a step nobody needs",
        "defaults said",
        "yaml",
        "all",
        "all by name",
        "order of leaves",
    ],
)
def test_nothing_else_is(other):
    assert plan(**other) == plan()


def test_the_id_is_a_token_of_subjects_and_keys():
    run = plan().run
    assert run.startswith("r")
    assert run.isalnum()
    assert len(run) == 17


def test_leaves_are_in_order_of_path_with_a_target_each():
    targets = plan(recipe=Recipe(target=7)).leaves
    assert [target.path for target in targets] == sorted(leaf.path for leaf in LEAVES)
    assert {target.target for target in targets} == {7}
    assert len({target.leaf for target in targets}) == 3


def test_only_steps_of_chosen_leaves_are_planned():
    chosen = plan(globs=["knowledge/*"])
    steps = {step.name for step in kind_of("knowledge").steps}
    assert {spec.step for spec in chosen.steps} == steps - {"knowledge.retell"}
    retold = plan(globs=["knowledge/*"], recipe=Recipe(retellings=("rewrite",)))
    assert {spec.step for spec in retold.steps} == steps


def test_a_run_without_retellings_is_what_it_was_before_there_were_any():
    before = [spec for spec in SPECS if spec.step != "knowledge.retell"]
    assert plan(specs=before) == plan()
    assert missing_steps(plan(specs=before)) == []
    wanted = plan(specs=before, recipe=Recipe(retellings=("rewrite",)))
    assert missing_steps(wanted) == ["knowledge.retell"]


def test_a_step_nobody_has_registered_is_missed():
    assert missing_steps(plan()) == []
    assert missing_steps(plan(specs=[s for s in SPECS if s.step != "judge.pair"])) == ["judge.pair"]


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        ([], True),
        (["knowledge/science/birds"], True),
        (["knowledge"], True),
        (["knowledge/"], True),
        (["knowledge/science"], True),
        (["knowledge/sci"], False),
        (["knowledge/*/birds"], True),
        (["*/birds"], True),
        (["*birds"], True),
        (["Knowledge"], False),
        (["compositional_skills", "knowledge/*"], True),
        (["birds"], False),
    ],
)
def test_globs(globs, found):
    assert matches("knowledge/science/birds", globs) is found


def test_no_leaf_is_an_error_that_names_some():
    with pytest.raises(InputError, match="no leaf matches nothing/there") as caught:
        plan(globs=["nothing/there"])
    assert caught.value.violations[0].field == "leaves"
    assert "knowledge/birds" in caught.value.hint
    with pytest.raises(InputError, match="the taxonomy has no leaf"):
        plan(leaves=())


@pytest.mark.parametrize(
    ("target", "share", "quotas"),
    [
        (10, 0.5, [("short", 5), ("long", 5)]),
        (3, 0.5, [("short", 2), ("long", 1)]),
        (1, 0.5, [("short", 1)]),
        (10, 0.0, [("long", 10)]),
        (10, 1.0, [("short", 10)]),
        (10, 0.25, [("short", 3), ("long", 7)]),
    ],
)
def test_quotas_add_up(target, share, quotas):
    found = kind_of("knowledge").split(target, Recipe(short_share=share))
    assert found == [Quota(form, count) for form, count in quotas]
    assert sum(quota.target for quota in found) == target


def test_a_leaf_of_a_kind_that_nobody_knows_is_refused():
    leaf = skill_leaf()
    leaf.kind = "poem"
    with pytest.raises(InputError, match="no kind of leaf is called 'poem'"):
        plan((leaf,))


def test_a_skill_has_one_quota():
    assert kind_of("freeform_skill").split(9, Recipe(short_share=0.2)) == [Quota("", 9)]
