"""How far a leaf is that nobody works on, by its records; nothing is opened, decided or sent."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from seedbed.bus.v1.bus_pb2 import LeafCounts, Round
from seedbed.runs.domain.leaf_state import LeafStateMachine

AT_ONCE = 50
"""Draws between two turns for others."""


@dataclass(frozen=True, slots=True)
class LeafPreview:
    """How far a leaf is."""

    counts: LeafCounts
    passed: int
    """Candidates that passed the last gate, near duplicates not yet taken out."""


async def preview_leaf(work: LeafStateMachine, rounds: Sequence[Round]) -> LeafPreview:
    """What the records that `work` has taken in come to, with the rounds that were decided opened again."""
    state = LeafStateMachine(work.known, work.target, work.leaf)
    for record in work.fold.rest():
        state.fold.take(record)
    state.prepare()
    left = iter(rounds)
    while True:
        state.take_waiting(sys.maxsize)
        for place, _ in enumerate(state.settle()):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        upcoming = next(left, None) if state.settled else None
        if upcoming is None:
            return LeafPreview(state.counts(), state.fold.passed)
        state.close_round()
        state.open_round(upcoming)
