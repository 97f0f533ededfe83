import pytest

from seedbed.bus.v1.bus_pb2 import Outcome, Record, Usage
from seedbed.estimate.assumptions import Assumptions
from seedbed.estimate.forecast import count_chunks, forecast
from seedbed.estimate.measures import Measures, measure
from seedbed.estimate.weighing import weigh
from seedbed.judge.v1.steps_pb2 import GroundedVerdict, PairInput
from seedbed.knowledge.v1.steps_pb2 import GenerateResult
from seedbed.pipeline.kinds import STEPS
from seedbed.pipeline.recipe import Gates, Recipe
from tests.runs.leaf_states import make_course, run
from tests.runs.leaves import finish, knowledge_leaf, skill_leaf

EXACT = Assumptions(new=1, passing=dict.fromkeys(STEPS, 1), distinct=1, spare=0, asked_anew=0)
RECIPE = Recipe(target=12, pairs=3, instructions=4)


def sized(leaf, size):
    for document in leaf.documents:
        document.size = size
    return finish(leaf)


KNOWLEDGE = sized(knowledge_leaf(), 8000)


async def calls(leaf, recipe=RECIPE, known=None, given=EXACT):
    found = await forecast(leaf, recipe, known or Measures(), given)
    return {step: usage.requests for step, usage in found.usage.items()}


async def test_where_all_passes_it_takes_as_many_draws_as_the_target_says():
    assert await calls(KNOWLEDGE) == {"knowledge.generate": 4, "judge.grounded": 12}
    assert await calls(skill_leaf(grounded=True)) == {
        "skills.context": 3,
        "skills.instruct": 3,
        "judge.instruction": 12,
        "skills.respond": 12,
        "judge.pair": 12,
    }


async def test_what_is_thought_to_fall_through_is_drawn_beyond():
    half = Assumptions(new=1, passing={"judge.grounded": 0.5}, distinct=1, spare=0, asked_anew=0.5)
    assert await calls(KNOWLEDGE, given=half) == {"knowledge.generate": 12, "judge.grounded": 36}


async def test_every_chunk_is_retold_as_the_recipe_says():
    recipe = RECIPE.model_copy(update={"augmentations": ("detailed_summary", "atomic_facts")})
    assert count_chunks(KNOWLEDGE, recipe, EXACT) == 8
    assert (await calls(KNOWLEDGE, recipe))["knowledge.augment"] == 16


async def test_a_prompt_is_weighed_as_it_is_sent():
    short = await weigh("judge.pair", PairInput(instruction="Why?", response="So."))
    assert short > 300
    assert await weigh("judge.pair", PairInput(instruction="Why?", response="So. " * 100)) == short + 198


def records(step, result, count, **usage):
    spent = Usage(requests=1, **usage)
    return [
        Record(step=step, outcome=Outcome.OUTCOME_DONE, result=result.SerializeToString(), usage=spent)
        for _ in range(count)
    ]


async def test_what_was_measured_stands_in_for_what_is_assumed():
    three = GenerateResult()
    for _ in range(3):
        three.pairs.add()
    good = GroundedVerdict(faithful=1, relevancy=2, standalone=1, evidence_found=1)
    known = measure(
        [
            *records("knowledge.generate", three, 10, prompt_tokens=700, completion_tokens=90),
            *records("judge.grounded", good, 15, prompt_tokens=500, completion_tokens=40),
            *records("judge.grounded", GroundedVerdict(), 5, prompt_tokens=500, completion_tokens=40),
        ],
        Gates(),
    )
    found = await forecast(KNOWLEDGE, RECIPE, known, EXACT)
    # Of three born two were new, and of four judged three passed: 1.5 a draw.
    assert found.draws == 8
    assert found.measured
    assert found.usage["knowledge.generate"] == Usage(
        requests=8, prompt_tokens=8 * 700, completion_tokens=8 * 90
    )
    assert found.usage["judge.grounded"].requests == 16


async def test_too_little_measures_nothing():
    three = GenerateResult()
    known = measure(records("knowledge.generate", three, 3, prompt_tokens=7), Gates())
    assert not (await forecast(KNOWLEDGE, RECIPE, known, EXACT)).measured


@pytest.mark.parametrize("leaf", [KNOWLEDGE, skill_leaf(), skill_leaf(grounded=True)])
async def test_after_a_run_it_is_of_the_right_size(leaf):
    """By what the run measured, another of the same kind is foreseen within a quarter."""
    recipe = Recipe(target=60, pairs=3, instructions=4)
    state = make_course(leaf, recipe)
    done = [record for record in run(state) if record.step != "knowledge.chunk"]
    known = measure(done, recipe.gates)
    foreseen = sum((await calls(leaf, recipe, known, Assumptions())).values())
    assert foreseen == pytest.approx(len(done), rel=0.25)
