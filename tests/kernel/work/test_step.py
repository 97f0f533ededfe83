import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.bus.v1.bus_pb2 import Follower, Item, Sampling, StepSpec
from seedbed.judge.v1.steps_pb2 import PairInput, PairVerdict
from seedbed.kernel.bus.streams import consumer_name, work_subject
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.work.memo import memo_key, twin_key
from seedbed.kernel.work.step import (
    Announce,
    Following,
    SpecBook,
    Step,
    Work,
    candidate_id,
    item_digest,
    item_name,
    spec_digest,
)
from seedbed.pipeline.recipe import Recipe

PAIR = PairInput(instruction="Do it.", response="Done.")


class Weigh(Step[PairInput, PairVerdict]):
    name = "judge.pair"
    version = 2
    role = "judge"
    sampling = Sampling(temperature=0.0, max_tokens=64)
    input_type = PairInput
    result_type = PairVerdict

    async def run(self, value, tools):
        return PairVerdict(score=2)


class Cut(Step[PairInput, PairVerdict]):
    name = "knowledge.chunk"
    version = 1
    input_type = PairInput
    result_type = PairVerdict

    async def run(self, value, tools):
        return PairVerdict()


def test_a_spec_names_the_model_where_one_is_asked():
    spec = Weigh().spec("org/model")
    assert spec == StepSpec(step="judge.pair", version=2, model="org/model", sampling=Weigh.sampling)
    assert Cut().spec("org/model") == StepSpec(step="knowledge.chunk", version=1)


def test_whatever_differs_in_a_spec_is_other_work():
    spec = Weigh().spec("org/model")
    others = [
        StepSpec(step="judge.pair", version=3, model="org/model", sampling=spec.sampling),
        StepSpec(step="judge.pair", version=2, model="org/other", sampling=spec.sampling),
        StepSpec(step="judge.pair", version=2, model="org/model"),
        StepSpec(step="judge.pair", version=2, model="org/model", sampling=spec.sampling, prompt="p"),
    ]
    assert len({spec_digest(s) for s in [spec, *others]}) == 5


def test_a_step_that_says_nothing_has_no_sequel():
    work = Work(digest="d", input=PAIR, result=PairVerdict())
    assert Cut().follow(work, Recipe()) == Following()


def test_digests_are_frozen():
    assert item_digest("ab" * 32, b"data", 3) == (
        "2c9cc4e40c9291ddd42f2d1a047c25982759b41beb79c40e07d77533ef29ea2b"
    )
    assert candidate_id("ab" * 32, 1) == "e6c3f97776adcc50fbecbc142b9d0d1b"


@given(st.binary(max_size=20), st.integers(0, 99), st.binary(max_size=20), st.integers(0, 99))
def test_another_input_or_repeat_is_another_item(data, repeat, other, again):
    same = (data, repeat) == (other, again)
    assert (item_digest("spec", data, repeat) == item_digest("spec", other, again)) == same


def test_an_item_is_named_by_digest_and_candidate():
    assert item_name("d", "") == "d"
    assert item_name("d", "c") == "d-c"


def make_item(**changes):
    specs = SpecBook([Weigh().spec("org/model")])
    announce = Announce("judge.pair", PAIR, candidate="c", repeat=1, then=Follower(step="s", input=b"i"))
    return specs.make_item("run", "leaf", 7, announce, **changes)


def test_an_announcement_becomes_an_item():
    digest = item_digest(spec_digest(Weigh().spec("org/model")), message_bytes(PAIR), 1)
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
    specs = SpecBook([Weigh().spec("org/model")])
    written = specs.make_item("run", "leaf", 0, Announce("judge.pair", message_bytes(PAIR)))
    assert written == specs.make_item("run", "leaf", 0, Announce("judge.pair", PAIR))
    assert not written.HasField("then")


def test_run_leaf_and_draw_are_not_part_of_the_digest():
    specs = SpecBook([Weigh().spec("org/model")])
    items = [
        specs.make_item(run, leaf, draw, Announce("judge.pair", PAIR, candidate=candidate))
        for run, leaf, draw, candidate in [("a", "b", 1, "c"), ("d", "e", 2, "")]
    ]
    assert items[0].digest == items[1].digest


def test_a_plan_knows_its_steps():
    specs = SpecBook([Weigh().spec("org/model")])
    assert "judge.pair" in specs
    assert "skills.respond" not in specs
    assert specs["judge.pair"].version == 2
    with pytest.raises(KeyError):
        specs["skills.respond"]


def test_subjects_and_keys_are_frozen():
    item = Item(run="run", leaf="leaf", step="judge.pair", digest="d" * 64, candidate="c" * 32)
    assert work_subject(item) == f"seedbed.v1.work.judge.pair.run.leaf.{'d' * 64}-{'c' * 32}"
    assert memo_key(item) == f"run.leaf.judge.pair.{'d' * 64}"
    assert twin_key(item) == f"run.leaf.judge.pair.{'d' * 64}-{'c' * 32}"
    assert consumer_name(item.step) == "judge_pair"
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,255}", work_subject(item))
