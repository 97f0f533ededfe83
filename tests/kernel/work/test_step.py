import re

from seedbed.bus.v1.bus_pb2 import Item, Sampling, StepSpec
from seedbed.judge.v1.steps_pb2 import PairInput, PairVerdict
from seedbed.kernel.bus.streams import consumer_name, work_subject
from seedbed.kernel.work.memo import memo_key, twin_key
from seedbed.kernel.work.step import Step, Work
from seedbed.pipeline.items import Following
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


def test_a_step_that_says_nothing_has_no_sequel():
    work = Work(digest="d", input=PAIR, result=PairVerdict())
    assert Cut().follow(work, Recipe()) == Following()


def test_subjects_and_keys_are_frozen():
    item = Item(run="run", leaf="leaf", step="judge.pair", digest="d" * 64, candidate="c" * 32)
    assert work_subject(item) == f"seedbed.v1.work.judge.pair.run.leaf.{'d' * 64}-{'c' * 32}"
    assert memo_key(item) == f"run.leaf.judge.pair.{'d' * 64}"
    assert twin_key(item) == f"run.leaf.judge.pair.{'d' * 64}-{'c' * 32}"
    assert consumer_name(item.step) == "judge_pair"
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,255}", work_subject(item))
