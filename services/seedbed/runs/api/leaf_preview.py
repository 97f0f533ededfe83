"""A glimpse of a leaf that nobody works on: what its records come to; nothing is opened, decided or sent."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from seedbed.bus.v1.bus_pb2 import LeafCounts, Round
from seedbed.runs.domain.leaf_state import Course

AT_ONCE = 50
"""Draws between two turns for others."""


@dataclass(frozen=True, slots=True)
class LeafPreview:
    """How far a leaf is."""

    counts: LeafCounts
    passed: int
    """Candidates that passed the last gate, near duplicates not yet taken out."""


async def take_glimpse(work: Course, rounds: Sequence[Round]) -> LeafPreview:
    """What the records that a course has taken in come to, the rounds that were decided opened again."""
    course = Course(work.known, work.target, work.leaf)
    for record in work.fold.rest():
        course.fold.take(record)
    course.prepare()
    left = iter(rounds)
    while True:
        course.take_waiting(sys.maxsize)
        for place, _ in enumerate(course.settle()):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        upcoming = next(left, None) if course.settled else None
        if upcoming is None:
            return LeafPreview(course.counts(), course.fold.passed)
        course.close_round()
        course.open_round(upcoming)
