"""Marks for instructions and pairs, by rule: form, safety, and the words they share.

Weighs only what it is shown; it cannot tell whether an answer is right, and does not claim to.
"""

from __future__ import annotations

import re

from seedbed.rehearsal.tags import Tags
from seedbed.rehearsal.text.hangul import is_korean
from seedbed.rehearsal.text.words import WORD, content, stem

_NEEDS_MORE_THAN_TEXT = re.compile(
    r"\b(?:attached|(?:this|the) (?:image|picture|photo|video|recording|file|link))\b"
    r"|\b(?:draw|paint|sing|play) (?:me|us)\b"
    r"|\b(?:take|record) a (?:picture|photo|video)\b|첨부|이 (?:사진|그림|영상|파일)|그려 ?(?:줘|주세요)",
    re.IGNORECASE,
)
_UNSAFE = re.compile(
    r"\b(?:build|make|get) (?:a |an )?(?:bomb|explosives?|poison|weapons?)\b"
    r"|\b(?:suicide|self-harm|racist|terroris[mt])\b"
    r"|폭탄을 만|자살|테러",
    re.IGNORECASE,
)
_TWICE = re.compile(r"\b([^\W\d_]{3,}) \1\b", re.IGNORECASE)
_ABOUT_GIVEN = re.compile(
    r"\b(?:texts?|sentences?|passage|context|paragraph|table|it|this|word choice)\b"
    r"|글|문장|내용|본문|메모|대화",
    re.IGNORECASE,
)
# One instruction asks for one thing.
_TWO_TASKS = re.compile(r"\b(?:second|further|another) example\b|보기를 하나 더|예를 하나 더", re.IGNORECASE)
_FEWEST, _MOST = 3, 250


def judge_instruction(tags: Tags) -> dict[str, object]:
    """Is this worth answering?"""
    instruction, context = tags.get("instruction").strip(), tags.get("context").strip()
    marks = {
        "answerable": not _NEEDS_MORE_THAN_TEXT.search(instruction),
        "well_formed": _is_well_formed(instruction),
        "safe": not _UNSAFE.search(instruction),
        "relevant": _is_relevant(instruction, context, tags.get("task")),
    }
    short_of = [name for name, passed in marks.items() if not passed]
    said = f"It falls short of: {', '.join(short_of)}." if short_of else "It can be answered in text."
    return {"explanation": said, **{name: int(passed) for name, passed in marks.items()}}


def judge_pair(tags: Tags) -> dict[str, object]:
    """1 beside the point or empty; 2 to the point; 3 to the point and spelt out."""
    instruction, response = tags.get("instruction"), tags.get("response").strip()
    asked = content(instruction) | content(tags.get("context"))
    given = content(response)
    shared = set(asked & given)
    shared |= {word for word in asked - given if is_korean(word) and word in response}
    length = len(WORD.findall(response))
    if length < _FEWEST or not shared:
        return {"explanation": "The response is empty or speaks of something else.", "score": 1}
    if len(shared) < 0.1 * len(asked) or (len(shared) < 2 and length < 12):
        return {"explanation": "The response hardly touches what was asked.", "score": 1}
    spelt_out = length >= 25 and len(shared) >= 4
    said = f"The response takes up {len(shared)} points of the task{'' if spelt_out else ', briefly'}."
    return {"explanation": said, "score": 3 if spelt_out else 2}


def rate(tags: Tags) -> dict[str, object]:
    """1 to 10 by the words shared with the task and with the reference, and by repeating itself less."""
    response = tags.get("response").strip()
    words = [stem(word) for word in WORD.findall(response)]
    if not words:
        return {"explanation": "The response is empty.", "rating": 1}
    given = frozenset(words)
    about = _share(content(tags.get("instruction")) | content(tags.get("context")), given, response)
    alike = _share(content(tags.get("reference")), given, response)
    # Text that goes round in circles shares words as well: what it repeats does not count.
    fresh = len(given) / len(words)
    rating = 1 + round(9 * min(1.0, fresh * 1.5) * (0.4 * about + 0.6 * alike))
    said = (
        f"It shares {about:.0%} of the task's words and {alike:.0%} of the reference's; {fresh:.0%} are new."
    )
    return {"explanation": said, "rating": rating}


def _share(wanted: frozenset[str], given: frozenset[str], response: str) -> float:
    """Which part of the wanted words the response has."""
    if not wanted:
        return 0.0
    found = sum(word in given or (is_korean(word) and word in response) for word in wanted)
    return found / len(wanted)


def _is_well_formed(instruction: str) -> bool:
    words = len(WORD.findall(instruction))
    starts = instruction[:1]
    begins = bool(starts) and (starts.isdigit() or not starts.islower())
    return (
        _FEWEST <= words <= _MOST
        and begins
        and not (_TWICE.search(instruction) or _TWO_TASKS.search(instruction))
    )


def _is_relevant(instruction: str, context: str, task: str) -> bool:
    words = content(instruction)
    if len(words) < 2 or instruction == task.strip():
        return False
    return not context or bool(words & content(context)) or bool(_ABOUT_GIVEN.search(instruction))
