"""Exams: the held-out questions of a leaf, how many were left out and why, and their portable form. Pure."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from seedbed.evaluator.exams.held_out import Trained
from seedbed.kernel.identity import canonical_json, sha256_hex
from seedbed.pipeline.similarity import NearDuplicates


@dataclass(frozen=True, slots=True)
class Question:
    """One held-out question. `choices` are empty where there is nothing to choose from."""

    id: str
    leaf: str
    question: str
    reference: str
    """The right answer, or one good answer."""
    choices: tuple[str, ...] = ()
    answer: int = 0
    """Which of the choices is right."""
    context: str = ""
    task: str = ""
    source: str = ""
    """The passage it is asked about, by its sha256; the candidate it was, for skills."""
    evidence: str = ""

    @property
    def prompt(self) -> str:
        """What the student is asked, as its training rows show it."""
        return f"{self.context}\n\n{self.question}" if self.context.strip() else self.question


@dataclass(frozen=True, slots=True)
class Exam:
    """The questions of one leaf."""

    leaf: str
    kind: str
    wanted: int
    questions: tuple[Question, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    """How many were made and cannot examine, by reason."""
    trouble: str = ""
    """Why no more could be made."""

    @property
    def shortfall(self) -> str:
        """Why there are fewer questions than wanted; "" where there are not."""
        if len(self.questions) >= self.wanted:
            return ""
        said = ", ".join(f"{count} {reason}" for reason, count in sorted(self.left_out.items()))
        why = "; ".join(filter(None, [f"left out were {said}" if said else "", self.trouble]))
        return f"{len(self.questions)} of {self.wanted} questions" + (f": {why}" if why else "")

    def digest(self) -> str:
        """sha256 of the questions as canonical JSON."""
        return sha256_hex(canonical_json([asdict(question) for question in self.questions]))

    def rows(self) -> bytes:
        """The questions, one JSON object a line."""
        lines = (
            json.dumps(asdict(question), ensure_ascii=False, sort_keys=True) for question in self.questions
        )
        return "".join(f"{line}\n" for line in lines).encode()


class ExamBuilder:
    """Chooses questions that were not trained on and do not repeat each other, up to a number."""

    def __init__(self, leaf: str, kind: str, wanted: int, trained: Trained, threshold: float) -> None:
        self._about = (leaf, kind, wanted)
        self._trained = trained
        self._kept: list[Question] = []
        self._known = NearDuplicates(threshold)
        self._left_out: Counter[str] = Counter()
        self.trouble = ""
        """Why no more can be offered."""

    @property
    def missing(self) -> int:
        """How many questions are still to be found."""
        return self._about[2] - len(self._kept)

    def leave_out(self, reason: str, count: int = 1) -> None:
        """Count questions that cannot be used, by the reason."""
        self._left_out[reason] += count

    def offer(self, question: Question) -> None:
        """Keep a question, or count why not."""
        if not self.missing:
            return
        # The right answer counts: of one passage the same may be asked with another thing in mind.
        text = f"{question.prompt}\n{question.reference}"
        chosen = bool(question.choices)
        reason = self._trained.find(question.prompt, question.reference, known_answers=chosen)
        if not reason and self._known.find(text):
            reason = "repeated"
        if reason:
            self.leave_out(reason)
            return
        self._known.add(question.id, text)
        self._kept.append(question)

    def build(self) -> Exam:
        """The exam of the questions that were kept, with what was left out."""
        leaf, kind, wanted = self._about
        return Exam(leaf, kind, wanted, tuple(self._kept), dict(self._left_out), self.trouble)


def place_answer(identity: str, answer: str, wrong: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The choices in an order drawn by hash, so that the place of the right one says nothing."""
    choices = sorted((answer, *wrong), key=lambda choice: sha256_hex(f"{identity}\0{choice}"))
    return tuple(choices), choices.index(answer)
