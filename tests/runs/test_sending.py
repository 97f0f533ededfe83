"""An item that the bus cannot carry: its draw is lost, and the run goes on without it."""

from seedbed.bus.v1.bus_pb2 import Outcome
from tests.runs.garden import succeeded
from tests.runs.leaves import finish, knowledge_leaf


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
