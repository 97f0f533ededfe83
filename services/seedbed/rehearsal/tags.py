"""The tags that carry the values of a prompt: `<document>` … `</document>` on lines of their own.

Knows nothing of what the values mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Outer tags begin a line, so that a prompt may name a tag in running text.
_OUTER = re.compile(r"^[ \t]*<([a-z_]+)>(.*?)</\1>[ \t]*$", re.DOTALL | re.MULTILINE)
_INNER = re.compile(r"<([a-z_]+)>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """One seed example as the prompt shows it."""

    question: str
    answer: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Tags:
    """The values of one prompt by tag."""

    values: Mapping[str, str]
    examples: tuple[Example, ...]

    def get(self, name: str, default: str = "") -> str:
        """The value in a tag, or `default`."""
        return self.values.get(name, default)

    def count(self, default: int) -> int:
        """How many things are asked for: at least one, at most 50."""
        text = self.get("count").strip()
        return min(max(int(text), 1), 50) if text.isdecimal() else default


def read_tags(text: str) -> Tags:
    """Find the outer tags of a prompt, and the examples within them."""
    values = {name: value.strip("\n") for name, value in _OUTER.findall(text)}
    return Tags(values, tuple(_examples(values)))


def _examples(values: Mapping[str, str]) -> Iterable[Example]:
    inside = _INNER.findall(values.get("examples", ""))
    shared = dict(inside).get("example_context", values.get("example_context", "")).strip()
    blocks = [body for name, body in inside if name == "example"]
    if "example" in values:
        blocks.append(values["example"])
    for block in blocks:
        parts = {name: value.strip() for name, value in _INNER.findall(block)}
        yield Example(parts.get("question", ""), parts.get("answer", ""), parts.get("context", shared))


def user_text(messages: object) -> str:
    """All that the user says in a chat, as one text."""
    if not isinstance(messages, list):
        return ""
    return "\n".join(_content(message) for message in messages if _is_user(message))


def _is_user(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") == "user"


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(part for part in parts if isinstance(part, str))
