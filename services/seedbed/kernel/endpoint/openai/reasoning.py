"""Where a reply's reasoning ends, and which JSON objects stand in the answer after it. Pure.

Models mark what they think in many ways, forget to open or to close it, and try their answer out in it. A
mark inside the string of a whole object is what the object says, and ends nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_THOUGHT = "think|thinking|thoughts?|reason|reasoning|reflection|analysis|scratchpad|inner_monologue"
_MARKS = re.compile(
    # DeepSeek, Qwen, GLM and most others; Seed and MiniMax with a prefix; Claude and Bedrock when asked to.
    rf"(?P<open><\s*(?:\w+:)?(?:{_THOUGHT})(?:\s[^<>]{{0,80}})?>"
    r"|\[THINK\]"  # Mistral
    r"|◁think▷"  # Kimi
    r"|<\|(?:begin_of_thought|start_thinking|think|inner_prefix)\|>"  # OpenThinker, Cohere, Solar, Apertus
    r"|<unused94>"  # MedGemma
    r"|<\|channel\|?>\s*(?:analysis|commentary(?! to=)|thought)\b"  # gpt-oss, Gemma
    r"|^[ \t]*analysis(?=[A-Z])"  # gpt-oss without its special tokens
    r"|^[ \t]*Here(?: is|'s) my thought process:)"  # Granite
    rf"|(?P<close><\s*/\s*(?:\w+:)?(?:{_THOUGHT})\s*>"
    r"|\[/THINK\]"
    r"|◁/think▷"
    r"|<\|(?:end_of_thought|end_thinking|content|inner_suffix)\|>"
    r"|<unused95>"
    r"|<channel\|>"
    r"|<\|channel\|>\s*(?:final\b|commentary to=).{0,80}?<\|message\|>"
    r"|assistantfinal"
    r"|^[ \t]*Here(?: is|'s) my response:"
    # Where the answer is what is marked.
    r"|<\|(?:begin_of_solution|start_response)\|>"
    r"|<\s*(?:answer|response|solution|final_answer)\s*>)",
    re.IGNORECASE | re.MULTILINE,
)
# Only this begins an object: a brace in prose, code or mathematics does not.
_START = re.compile(r'\{\s*"')
_STRING_OR_BRACE = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}]', re.DOTALL)
# Ends of turns and of fences, which may follow an answer that ends its reply.
_TAIL = re.compile(r"(?:\s|`|<\|\w+\|>|</\w+>)*+\Z")
_FENCE = re.compile(r"`{3}\w*\Z")
# A reply that opens more objects than this is noise, and reading on costs seconds.
_MOST_STARTS = 1000
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Answers:
    """The whole objects of the answer in order. `cut`: another begins and does not end."""

    objects: list[dict[str, Any]]
    cut: bool = False
    thinking: bool = False
    """The reasoning does not end."""


def find_answers(text: str) -> Answers:
    """The JSON objects on top level of what follows the reasoning; fences and prose carry no weight."""
    start, thinking = _end_of_reasoning(text)
    found, cut = _top_level(text, start)
    if thinking:
        # Who forgot to say that the reasoning is over may still have answered: in a paragraph of its own,
        # with which the reply ends. Anything else is a draft.
        found = [one for one in found[-1:] if _ends_reply(text, one.start, one.end)]
    return Answers([one.value for one in found], cut, thinking)


@dataclass(frozen=True, slots=True)
class _Found:
    value: dict[str, Any]
    start: int
    end: int


def _end_of_reasoning(text: str) -> tuple[int, bool]:
    """Where the last mark ends, and whether it is one that opens."""
    marks = list(_MARKS.finditer(text))
    if not marks:
        return 0, False
    spans = list(_whole_objects(text))
    for mark in reversed(marks):
        if not any(start < mark.start() < end for start, end in spans):
            return mark.end(), mark.lastgroup == "open"
    return 0, False


def _whole_objects(text: str) -> Iterator[tuple[int, int]]:
    """From where to where whole objects reach, on whichever level of what is broken around them."""
    at = 0
    for _ in range(_MOST_STARTS):
        match = _START.search(text, at)
        if match is None:
            return
        try:
            at = _DECODER.raw_decode(text, match.start())[1]
        except (ValueError, RecursionError):
            at = match.start() + 1
        else:
            yield match.start(), at


def _top_level(text: str, at: int) -> tuple[list[_Found], bool]:
    """The whole objects from there on, but for those within what is no JSON; and whether the last is cut."""
    found: list[_Found] = []
    while match := _START.search(text, at):
        start = match.start()
        try:
            value, at = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = _closing_brace(text, start)
            if end is None:
                return found, True
            at = end
        else:
            found.append(_Found(value, start, at))
    return found, False


def _closing_brace(text: str, start: int) -> int | None:
    """Where what opens there is closed, strings left aside; None where it never is."""
    depth = 0
    for token in _STRING_OR_BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if not depth:
            return token.end()
    return None


def _ends_reply(text: str, start: int, end: int) -> bool:
    """Whether an object is the last thing said, and in a paragraph of its own."""
    before = _FENCE.sub("", text[:start].rstrip()).rstrip()
    return bool(_TAIL.match(text, end)) and text.count("\n", len(before), start) > 1
