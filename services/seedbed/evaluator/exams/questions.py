"""Questions for knowledge leaves: made by the teacher out of the passages that were trained on, one by one.

The order of passages is fixed by hash, and a later round asks for others of the same passages: so the
questions depend on the dataset and the teacher alone, and more of them begin with the same ones.
"""

from collections.abc import Sequence
from itertools import zip_longest

from seedbed.evaluator.exams.call_cache import CallCache, CallResult
from seedbed.evaluator.exams.dataset_view import LeafView, Passage
from seedbed.evaluator.exams.exam import Exam, ExamBuilder, Question, place_answer
from seedbed.evaluator.exams.held_out import Trained
from seedbed.evaluator.exams.steps import WriteQuestions
from seedbed.evaluator.v1.steps_pb2 import ChoiceQuestion, QuestionInput, QuestionResult
from seedbed.kernel.identity import sha256_hex
from seedbed.pipeline.items import candidate_id
from seedbed.taxonomy.v1.leaf_pb2 import QuestionAndAnswer

PER_CALL = 4
ROUNDS = 6
"""How often the same passage may be asked about again."""


async def examine_knowledge(
    leaf: LeafView,
    examples: Sequence[QuestionAndAnswer],
    wanted: int,
    trained: Trained,
    threshold: float,
    calls: CallCache,
) -> Exam:
    """As many questions as wanted, where the passages and the teacher give as many."""
    builder = ExamBuilder(leaf.path, leaf.kind, wanted, trained, threshold)
    order = sorted(leaf.passages, key=lambda digest: sha256_hex(f"{leaf.path}\0{digest}"))
    step = WriteQuestions()
    for repeat in range(ROUNDS):
        before = builder.missing
        if not before:
            break
        values = [(_make_input(leaf.passages[digest], examples), repeat) for digest in order]
        results = await calls.ask_all(step, values)
        for question in _in_turn(leaf.path, order, results, builder):
            builder.offer(question)
        if builder.missing == before:
            break
    return builder.build()


def _make_input(passage: Passage, examples: Sequence[QuestionAndAnswer]) -> QuestionInput:
    return QuestionInput(
        chunk=passage.text,
        headings=passage.headings,
        domain=passage.domain,
        document_outline=passage.outline,
        examples=examples,
        questions=PER_CALL,
    )


def _in_turn(
    leaf: str, order: Sequence[str], results: Sequence[CallResult[QuestionResult]], builder: ExamBuilder
) -> list[Question]:
    """One of each passage, then another of each: the questions spread over the whole document."""
    columns: list[list[Question]] = []
    for passage, answer in zip(order, results, strict=True):
        if answer.result is None:
            builder.leave_out("calls that failed")
            continue
        made = answer.result.questions
        found = [(number, question) for number, question in enumerate(made) if question.evidence_found]
        if len(found) < len(made):
            builder.leave_out("without their evidence in the passage", len(made) - len(found))
        columns.append([_make(leaf, passage, answer.digest, number, question) for number, question in found])
    return [question for row in zip_longest(*columns) for question in row if question is not None]


def _make(leaf: str, passage: str, digest: str, number: int, made: ChoiceQuestion) -> Question:
    identity = candidate_id(digest, number)
    choices, right = place_answer(identity, made.answer, made.wrong)
    return Question(
        id=identity,
        leaf=leaf,
        question=made.question,
        reference=made.answer,
        choices=choices,
        answer=right,
        source=passage,
        evidence=made.evidence,
    )
