"""Rebalancing: what is left of a run's budget goes to the leaves whose share is spent.

Only once no leaf goes on by itself: what each has spent is then a function of the records alone. It is
written down as one decision on the run's entry before anybody spends it.
"""

from collections.abc import Container, Mapping

from seedbed.bus.v1.bus_pb2 import Allowance, LeafTarget, RunEntry, StepCounts, Usage
from seedbed.pipeline.costs import Spending
from seedbed.runs.domain.leaf_budget import mark_dearest, spent_on
from seedbed.runs.domain.run_budget import distribute, explain
from seedbed.runs.execution.leaf_runner import LeafRunner
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.storage.run_entries import Entries


async def rebalance(run: ManagedRun, entries: Entries) -> list[LeafRunner]:
    """Distribute what is left, or say that it is too little; returns the leaves that go on, or end, by it."""
    async with run.lock:
        works = _parked(run)
        if not works or run.tariff is None:
            return []
        limits, dearest = run.tariff.limits, _find_dearest(run)
        spent = sum((_spent(run, target) for target in run.targets()), Spending())
        requests = [(work, request) for work in works if (request := work.state.request_budget(dearest))]
        allowances = distribute(limits - spent, [request for _, request in requests])
        if allowances:
            await entries.write(run.cell, lambda entry: _allow(entry, allowances, dearest))
        for work, request in requests:
            if work.state.budget and allowances:
                work.state.budget.allowance = allowances[request.leaf]
            else:
                work.state.settlement.halted = explain(spent, request.reserve, limits)
            work.parked = False
        return works


async def take_back(run: ManagedRun, leaves: Container[str], entries: Entries) -> None:
    """Leaves that are settled anew begin with nothing: what they left over may have gone to others."""
    nothing = {target.leaf: Spending() for target in run.targets() if target.leaf in leaves}
    await entries.write(run.cell, lambda entry: _allow(entry, nothing, _find_dearest(run)))


def _parked(run: ManagedRun) -> list[LeafRunner]:
    """The leaves whose share is spent, in order of path; none while any other goes on."""
    works = [run.works[target.leaf] for target in run.targets() if target.leaf in run.works]
    going = run.next_waiting() is not None or not all(work.parked for work in works)
    return [] if going or not run.going else works


def _spent(run: ManagedRun, target: LeafTarget) -> Spending:
    return spent_on(run.counts_of(target).steps, run.tariff) if run.tariff else Spending()


def _find_dearest(run: ManagedRun) -> dict[str, Usage]:
    """The dearest requests of each step in all leaves."""
    dearest: dict[str, Usage] = {}
    for target in run.targets():
        for row in run.counts_of(target).steps:
            if row.dearest.requests:
                mark_dearest(dearest, row.step, row.dearest.prompt_tokens, row.dearest.completion_tokens)
    return dearest


def _allow(entry: RunEntry, allowances: Mapping[str, Spending], dearest: Mapping[str, Usage]) -> None:
    kept = [row for row in entry.allowances if row.leaf not in allowances]
    granted = [
        Allowance(leaf=leaf, calls=one.calls, tokens=one.tokens, money=one.money)
        for leaf, one in allowances.items()
    ]
    del entry.allowances[:], entry.dearest[:]
    entry.allowances.extend([*kept, *granted])
    entry.dearest.extend(StepCounts(step=step, dearest=dearest[step]) for step in sorted(dearest))
