"""Generated requests at every method of every service, as whoever is let near them may send.

How long: SEEDBED_FUZZ_SECONDS. Which: SEEDBED_FUZZ_SEED, as it was printed; 0 for others than the last time.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import grpc.aio
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from seedbed.trainer.v1.trainer_service_pb2 import WatchTrainingRequest
from tests.fuzz.answers import Caller, Tally
from tests.fuzz.known import is_there, make_known, stop_runs
from tests.fuzz.methods import Method, all_methods
from tests.fuzz.requests import Call, Known, calls
from tests.fuzz.stack import SERVICES, Stack, open_stack

SECONDS = float(os.environ.get("SEEDBED_FUZZ_SECONDS", "60"))
SEED = int(os.environ.get("SEEDBED_FUZZ_SEED", "705514898")) or random.SystemRandom().randrange(1, 2**31)
"""0 is for another one each time. A change is held to the same requests as the one before it."""
ROUND = 10
"""Times that every method is called before it is looked after what there is."""
AT_ONCE = 1500
ANSWERING = (
    "ListRuns",
    "ListDeadLetters",
    "ListTrainings",
    "ListEvaluations",
    "ListOperations",
    "JudgeStream",
)
"""What an empty request is answered to, as long as all is well."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS + 600)]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with open_stack(tmp_path) as stack:
        yield stack


def generate(number: int, methods: list[Method], known: Known) -> list[tuple[Call, ...]]:
    """One round of calls; equal numbers give equal ones."""
    found: list[tuple[Call, ...]] = []

    @seed(number)
    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(methods, known))
    def take(some: tuple[Call, ...]) -> None:
        found.append(some)

    take()
    return found


async def check_alive(stack: Stack, methods: list[Method], tally: Tally) -> None:
    """Every service is SERVING, in the process it began in, and answers."""
    for service in SERVICES:
        assert stack.processes[service].poll() is None, f"{service} died:\n{stack.log(service)[-3000:]}"
        assert await stack.health(service) == "SERVING", service
    answered = Tally()
    caller = Caller(stack, answered)
    await caller.make(Call(method, (b"",), 60) for method in methods if method.descriptor.name in ANSWERING)
    await caller.close()
    codes = {name: set(codes) for name, codes in answered.codes.items()}
    tally.faults += [f"afterwards {name}: {found}" for name, found in codes.items() if found != {"OK"}]


async def test_whatever_is_sent_is_answered_for_what_it_is(stack: Stack) -> None:
    print(f"SEEDBED_FUZZ_SEED={SEED}")
    await stack.serving()
    methods, tally = all_methods(), Tally()
    caller, number, end = Caller(stack, tally), SEED, time.monotonic() + SECONDS
    known = await make_known(stack)
    while time.monotonic() < end:
        if not await is_there(stack, known):
            try:
                known = await make_known(stack)
            except grpc.aio.AioRpcError as error:
                tally.faults.append(f"an ordinary run: {error.code().name}: {error.details()}")
        rounds = await asyncio.to_thread(generate, number, methods, known)
        for some in rounds:
            await caller.make(some)
        await stop_runs(stack)
        number += 1
    await caller.close()
    await check_alive(stack, methods, tally)
    print(tally.table())
    missed = [method.name for method in methods if method.name not in tally.codes]
    faults = sorted(set(tally.faults))
    assert not faults, f"SEEDBED_FUZZ_SEED={SEED}, {len(faults)} faults:\n" + "\n".join(faults[:30])
    assert not missed or SECONDS < 30


async def test_of_too_many_calls_at_once_those_beyond_are_told_so(stack: Stack) -> None:
    await stack.serving()
    training = (await make_known(stack))["training"][0]
    methods, tally = all_methods(), Tally()
    [watch] = [method for method in methods if method.descriptor.name == "WatchTraining"]
    caller = Caller(stack, tally)
    # It has not begun, so each of them waits until its deadline.
    request = WatchTrainingRequest(training=training).SerializeToString()
    await caller.make(Call(watch, (request,), 20) for _ in range(AT_ONCE))
    await caller.close()
    print(tally.table())
    codes = tally.codes[watch.name]
    assert codes.total() == AT_ONCE
    assert not tally.faults, "\n".join(tally.faults[:10])
    assert codes["RESOURCE_EXHAUSTED"] >= AT_ONCE - 1000, "\n".join(tally.faults[:10])
    await check_alive(stack, methods, tally)
    assert not tally.faults, "\n".join(tally.faults[:10])
