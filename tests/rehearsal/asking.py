"""Asks the rehearsal as the services do: their prompts, their schemas, their way of reading a reply."""

import re
from pathlib import Path
from typing import Any

import yaml

from seedbed.judge.steps import JudgeGrounded, JudgeInstruction, JudgePair
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.knowledge.steps import AugmentChunk, RetellChunk, WritePairs
from seedbed.pipeline.similarity import NearDuplicates
from seedbed.rehearsal.replies import complete
from seedbed.skills.steps import WriteContext, WriteInstructions, WriteResponse

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / "taxonomy"
GERMINATION = OWN / "knowledge/science/biology/seed_germination/germination.md"
ONDOL = OWN / "knowledge/arts/architecture/ondol/ondol.md"
PROMPTS: list[Prompt[Any]] = [
    step.prompt
    for step in (
        WritePairs,
        AugmentChunk,
        RetellChunk,
        WriteContext,
        WriteInstructions,
        WriteResponse,
        JudgeInstruction,
        JudgePair,
        JudgeGrounded,
    )
]


def body_of(prompt: Prompt[Any], seed: int = 0, **values: Any) -> dict[str, Any]:
    messages = prompt.render(**values)
    form = prompt.response_format
    return {"model": "rehearsal", "messages": messages, "seed": seed, "response_format": form}


def ask(prompt: Prompt[Any], seed: int = 0, **values: Any) -> Any:
    completion = complete(body_of(prompt, seed, **values))
    return prompt.parse(completion["choices"][0]["message"]["content"])


def write_pairs(document: str, form: str, seed: int = 0, title: str = "", count: int = 3) -> Any:
    example = {"question": "Is this an example?", "answer": "Yes."}
    values = {"example_context": "", "examples": [example], "domain": "", "outline": ""}
    headings = [title] if title else []
    reply = ask(
        WritePairs.prompt, seed, **values, headings=headings, document=document, form=form, count=count
    )
    return reply.pairs


def weigh(document: str, question: str, answer: str) -> Any:
    return ask(JudgeGrounded.prompt, document=document, question=question, answer=answer, domain="")


def passes(verdict: Any) -> bool:
    return bool(verdict.faithful == 1 and verdict.relevancy == 2 and verdict.standalone == 1)


def cut(text: str) -> list[str]:
    """Passages of about the size of chunks."""
    passages = [""]
    for block in re.split(r"\n\s*\n", text):
        if len(passages[-1]) + len(block) > 1600:
            passages.append("")
        passages[-1] += block + "\n\n"
    return passages


def distinct(texts: list[str]) -> list[str]:
    known = NearDuplicates(0.7)
    kept = []
    for number, text in enumerate(texts):
        if known.find(text) is None:
            known.add(str(number), text)
            kept.append(text)
    return kept


def skill_leaves(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("qna.yaml") if "knowledge" not in path.parts)


def read(leaf: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(leaf.read_text("utf-8"))
    return loaded
