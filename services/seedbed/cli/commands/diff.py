"""`seedbed diff`: what changed between two runs, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict

from seedbed.bus.v1.bus_pb2 import StepSpec
from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.failure import DONE
from seedbed.cli.render.screen import Screen
from seedbed.runs.v1.comparison_pb2 import (
    LeafChange,
    LeafComparison,
    PlanComparison,
    SampleChange,
    SpecChange,
)
from seedbed.runs.v1.runs_service_pb2 import CompareRunsRequest

# Both datasets are read whole.
_TIMEOUT = 600.0
_SHORT = 12


async def diff(runs: Runs, base: str, head: str, screen: Screen) -> int:
    """Plans first, then leaf by leaf."""
    request = CompareRunsRequest(base=base, head=head)
    totals: Counter[str] = Counter()
    async for found in runs.stub.CompareRuns(request, timeout=_TIMEOUT):
        if found.HasField("leaf"):
            totals.update(kept=found.leaf.kept, gone=len(found.leaf.gone), new=len(found.leaf.added))
        if screen.machine:
            screen.emit(leaf_object(found.leaf) if found.HasField("leaf") else plan_object(found.plan))
        else:
            lines = leaf_lines(found.leaf) if found.HasField("leaf") else plan_lines(found.plan)
            for line in lines:
                screen.say(line)
    screen.say(f"in all: {totals['kept']} samples kept, {totals['gone']} gone, {totals['new']} new")
    return DONE


def plan_lines(plan: PlanComparison) -> Iterator[str]:
    """What differs in how the runs were to be made."""
    if plan.base_snapshot != plan.head_snapshot:
        yield f"taxonomy  {plan.base_snapshot[:_SHORT]} → {plan.head_snapshot[:_SHORT]}"
    for key in plan.recipe:
        yield f"recipe    {key.key}: {key.base or 'not there'} → {key.head or 'not there'}"
    for spec in plan.steps:
        yield f"step      {spec.step}: {_spec_words(spec)}"
    if plan.base_snapshot == plan.head_snapshot and not plan.recipe and not plan.steps:
        yield "the plans differ in nothing but their leaves and targets"


def leaf_lines(leaf: LeafComparison) -> Iterator[str]:
    """A leaf, and what became of its samples."""
    change = _change(leaf)
    parts = f" ({', '.join(leaf.parts)})" if leaf.parts else ""
    yield f"{change:9} {leaf.path}{parts}: {_samples_words(leaf, change)}"
    if leaf.gone and change != "removed":
        yield f"          gone: now {_reasons(leaf.gone)}"
    if leaf.added and change != "added":
        yield f"          new: before {_reasons(leaf.added)}"


def plan_object(plan: PlanComparison) -> dict[str, Any]:
    """The first line of `--json`."""
    return {
        "base_snapshot": plan.base_snapshot,
        "head_snapshot": plan.head_snapshot,
        "recipe": [{"key": key.key, "base": key.base, "head": key.head} for key in plan.recipe],
        "steps": [
            {
                "step": spec.step,
                "fields": list(spec.fields),
                "base": _spec_object(spec, "base"),
                "head": _spec_object(spec, "head"),
            }
            for spec in plan.steps
        ],
    }


def leaf_object(leaf: LeafComparison) -> dict[str, Any]:
    """One line a leaf of `--json`."""
    return {
        "path": leaf.path,
        "change": _change(leaf),
        "parts": list(leaf.parts),
        "compared": not _unended(leaf),
        "kept": leaf.kept,
        "gone": [_sample_object(sample) for sample in leaf.gone],
        "new": [_sample_object(sample) for sample in leaf.added],
    }


def _change(leaf: LeafComparison) -> str:
    return LeafChange.Name(leaf.change).removeprefix("LEAF_CHANGE_").lower()


def _unended(leaf: LeafComparison) -> list[str]:
    """Runs that have the leaf and have not brought it to its end."""
    first = [] if leaf.base_ended or leaf.change == LeafChange.LEAF_CHANGE_ADDED else ["first"]
    return first + ([] if leaf.head_ended or leaf.change == LeafChange.LEAF_CHANGE_REMOVED else ["second"])


def _samples_words(leaf: LeafComparison, change: str) -> str:
    if unended := _unended(leaf):
        return f"has not ended in the {' and the '.join(unended)} run, so its samples are not compared"
    if change == "added":
        return f"{len(leaf.added)} new"
    if change == "removed":
        return f"{len(leaf.gone)} gone"
    return f"{leaf.kept} kept, {len(leaf.gone)} gone, {len(leaf.added)} new"


def _reasons(samples: Iterable[SampleChange]) -> str:
    """How often which reason, the most frequent first."""
    counts = Counter(map(_reason, samples))
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items(), key=_by_count))


def _by_count(row: tuple[str, int]) -> tuple[int, str]:
    return -row[1], row[0]


def _reason(sample: SampleChange) -> str:
    if sample.end == "rejected" and sample.reason:
        return f"rejected ({sample.reason})"
    return sample.end or "not made"


def _sample_object(sample: SampleChange) -> dict[str, str]:
    return {"id": sample.id, "elsewhere": sample.end or "not made", "reason": sample.reason}


def _spec_words(spec: SpecChange) -> str:
    if not spec.fields:
        return "in the second run only" if spec.HasField("head") else "in the first run only"
    return ", ".join(f"{name} {_value(spec.base, name)} → {_value(spec.head, name)}" for name in spec.fields)


def _value(spec: StepSpec, name: str) -> str:
    if name == "sampling":
        sampling = spec.sampling
        return (
            f"temperature {sampling.temperature:g}, top_p {sampling.top_p:g}, at most {sampling.max_tokens}"
            + (f", {sampling.parameters}" if sampling.parameters else "")
        )
    return str(getattr(spec, name))[:_SHORT] if name == "prompt" else str(getattr(spec, name))


def _spec_object(spec: SpecChange, side: str) -> dict[str, Any] | None:
    if not spec.HasField(side):  # type: ignore[arg-type]
        return None
    found: dict[str, Any] = MessageToDict(getattr(spec, side), preserving_proto_field_name=True)
    return found
