import pytest

from seedbed.bus.v1.bus_pb2 import Follower, Item, Sampling, StepSpec
from seedbed.judge.v1.steps_pb2 import PairInput
from seedbed.kernel.identity import message_bytes
from seedbed.pipeline.items import Announce, item_digest
from seedbed.pipeline.plan import SpecBook, spec_digest

PAIR = PairInput(instruction="Do it.", response="Done.")
SPEC = StepSpec(
    step="judge.pair", version=2, model="org/model", sampling=Sampling(temperature=0.0, max_tokens=64)
)


def test_whatever_differs_in_a_spec_is_other_work():
    others = [
        StepSpec(step="judge.pair", version=3, model="org/model", sampling=SPEC.sampling),
        StepSpec(step="judge.pair", version=2, model="org/other", sampling=SPEC.sampling),
        StepSpec(step="judge.pair", version=2, model="org/model"),
        StepSpec(step="judge.pair", version=2, model="org/model", sampling=SPEC.sampling, prompt="p"),
    ]
    assert len({spec_digest(s) for s in [SPEC, *others]}) == 5


def make_item(**changes):
    specs = SpecBook([SPEC])
    announce = Announce("judge.pair", PAIR, candidate="c", repeat=1, then=Follower(step="s", input=b"i"))
    return specs.make_item("run", "leaf", 7, announce, **changes)


def test_an_announcement_becomes_an_item():
    digest = item_digest(spec_digest(SPEC), message_bytes(PAIR), 1)
    assert make_item() == Item(
        run="run",
        leaf="leaf",
        step="judge.pair",
        digest=digest,
        input=message_bytes(PAIR),
        repeat=1,
        draw=7,
        candidate="c",
        then=Follower(step="s", input=b"i"),
    )
    assert make_item(digest="known").digest == "known"


def test_the_input_of_a_follower_is_taken_as_it_is():
    specs = SpecBook([SPEC])
    written = specs.make_item("run", "leaf", 0, Announce("judge.pair", message_bytes(PAIR)))
    assert written == specs.make_item("run", "leaf", 0, Announce("judge.pair", PAIR))
    assert not written.HasField("then")


def test_run_leaf_and_draw_are_not_part_of_the_digest():
    specs = SpecBook([SPEC])
    items = [
        specs.make_item(run, leaf, draw, Announce("judge.pair", PAIR, candidate=candidate))
        for run, leaf, draw, candidate in [("a", "b", 1, "c"), ("d", "e", 2, "")]
    ]
    assert items[0].digest == items[1].digest


def test_a_plan_knows_its_steps():
    specs = SpecBook([SPEC])
    assert "judge.pair" in specs
    assert "skills.respond" not in specs
    assert specs["judge.pair"].version == 2
    with pytest.raises(KeyError):
        specs["skills.respond"]
