"""The exam without the passages: each question is asked, answered greedily, and the right answer weighed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.proof import scores
from benchmarks.proof.passages import Passage, Question
from seedbed.evaluator.scoring.answers import answer
from seedbed.evaluator.scoring.student import Student

ANSWER_TOKENS = 24
_BATCH = 8
_SHOWN = 200


def examine(folder: Path, passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """One entry a question, in the order of the passages; `likelihood` is that of a gold answer's token."""
    student = Student(str(folder), str(folder))
    asked = [(passage, question) for passage in passages for question in passage.questions]
    prompts = [write_prompt(passage, question) for passage, question in asked]
    answers = answer(student, prompts, "", ANSWER_TOKENS)
    golds = [question.answer for _, question in asked]
    likelihoods = list(_weigh(student, prompts, golds))
    return [
        {
            "question": question.id,
            "passage": passage.id,
            "exact": scores.exact(said, question.answer),
            "f1": round(scores.f1(said, question.answer), 4),
            "holds": scores.holds(said, question.answer),
            "likelihood": round(likelihood, 4),
            "answer": said[:_SHOWN],
        }
        for (passage, question), said, likelihood in zip(asked, answers, likelihoods, strict=True)
    ]


def write_prompt(passage: Passage, question: Question) -> str:
    """How a question is asked: with the article's title, as some are not clear without."""
    return f"Topic: {passage.title}. {question.question} Answer briefly."


def _weigh(student: Student, prompts: Sequence[str], golds: Sequence[str]) -> Iterator[float]:
    """The mean log likelihood of a token of each right answer, where it is the whole answer's beginning."""
    pairs = [
        (_encode(student, student.write([{"role": "user", "content": prompt}])), _encode(student, gold))
        for prompt, gold in zip(prompts, golds, strict=True)
    ]
    for start in range(0, len(pairs), _BATCH):
        yield from _weigh_batch(student, pairs[start : start + _BATCH])


def _encode(student: Student, text: str) -> list[int]:
    ids: list[int] = student.tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def _weigh_batch(student: Student, batch: Sequence[tuple[list[int], list[int]]]) -> Iterator[float]:
    longest = max(len(prompt) + len(gold) for prompt, gold in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.long, device=student.device)
    mask = torch.zeros_like(ids)
    for row, (prompt, gold) in enumerate(batch):
        whole = torch.tensor([*prompt, *gold])
        ids[row, : len(whole)] = whole
        mask[row, : len(whole)] = 1
    with torch.inference_mode():
        found = student.model(input_ids=ids, attention_mask=mask).logits
    for row, (prompt, gold) in enumerate(batch):
        # The token at a place is predicted from the one before it.
        first = len(prompt) - 1
        expected = found[row, first : first + len(gold)].float().log_softmax(dim=1)
        right = torch.tensor(gold, device=student.device)[:, None]
        yield float(expected.gather(1, right).mean())
