"""The budget of a run: a share for each leaf, and what is left of it distributed anew. Pure.

Every figure is a function of the plan and the records, so the same records lead to the same rounds.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seedbed.bus.v1.bus_pb2 import LeafTarget
from seedbed.pipeline.costs import MEASURES, Spending, describe


@dataclass(frozen=True, slots=True)
class BudgetRequest:
    """A leaf that would open more draws than it can pay for: what it has spent, and what a draw may cost."""

    leaf: str
    spent: Spending
    draws: int
    reserve: Spending


def share_of(limits: Spending, target: LeafTarget, targets: Sequence[LeafTarget]) -> Spending:
    """What a leaf may spend by itself: a part of the budget after its target."""
    return limits.part(target.target, sum(one.target for one in targets))


def distribute(left: Spending, requests: Sequence[BudgetRequest]) -> dict[str, Spending]:
    """What each leaf may spend from now on: `left`, draw by draw in turn. Empty where it buys no draw."""
    granted: Counter[str] = Counter()
    turn = list(requests)
    while turn:
        going = []
        for request in turn:
            if granted[request.leaf] < request.draws and request.reserve.goes_into(left):
                left -= request.reserve
                granted[request.leaf] += 1
                going.append(request)
        turn = going
    if not granted:
        return {}
    return {
        request.leaf: request.spent + request.reserve.times(granted[request.leaf]) for request in requests
    }


def explain(spent: Spending, reserve: Spending, limits: Spending) -> str:
    """Why a leaf opens nothing more: what the run has spent, and what a draw of this leaf may take."""
    measures = [name for name in MEASURES if getattr(limits, name)]
    stand = ", ".join(f"{describe(spent, name)} of {describe(limits, name)} {name}" for name in measures)
    more = ", ".join(f"{describe(reserve, name)} {name}" for name in measures)
    return f"the budget is spent: {stand}; one more draw may take {more}"
