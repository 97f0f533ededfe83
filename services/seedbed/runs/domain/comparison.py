"""Comparison: what differs between two runs, and what became of the samples of the one in the other. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from seedbed.bus.v1.bus_pb2 import Plan, StepSpec
from seedbed.runs.v1.comparison_pb2 import (
    LeafChange,
    LeafComparison,
    PlanComparison,
    RecipeChange,
    SampleChange,
    SpecChange,
)
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

_FIELDS = ("version", "prompt", "model", "sampling")


class End(NamedTuple):
    """How a candidate ended, and why."""

    end: str
    reason: str


@dataclass(frozen=True, slots=True)
class Side:
    """A leaf in one of the runs."""

    leaf: Leaf
    ends: Mapping[str, End] | None = None
    """How each of its candidates ended, by id; None before the leaf has."""


def compare_plans(base: Plan, head: Plan) -> PlanComparison:
    """What differs in how two runs were to be made."""
    before, after = ({spec.step: spec for spec in plan.steps} for plan in (base, head))
    specs = [_compare_specs(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]
    old, new = (_flatten(json.loads(plan.recipe)) for plan in (base, head))
    return PlanComparison(
        base_snapshot=base.snapshot,
        head_snapshot=head.snapshot,
        steps=[change for change in specs if change],
        recipe=[
            RecipeChange(key=key, base=_as_json(old, key), head=_as_json(new, key))
            for key in sorted({*old, *new})
            if _as_json(old, key) != _as_json(new, key)
        ],
    )


def compare_leaf(path: str, base: Side | None, head: Side | None) -> LeafComparison:
    """What differs in one leaf: its content, and the samples, where it has ended."""
    found = LeafComparison(path=path, change=_change(base, head))
    if base and head:
        found.parts.extend(_parts(base.leaf, head.leaf))
    found.base_ended = bool(base and base.ends is not None)
    found.head_ended = bool(head and head.ends is not None)
    if (base and not found.base_ended) or (head and not found.head_ended):
        return found
    before, after = ((side.ends if side else None) or {} for side in (base, head))
    was = {name for name, one in before.items() if one.end == "accepted"}
    now = {name for name, one in after.items() if one.end == "accepted"}
    found.kept = len(was & now)
    found.gone.extend(_sample(name, after.get(name)) for name in before if name in was - now)
    found.added.extend(_sample(name, before.get(name)) for name in after if name in now - was)
    return found


def _compare_specs(name: str, base: StepSpec | None, head: StepSpec | None) -> SpecChange | None:
    if base and head:
        fields = [field for field in _FIELDS if getattr(base, field) != getattr(head, field)]
        return SpecChange(step=name, fields=fields, base=base, head=head) if fields else None
    return SpecChange(step=name, base=base, head=head)


def _change(base: Side | None, head: Side | None) -> LeafChange.ValueType:
    if base is None:
        return LeafChange.LEAF_CHANGE_ADDED
    if head is None:
        return LeafChange.LEAF_CHANGE_REMOVED
    same = base.leaf.digest == head.leaf.digest
    return LeafChange.LEAF_CHANGE_SAME if same else LeafChange.LEAF_CHANGE_CHANGED


def _parts(base: Leaf, head: Leaf) -> list[str]:
    names = [field.name for field in Leaf.DESCRIPTOR.fields if field.name != "digest"]
    return [name for name in names if getattr(base, name) != getattr(head, name)]


def _sample(name: str, elsewhere: End | None) -> SampleChange:
    if elsewhere is None:
        return SampleChange(id=name)
    return SampleChange(id=name, end=elsewhere.end, reason=elsewhere.reason)


def _flatten(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flatten(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return flat


def _as_json(values: Mapping[str, Any], key: str) -> str:
    return json.dumps(values[key], ensure_ascii=False) if key in values else ""
