"""Making a plan: which leaves, how many samples of each, done how. Pure."""

from collections.abc import Iterable, Sequence

from seedbed.bus.v1.bus_pb2 import LeafTarget, Plan, StepSpec
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.formats.file_names import is_in_folder
from seedbed.kernel.identity import leaf_token, message_bytes, sha256_hex
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.recipe import Recipe, read_recipe
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, Snapshot

MOST_SAMPLES = 1_000_000_000
"""Of a run."""


def make_plan(
    snapshot_digest: str, snapshot: Snapshot, specs: Sequence[StepSpec], recipe: Recipe, globs: Sequence[str]
) -> Plan:
    """The plan of a run, its id being the hash of all the rest. Raises InputError."""
    leaves = [leaf for leaf in snapshot.leaves if matches(leaf.path, globs)]
    if not leaves:
        known = ", ".join(leaf.path for leaf in snapshot.leaves[:5]) or "none"
        raise InputError(
            f"no leaf matches {', '.join(globs)}" if globs else "the taxonomy has no leaf",
            [Violation("leaves", f"matches none of {len(snapshot.leaves)} leaf paths")],
            hint=f"there are {len(snapshot.leaves)}: {known}",
        )
    needed = _steps_of({leaf.kind for leaf in leaves}, recipe)
    plan = Plan(
        snapshot=snapshot_digest,
        steps=sorted((spec for spec in specs if spec.step in needed), key=lambda spec: spec.step),
        recipe=recipe.canonical(),
        leaves=[_target(leaf, recipe) for leaf in sorted(leaves, key=lambda leaf: leaf.path)],
    )
    if recipe.target * len(leaves) > MOST_SAMPLES:
        raise InputError(
            f"{len(leaves):,} leaves with {recipe.target:,} samples each are more than {MOST_SAMPLES:,}",
            [Violation("target", "lower it, or make several runs of fewer leaves")],
        )
    plan.run = name_of(plan)
    return plan


def name_of(plan: Plan) -> str:
    """A run's id: the hash of its plan but for the id itself."""
    content = Plan()
    content.CopyFrom(plan)
    content.ClearField("run")
    return "r" + sha256_hex(message_bytes(content))[:16]


def missing_steps(plan: Plan) -> list[str]:
    """Steps the plan needs and nobody has registered."""
    known = {spec.step for spec in plan.steps}
    return sorted(_steps_of({leaf.kind for leaf in plan.leaves}, read_recipe(plan.recipe)) - known)


def _steps_of(kinds: Iterable[str], recipe: Recipe) -> set[str]:
    return {step.name for kind in kinds for step in kind_of(kind).steps_for(recipe)}


def matches(path: str, globs: Sequence[str]) -> bool:
    """Whether a leaf's path matches one of the globs, or lies below one; none means all."""
    return not globs or any(is_in_folder(path, glob) for glob in globs)


def _target(leaf: Leaf, recipe: Recipe) -> LeafTarget:
    return LeafTarget(
        path=leaf.path,
        leaf=leaf_token(leaf.path),
        digest=leaf.digest,
        kind=leaf.kind,
        target=recipe.target,
    )
