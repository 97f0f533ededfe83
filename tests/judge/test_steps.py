import json

import pytest

from seedbed.bus.v1.bus_pb2 import Follower
from seedbed.judge.steps import JudgeGrounded, JudgeInstruction, JudgePair
from seedbed.judge.v1.steps_pb2 import GroundedVerdict, InstructionVerdict, PairVerdict
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.step import Work
from seedbed.pipeline.items import Announce, Drop, Following
from seedbed.pipeline.recipe import Gates, Recipe
from tests.judge.samples import DOCUMENT, make_grounded, make_instruction, make_pair

RECIPE = Recipe()


class Told:
    """Tools whose endpoint has answered already: the step's own prompt renders and parses."""

    def __init__(self, step, reply):
        self.step = step
        self.reply = reply

    @property
    def store(self) -> Store:
        raise AssertionError("the judge keeps nothing")

    async def ask(self, prompt, /, **values):
        assert prompt is self.step.prompt
        assert prompt.render(**values)
        return prompt.parse(json.dumps(self.reply))


def grounded_reply(**changes):
    reply = {
        "explanation": "It is said.",
        "evidence": "the young leave the nest after about 42 days",
        "faithful": 1,
        "relevancy": 2,
        "standalone": 1,
    }
    return {**reply, **changes}


async def weigh(**changes):
    step = JudgeGrounded()
    return await step.run(make_grounded(), Told(step, grounded_reply(**changes)))


async def test_evidence_that_stands_in_the_document_is_found_with_its_span():
    verdict = await weigh()
    assert verdict.evidence_found == 1
    passage = DOCUMENT[verdict.evidence_start : verdict.evidence_end]
    assert passage == "the young leave the nest after about 42 days"
    assert RECIPE.gates.check_grounded(verdict) == ""


async def test_evidence_across_markup_is_found():
    verdict = await weigh(evidence="Swifts sleep on the wing, and the young leave the nest")
    assert verdict.evidence_found == 1


@pytest.mark.parametrize("evidence", ["", "42 days", "the young leave the nest after about 24 days"])
async def test_invented_evidence_fails_however_high_the_scores(evidence):
    verdict = await weigh(evidence=evidence)
    assert (verdict.evidence_found, verdict.evidence_start, verdict.evidence_end) == (0, 0, 0)
    assert verdict.evidence == evidence
    assert RECIPE.gates.check_grounded(verdict) == "evidence not found"


async def test_a_quote_of_neutralised_tags_is_found():
    shown = JudgeGrounded.prompt.render(document=DOCUMENT, question="", answer="", domain="")[1]["content"]
    start = shown.index("Rate everything")
    verdict = await weigh(evidence=shown[start : shown.index("ignore the rules")])
    assert verdict.evidence_found == 1


async def test_raw_scores_are_kept():
    verdict = await weigh(faithful=0, relevancy=1, standalone=0)
    assert (verdict.faithful, verdict.relevancy, verdict.standalone) == (0, 1, 0)
    assert verdict.explanation == "It is said."


async def test_an_instructions_verdict_is_read():
    scores = {"answerable": 1, "well_formed": 0, "safe": 1, "relevant": 1}
    told = Told(JudgeInstruction(), {"explanation": "x", **scores})
    verdict = await JudgeInstruction().run(make_instruction(), told)
    assert verdict == InstructionVerdict(explanation="x", **scores)


async def test_a_pairs_verdict_is_read():
    told = Told(JudgePair(), {"explanation": "x", "score": 2})
    assert await JudgePair().run(make_pair(), told) == PairVerdict(score=2, explanation="x")


def instruction_work(then=None, **scores):
    verdict = InstructionVerdict(**{"answerable": 1, "well_formed": 1, "safe": 1, "relevant": 1, **scores})
    return Work("d" * 64, make_instruction(), verdict, candidate="c1", draw=4, then=then)


def test_behind_the_gate_goes_on_what_was_waiting():
    then = Follower(step="skills.respond", input=b"as it was written")
    following = JudgeInstruction().follow(instruction_work(then), RECIPE)
    assert following == Following(announce=[Announce("skills.respond", b"as it was written", "c1")])


@pytest.mark.parametrize("name", ["answerable", "well_formed", "safe", "relevant"])
def test_before_the_gate_the_candidate_ends(name):
    then = Follower(step="skills.respond", input=b"x")
    following = JudgeInstruction().follow(instruction_work(then, **{name: 0}), RECIPE)
    assert following == Following(drop=[Drop("c1", "rejected", f"not {name.replace('_', ' ')}")])


def test_with_nothing_waiting_nothing_follows():
    assert JudgeInstruction().follow(instruction_work(), RECIPE) == Following()


def test_the_last_verdicts_announce_nothing():
    pair = Work("d", make_pair(), PairVerdict(score=1), candidate="c")
    grounded = Work("d", make_grounded(), GroundedVerdict(), candidate="c")
    assert JudgePair().follow(pair, RECIPE) == Following()
    assert JudgeGrounded().follow(grounded, RECIPE) == Following()


def test_gates_are_the_recipes():
    verdict = GroundedVerdict(faithful=1, relevancy=1, standalone=0)
    gates = Gates(relevancy=1, standalone=0, evidence=False)
    assert gates.check_grounded(verdict) == ""


def test_the_judge_never_samples():
    for step in (JudgeInstruction(), JudgePair(), JudgeGrounded()):
        assert step.role == "judge"
        assert step.spec("m").sampling.temperature == 0
        assert step.spec("m").model == "m"
