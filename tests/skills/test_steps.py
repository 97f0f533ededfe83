import json

import pytest

from seedbed.judge.v1.steps_pb2 import InstructionInput, PairInput
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.step import Work
from seedbed.pipeline.items import Announce, Drop, Following, candidate_id
from seedbed.pipeline.recipe import Recipe
from seedbed.skills.steps import WriteContext, WriteInstructions, WriteResponse
from seedbed.skills.v1.steps_pb2 import (
    ContextInput,
    ContextResult,
    InstructInput,
    InstructResult,
    RespondInput,
    RespondResult,
)
from tests.skills.leaves import HAIKU, HANGUL, TABLE

RECIPE = Recipe()
DIGEST = "d" * 64


class Told:
    """Tools whose endpoint has answered already: the step's own prompt renders and parses."""

    def __init__(self, step, reply):
        self.step = step
        self.reply = reply

    @property
    def store(self) -> Store:
        raise AssertionError("skills keep nothing")

    async def ask(self, prompt, /, **values):
        assert prompt is self.step.prompt
        assert prompt.render(**values)
        return prompt.parse(json.dumps(self.reply))


def instruct_input(**changes):
    values = {"task_description": "Write haiku.", "seed": HAIKU, "instructions": 3}
    return InstructInput(**{**values, **changes})


def respond_input(**changes):
    values = {
        "task_description": "Write haiku.",
        "seed": HAIKU,
        "instruction": "One about snow.",
        "persona": "creative",
    }
    return RespondInput(**{**values, **changes})


async def test_a_context_leads_to_instructions_about_it():
    value = ContextInput(task_description="Read tables.", seed=TABLE, instructions=4)
    result = await WriteContext().run(value, Told(WriteContext(), {"context": "| a |\n"}))
    assert result == ContextResult(context="| a |")
    following = WriteContext().follow(Work(DIGEST, value, result), RECIPE)
    wanted = InstructInput(task_description="Read tables.", seed=TABLE, context="| a |", instructions=4)
    assert following == Following(announce=[Announce("skills.instruct", wanted)])


async def test_no_more_instructions_than_asked_for():
    told = Told(WriteInstructions(), {"instructions": ["one", " two ", "", "three", "four"]})
    result = await WriteInstructions().run(instruct_input(), told)
    assert list(result.instructions) == ["one", "two", "three"]


def test_each_instruction_goes_to_the_judge_with_its_response_waiting():
    value = instruct_input(seed=TABLE, context="| b |", task_description="Read tables.")
    result = InstructResult(instructions=["How many rows are there?", "Name the column."])
    following = WriteInstructions().follow(Work(DIGEST, value, result), RECIPE)
    assert [a.candidate for a in following.announce] == [candidate_id(DIGEST, 0), candidate_id(DIGEST, 1)]
    assert not following.drop
    first = following.announce[0]
    assert first.step == "judge.instruction"
    assert first.input == InstructionInput(
        task_description="Read tables.", context="| b |", instruction="How many rows are there?"
    )
    assert first.then is not None
    assert first.then.step == "skills.respond"
    assert RespondInput.FromString(first.then.input) == RespondInput(
        task_description="Read tables.",
        seed=TABLE,
        context="| b |",
        instruction="How many rows are there?",
        persona="precise",
    )


def test_what_is_dropped_keeps_its_number():
    result = InstructResult(
        instructions=[
            "Write a haiku about the sea!",
            "눈에 관한 하이쿠를 써 줘.",
            "Write a haiku on old snow.",
        ]
    )
    following = WriteInstructions().follow(Work(DIGEST, instruct_input(), result), RECIPE)
    assert following.drop == [
        Drop(candidate_id(DIGEST, 0), "duplicate", "like the seed's question"),
        Drop(candidate_id(DIGEST, 1), "rejected", "language"),
    ]
    assert [a.candidate for a in following.announce] == [candidate_id(DIGEST, 2)]


def test_the_threshold_is_the_recipes():
    result = InstructResult(instructions=["Write a haiku about the sea and the wind."])
    work = Work(DIGEST, instruct_input(), result)
    assert WriteInstructions().follow(work, Recipe(duplicate_threshold=0.3)).drop
    assert WriteInstructions().follow(work, Recipe(duplicate_threshold=1.0)).announce


def test_following_is_pure():
    work = Work(DIGEST, instruct_input(), InstructResult(instructions=["One on rain.", "One on fog."]))
    assert WriteInstructions().follow(work, RECIPE) == WriteInstructions().follow(work, RECIPE)


async def test_a_response_goes_to_the_judge():
    result = await WriteResponse().run(
        respond_input(), Told(WriteResponse(), {"response": "White on white\n"})
    )
    following = WriteResponse().follow(Work(DIGEST, respond_input(), result, candidate="c7"), RECIPE)
    pair = PairInput(
        task_description="Write haiku.", instruction="One about snow.", response="White on white"
    )
    assert following == Following(announce=[Announce("judge.pair", pair, "c7")])


@pytest.mark.parametrize(
    ("response", "kept"), [("식사하셨습니까?", True), ("Did you eat?", False), ("42", True)]
)
def test_a_korean_leaf_gives_korean_samples(response, kept):
    value = respond_input(seed=HANGUL, instruction="존댓말로 바꿔 줘: 밥 먹었어?")
    work = Work(DIGEST, value, RespondResult(response=response), candidate="c7")
    following = WriteResponse().follow(work, RECIPE)
    assert bool(following.announce) is kept
    assert list(following.drop) == ([] if kept else [Drop("c7", "rejected", "language")])


def test_the_teacher_is_asked():
    for step in (WriteContext(), WriteInstructions(), WriteResponse()):
        assert step.role == "teacher"
        assert step.spec("m").sampling.temperature > 0
