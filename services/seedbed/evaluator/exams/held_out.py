"""What a dataset trains on, and whether a question is held out from it, near duplicates included. Pure."""

import json
from collections.abc import Iterable

from seedbed.kernel.identity import sha256_hex
from seedbed.pipeline.kinds import Kind
from seedbed.pipeline.similarity import NearDuplicates, grams

_LONG_ANSWER = 40
"""Grams from which an answer identifies its question by itself; a shorter one fits many questions."""


class Trained:
    """All questions, answers and pairs of the training rows."""

    def __init__(self, threshold: float) -> None:
        self._questions = NearDuplicates(threshold)
        self._answers = NearDuplicates(threshold)
        self._pairs = NearDuplicates(threshold)
        self._digests: set[str] = set()
        self._seen: set[str] = set()
        self.rows = 0

    def add_rows(self, lines: Iterable[bytes]) -> None:
        """Take in the rows of a `…_train_msgs.jsonl`: questions, RAFT rows and augmentations alike."""
        for line in lines:
            record = json.loads(line)
            turns = {message["role"]: message["content"] for message in record["messages"]}
            question, about = turns.get("user", ""), json.loads(record["metadata"])
            if about.get("leaf_node_type", Kind.KNOWLEDGE) == Kind.KNOWLEDGE:
                # Such a row shows its passages first and asks last; a skill's context is part of its task.
                question = question.rpartition("\n\n")[2]
            self.add(question, turns.get("assistant", ""))
            self.rows += 1

    def add(self, question: str, answer: str) -> None:
        """Take in one question with its answer."""
        digest = _digest(question, answer)
        if digest in self._digests:
            return
        self._digests.add(digest)
        self._add_once(self._questions, question)
        self._add_once(self._pairs, f"{question}\n{answer}")
        if len(grams(answer)) >= _LONG_ANSWER:
            self._add_once(self._answers, answer)

    def _add_once(self, index: NearDuplicates, text: str) -> None:
        # A knowledge sample is three rows; its question is needed once.
        key = f"{id(index)}:{sha256_hex(text)}"
        if key not in self._seen:
            self._seen.add(key)
            index.add(key, text)

    def find(self, question: str, answer: str, *, known_answers: bool = True) -> str:
        """Why the question was trained on; "" where it was not. Of skills, answers may be alike."""
        if _digest(question, answer) in self._digests:
            return "trained"
        if self._questions.find(question) or self._pairs.find(f"{question}\n{answer}"):
            return "near duplicate of a trained question"
        if known_answers and len(grams(answer)) >= _LONG_ANSWER and self._answers.find(answer):
            return "near duplicate of a trained answer"
        return ""


def _digest(question: str, answer: str) -> str:
    return sha256_hex(f"{' '.join(question.split())}\0{' '.join(answer.split())}".casefold())
