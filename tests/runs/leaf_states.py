"""A leaf's course without a bus: items are done by rule, in any order."""

import random
import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from seedbed.bus.v1.bus_pb2 import Announced, Dropped, Item, Outcome, Record, Usage
from seedbed.kernel.work.step import Step, Work
from seedbed.pipeline.costs import Spending, Tariff
from seedbed.pipeline.kinds.entry import Draw
from seedbed.pipeline.recipe import NOT_FILLED_UP
from seedbed.runs.domain.leaf_budget import LeafBudget, mark_dearest
from seedbed.runs.domain.leaf_state import LeafStateMachine
from seedbed.runs.domain.pedigree import write_draw, write_part
from seedbed.runs.domain.run_budget import distribute, explain, share_of
from seedbed.runs.domain.settlement import Decision
from seedbed.runs.storage.part_file import PartFile
from tests.runs.leaves import known_plan
from tests.runs.steps import STEPS, reply

_STEPS: dict[str, Step[Any, Any]] = {step.name: step for step in STEPS}

Reply = Callable[[str, Any, str], Any]


class NotAsked(Exception):
    """Nobody may be asked for this."""


def make_course(leaf, recipe) -> LeafStateMachine:
    known = known_plan(leaf, recipe=recipe)
    return LeafStateMachine(known, known.plan.leaves[0], leaf)


def do(state: LeafStateMachine, item: Item, answer: Reply = reply) -> tuple[Record, list[Item]]:
    """The record of an item, as a worker makes it, and what follows."""
    step, specs = _STEPS[item.step], state.known.specs
    value = step.input_type.FromString(item.input)
    record = Record(step=item.step, digest=item.digest, spec=specs.digests[item.step], followed=True)
    record.draw, record.candidate = item.draw, item.candidate
    record.usage.MergeFrom(Usage(requests=1, prompt_tokens=10, completion_tokens=5))
    try:
        result = answer(item.step, value, item.digest)
    except NotAsked:
        record.outcome, record.reason = Outcome.OUTCOME_SKIPPED, NOT_FILLED_UP
        return record, []
    except Exception as error:  # noqa: BLE001  whatever a test raises is the item's failure
        record.outcome, record.reason = Outcome.OUTCOME_FAILED, str(error)
        return record, []
    record.outcome, record.result = Outcome.OUTCOME_DONE, result.SerializeToString()
    then = item.then if item.HasField("then") else None
    work = Work(item.digest, value, result, item.candidate, item.draw, then)
    following = step.follow(work, state.known.recipe)
    children = [specs.make_item(item.run, item.leaf, item.draw, a) for a in following.announce]
    record.announced.extend(Announced(digest=c.digest, step=c.step, candidate=c.candidate) for c in children)
    record.dropped.extend(Dropped(candidate=d.candidate, end=d.end, reason=d.reason) for d in following.drop)
    return record, children


class Written:
    """What came of a course: its decisions by candidate, and its pieces as its leaf keeps them."""

    def __init__(self) -> None:
        self.commit = ""
        self.decisions: dict[str, Decision] = {}
        self.draws: dict[int, Draw] = {}
        self.part_file = PartFile()


_WRITTEN: WeakKeyDictionary[LeafStateMachine, Written] = WeakKeyDictionary()


def written(state: LeafStateMachine) -> Written:
    return _WRITTEN.setdefault(state, Written())


def part_of(state: LeafStateMachine) -> bytes:
    """The part of a course that was run, as it is stored."""
    return b"".join(write_part(state, written(state).part_file.in_order()))


def settle(state: LeafStateMachine, answer: Reply = reply, luck: random.Random | None = None) -> list[Record]:
    """Do all that is announced, and what follows from it, in any order; the records."""
    records, items = [], state.take_waiting(sys.maxsize)
    while items:
        item = items.pop(luck.randrange(len(items)) if luck else 0)
        record, children = do(state, item, answer)
        records.append(record)
        state.fold.take(record)
        items += children
    return records


def decide(state: LeafStateMachine) -> None:
    """Decide what can be decided."""
    kept = written(state)
    for decided in state.settle():
        kept.decisions |= {birth.id: decision for birth, decision in decided.candidates}
        kept.draws[decided.number] = decided.draw
        kept.part_file.add(decided.number, write_draw(state, decided, kept.commit))


def advance(state: LeafStateMachine) -> bool:
    """Settle the open round and open the next; False at the end."""
    decide(state)
    assert state.settled
    state.close_round()
    upcoming = state.next_round()
    if upcoming is not None:
        state.open_round(upcoming)
    return upcoming is not None


def run(state: LeafStateMachine, answer: Reply = reply, luck: random.Random | None = None) -> list[Record]:
    """A course from its beginning to its end; all records."""
    state.prepare()
    records = settle(state, answer, luck)
    while advance(state):
        records += settle(state, answer, luck)
    return records


def run_within_budget(
    leaves, recipe, answer: Reply = reply, luck: random.Random | None = None
) -> list[LeafStateMachine]:
    """Leaves that share a budget, one after the other in any order between two dealings; their courses."""
    known = known_plan(*leaves, recipe=recipe)
    tariff = Tariff(recipe.budget, recipe.prices)
    targets = list(known.plan.leaves)
    by_path = {leaf.path: leaf for leaf in leaves}
    states = [LeafStateMachine(known, target, by_path[target.path]) for target in targets]
    for state, target in zip(states, targets, strict=True):
        share = share_of(tariff.limits, target, targets)
        state.budget = LeafBudget(tariff, share, known, state.leaf)
        state.prepare()
    going = list(states)
    while going:
        for state in luck.sample(going, len(going)) if luck else going:
            settle(state, luck=luck)
            while advance(state):
                settle(state, luck=luck)
        dearest: dict[str, Usage] = {}
        for state in states:
            for row in state.counts().steps:
                if row.dearest.requests:
                    mark_dearest(dearest, row.step, row.dearest.prompt_tokens, row.dearest.completion_tokens)
        requests = {
            state.target.leaf: request for state in going if (request := state.request_budget(dearest))
        }
        going = [state for state in going if state.target.leaf in requests]
        spent = sum((state.budget.spent(state.fold.ledger) for state in states), Spending())
        allowances = distribute(tariff.limits - spent, list(requests.values()))
        for state in going:
            if allowances:
                state.budget.allowance = allowances[state.target.leaf]
            else:
                reserve = requests[state.target.leaf].reserve
                state.settlement.halted = explain(spent, reserve, tariff.limits)
        going = going if allowances else []
    return states
