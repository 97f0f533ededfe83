"""The kinds of leaf, one entry each, and the steps that they name.

Who wants another step or another kind writes it down here: plans, draws, budgets, estimates, settlement,
pedigree, the broker's permissions and the chart's workers are derived. Pure; knows no service.
"""

from collections.abc import Mapping

from seedbed.kernel.errors import InputError
from seedbed.pipeline.kinds.entry import Kind, LeafKind, Role, StepEntry
from seedbed.pipeline.kinds.knowledge import Knowledge
from seedbed.pipeline.kinds.skills import FreeformSkill, GroundedSkill

__all__ = [
    "KINDS",
    "SERVICES",
    "STEPS",
    "Kind",
    "Role",
    "kind_of",
    "role_of",
    "step_of",
    "steps_of",
    "text_in",
]

KINDS: Mapping[Kind, LeafKind] = {kind.name: kind for kind in (GroundedSkill(), FreeformSkill(), Knowledge())}
STEPS: Mapping[str, StepEntry] = {step.name: step for kind in KINDS.values() for step in kind.steps}
"""All steps that come of leaves, by name."""
SERVICES = ("knowledge", "skills", "judge")
"""Who works on them."""


def kind_of(name: str) -> LeafKind:
    """The entry of a leaf's kind. Raises InputError."""
    try:
        return KINDS[Kind(name)]
    except ValueError as error:
        raise InputError(f"no kind of leaf is called {name!r}; there are {', '.join(KINDS)}") from error


def step_of(name: str) -> StepEntry:
    """The entry of a step; one that no kind names is taken to ask a teacher, and to do no more."""
    return STEPS.get(name) or StepEntry(name=name, asks="teacher")


def steps_of(service: str) -> list[StepEntry]:
    """The steps that a service works on, in the order of the kinds that name them."""
    return [step for step in STEPS.values() if step.service == service]


def role_of(step: str) -> Role | None:
    """Whom a step asks; None where it asks nobody."""
    return step_of(step).asks


def text_in(step: str, result: bytes) -> str:
    """Digest of the stored text that a step's result names; "" where it names none."""
    read = step_of(step).text
    return read(result) if read else ""
