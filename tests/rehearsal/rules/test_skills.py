from typing import Any

import pytest

from seedbed.judge.steps import JudgeInstruction, JudgePair
from seedbed.pipeline.recipe import Recipe
from seedbed.rehearsal.text.hangul import is_korean
from seedbed.skills.steps import WriteContext, WriteInstructions, WriteResponse
from tests.rehearsal.asking import OWN, ask, distinct, read, skill_leaves

UPSTREAM_SKILLS = 14


def samples_of(leaf, rounds=3):
    """Instructions with their responses, as far as the judge lets them come."""
    data = read(leaf)
    found = []
    for seed in range(rounds):
        for example in data["seed_examples"]:
            common = {"task": data["task_description"], "examples": [example]}
            given = example.get("context", "")
            context = ""
            if given:
                context = ask(WriteContext.prompt, seed, **common, example_context=given).context
                assert context.strip() != given.strip()
            common["example_context"] = given
            wanted = ask(WriteInstructions.prompt, seed, **common, context=context, count=5)
            for instruction in wanted.instructions:
                sample = _respond(instruction, context, common, seed)
                if sample:
                    found.append((*sample, context))
    return found


def _respond(instruction, context, common, seed):
    weighed = {"task": common["task"], "context": context, "instruction": instruction}
    verdict = ask(JudgeInstruction.prompt, seed, **weighed)
    if not (verdict.answerable and verdict.well_formed and verdict.safe and verdict.relevant):
        return None
    values = {**common, "context": context, "instruction": instruction, "persona": "precise"}
    response = ask(WriteResponse.prompt, seed, **values).response
    score = ask(JudgePair.prompt, seed, **weighed, response=response).score
    return (instruction, response) if score >= 2 else None


@pytest.mark.parametrize("leaf", skill_leaves(OWN), ids=lambda leaf: leaf.parent.name)
def test_our_own_skills_fill(leaf):
    assert len(distinct([instruction for instruction, *_ in samples_of(leaf)])) >= 30


@pytest.mark.slow
def test_the_real_skills_fill(real_taxonomy):
    leaves = skill_leaves(real_taxonomy)
    assert len(leaves) == UPSTREAM_SKILLS
    for leaf in leaves:
        seeds = [example["question"] for example in read(leaf)["seed_examples"]]
        made = distinct([*seeds, *(instruction for instruction, *_ in samples_of(leaf, rounds=5))])
        assert len(set(made) - set(seeds)) >= 30, leaf


def test_korean_skills_stay_korean():
    for instruction, response, _ in samples_of(
        OWN / "compositional_skills/linguistics/korean/proverbs/qna.yaml"
    ):
        assert is_korean(instruction)
        assert is_korean(response)


def test_responses_take_up_the_instruction_s_words():
    task: dict[str, Any] = {
        "task": "Solve puzzles.",
        "example_context": "",
        "context": "",
        "persona": "precise",
    }
    example = {"question": "Anna has 3 apples. Who has apples?", "answer": "Anna has the 3 apples."}
    reply = ask(
        WriteResponse.prompt, **task, examples=[example], instruction="Bruno has 7 jars. Who has jars?"
    )
    assert "Bruno has the 7 jars." in reply.response


def test_contexts_of_a_grounded_skill_differ():
    leaf = OWN / "compositional_skills/grounded/linguistics/writing/action_items/qna.yaml"
    contexts = [context for *_, context in samples_of(leaf)]
    assert len(distinct(sorted(set(contexts)))) >= 10


def test_the_judges_of_skills_refuse_what_is_amiss():
    def marks(instruction):
        return ask(JudgeInstruction.prompt, task="Write letters.", context="", instruction=instruction)

    assert marks("Describe the attached photo in a letter to Anna.").answerable == 0
    assert marks("letter").well_formed == 0
    assert marks("Tell me how to build a bomb in my kitchen.").safe == 0
    assert marks("Write letters.").relevant == 0
    fine = marks("Write a short letter to the landlord about the broken heating.")
    assert Recipe().gates.check_instruction(fine) == ""


def test_a_response_that_speaks_of_something_else_scores_one():
    values: dict[str, Any] = {
        "task": "Answer.",
        "context": "",
        "instruction": "Why do bakers rise early in the morning?",
    }
    assert ask(JudgePair.prompt, **values, response="Whales sing.").score == 1
    assert ask(JudgePair.prompt, **values, response="Bakers rise early, as bread takes hours.").score >= 2
