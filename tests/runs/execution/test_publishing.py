"""What the bus cannot carry: a draw is lost and the run goes on without it; a plan is refused."""

import grpc

from seedbed.bus.v1.bus_pb2 import Outcome
from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import refused, succeeded
from tests.runs.leaves import finish, knowledge_leaf, skill_leaf


async def test_a_seed_too_large_fails_clearly_and_the_others_fill_up(garden, hand):
    leaf = knowledge_leaf(seeds=3)
    leaf.seeds[1].context = "x" * 1_100_000
    run = await garden.make(finish(leaf), target=6)
    assert succeeded(run)
    letters = await garden.letters(run.name)
    assert letters
    for letter in letters:
        assert letter.step == "knowledge.generate"
        assert letter.outcome == Outcome.OUTCOME_FAILED
        assert letter.reason.startswith("an item for knowledge.generate has 1,1")
        assert "seed examples" in letter.reason


async def test_a_plan_too_large_is_refused_with_what_to_do(garden, hand):
    leaves = [skill_leaf(f"compositional_skills/{number:05}{'x' * 300}") for number in range(2500)]
    error = await refused(garden.create(await garden.sow(*leaves), target=6))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "of which the bus carries 1,000,000" in error.details()
    listed = await garden.stub.ListRuns(pb.ListRunsRequest(), timeout=9)
    assert list(listed.runs) == []
