"""What is compared: one student, one set of passages, as many tokens; only what is shown differs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BASE = "base"
_TEXTS = ["document_text", "retelling_text"]
_ASKED = ["p07_qa", "p07_auxiliary", "closed_qa"]
_PHASE: Mapping[str, Any] = {
    "learning_rate": 2.0e-4,
    "warmup": 5,
    "schedule": "cosine",
    "floor": 0.1,
    "batch_tokens": 2048,
    "context": 1024,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One recipe: its phases, each with its share of the tokens, and whether recorded rows come to it."""

    name: str
    about: str
    phases: tuple[tuple[float, Mapping[str, Any]], ...] = ()
    recorded: bool = False

    def recipe(self, tokens: int, seed: int) -> dict[str, Any]:
        """The training recipe at so many tokens."""
        phases = [
            {**_PHASE, **values, "name": values.get("name", self.name), "tokens": round(share * tokens)}
            for share, values in self.phases
        ]
        return {"seed": seed, "pack_tokens": 1024, "phases": phases}


def _select(rows: list[str], **more: Any) -> dict[str, Any]:
    return {"data": [{"kinds": ["knowledge"], "rows": rows, **more}]}


_LAB = (
    (0.5, {**_select(_ASKED, answers="short"), "name": "kt1"}),
    (0.5, {**_select(_ASKED, answers="long"), "name": "kt2", "replay": [{"phase": "kt1"}]}),
)
CONDITIONS: Mapping[str, Condition] = {
    one.name: one
    for one in (
        Condition(BASE, "the student as it is"),
        Condition("text", "the passages as plain text", ((1, _select(["document_text"])),)),
        Condition("lab", "the teacher's questions, short answers before long ones, with replay", _LAB),
        Condition("stacked", "the teacher's questions in one stage", ((1, _select(_ASKED)),)),
        Condition("retold", "passages and retellings as plain text", ((1, _select(_TEXTS)),), recorded=True),
        Condition(
            "mixed",
            "passages, retellings and the teacher's questions in one stage",
            ((1, _select([*_TEXTS, "closed_qa"])),),
            recorded=True,
        ),
    )
}
