"""Everything there is to know of a step stands in the entry of its kind, and the services do what it says."""

import ast
from pathlib import Path

import pytest

import seedbed.judge.steps
import seedbed.knowledge.steps
import seedbed.skills.steps
from seedbed.cli.stack.broker.users import WORKERS
from seedbed.kernel.errors import InputError
from seedbed.pipeline import items, kinds
from seedbed.pipeline.kinds import KINDS, SERVICES, STEPS, Kind, kind_of, role_of, step_of, text_in
from seedbed.pipeline.kinds.entry import StepEntry
from seedbed.pipeline.recipe import Recipe

SOURCES = Path(kinds.__file__).resolve().parents[2]
NAMES = {*STEPS, items.TRAINING_PHASE, items.EVALUATION}
HOMES = ("pipeline/kinds/", "pipeline/items.py")
MODULES = {
    "knowledge": seedbed.knowledge.steps,
    "skills": seedbed.skills.steps,
    "judge": seedbed.judge.steps,
}
SERVED = {step.name: step for module in MODULES.values() for step in module.all_steps()}
EACH_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def named_in(source: str) -> list[tuple[int, str]]:
    """Steps that a module names in its strings, but for its docstrings."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]
    return [(line, name) for line, text in strings for name in sorted(NAMES) if name in text]


def test_no_step_is_named_outside_its_kind():
    found = [
        f"{path.relative_to(SOURCES)}:{line}: {name}"
        for path in sorted(SOURCES.rglob("*.py"))
        if not path.relative_to(SOURCES).as_posix().startswith(HOMES) and not path.stem.endswith("_pb2")
        for line, name in named_in(path.read_text())
    ]
    assert not found, "take the name from seedbed.pipeline.kinds, or derive what you need from the entry"


def test_a_step_named_in_a_string_is_seen():
    source = '''
"""Prose about judge.pair."""
STEP = "judge.pair"
SUBJECT = f"work.trainer.phase.{run}"
'''
    assert named_in(source) == [(3, "judge.pair"), (4, "trainer.phase")]


@EACH_KIND
def test_every_step_of_a_kind_is_served(kind):
    missing = [step.name for step in kind.steps if step.name not in SERVED]
    assert not missing, f"{kind.name} names steps that `all_steps` of no service's `steps.py` has"


def test_every_step_that_is_served_is_of_a_kind():
    assert not SERVED.keys() - STEPS.keys(), "what no kind in seedbed.pipeline.kinds names is in no plan"


def test_every_step_is_worked_on_by_the_service_that_it_is_named_after():
    assert {name: step.service for name, step in STEPS.items()} == {
        step.name: service for service, module in MODULES.items() for step in module.all_steps()
    }
    assert set(SERVICES) == {step.service for step in STEPS.values()}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_asks_whom_its_entry_says(name):
    assert SERVED[name].role == STEPS[name].asks


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_names_the_steps_that_its_own_announce_and_no_other(service):
    """What a step announces without saying so is refused by the broker: its service may not queue it."""
    [worker] = [worker for worker in WORKERS if worker.name == service]
    found = {one.name for one in vars(MODULES[service]).values() if isinstance(one, StepEntry)}
    missing = found - set(worker.steps) - set(worker.follows)
    assert not missing, f"none of the entries of {service}'s steps says that it `announces` these"


@EACH_KIND
def test_what_is_announced_is_a_step_of_the_same_kind(kind):
    names = {step.name for step in kind.steps}
    announced = {name for step in kind.steps for name in step.announces}
    assert announced <= names
    # What nobody announces comes first: of the leaf, or of a draw.
    first = {kind.of_draw[0].name, *(step.name for step in kind.of_leaf[:1])}
    assert names - announced <= first


@EACH_KIND
def test_candidates_are_born_in_a_draw_where_their_first_step_is_announced_and_end_at_a_gate(kind):
    bearing = [step for step in kind.steps if isinstance(step.births(b""), list)]
    assert bearing == [step for step in kind.of_draw if kind.of_candidate[0].name in step.announces]
    assert bearing
    assert kind.last.gate is not None


@pytest.mark.parametrize("step", [step for step in STEPS.values() if step.gate], ids=lambda step: step.name)
def test_what_is_shown_of_a_verdict_is_in_it(step):
    verdict = step.gate.read(b"")
    assert {*step.gate.scores, "explanation"} <= {field.name for field in verdict.DESCRIPTOR.fields}


def test_every_step_that_asks_can_be_estimated():
    missing = [name for name, step in STEPS.items() if step.asks and step.typical is None]
    assert not missing, "their entries name no `typical` item"


def test_every_kind_has_an_entry_under_its_name():
    assert set(KINDS) == set(Kind)
    assert [kind_of(kind.value).name for kind in Kind] == list(Kind)
    with pytest.raises(InputError, match=r"no kind of leaf is called 'poem'; there are grounded_skill, "):
        kind_of("poem")


def test_a_draw_has_an_item_of_each_of_its_steps_and_a_candidate_one_of_each_of_its_own():
    recipe = Recipe(pairs=3, instructions=4)
    assert kind_of("knowledge").items_of_draw(recipe) == {"knowledge.generate": 1, "judge.grounded": 3}
    assert kind_of("grounded_skill").items_of_draw(recipe) == {
        "skills.context": 1,
        "skills.instruct": 1,
        "judge.instruction": 4,
        "skills.respond": 4,
        "judge.pair": 4,
    }


def test_a_step_that_no_kind_names_asks_a_teacher_and_does_no_more():
    """As of a run of another version."""
    assert role_of("skills.forgotten") == "teacher"
    assert (step_of("skills.forgotten").gate, text_in("skills.forgotten", b"x")) == (None, "")
