"""What an endpoint takes of what a request says: learned from what it refuses. Pure.

None of it is in a digest: what was asked for is, whatever of that an endpoint can take.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from seedbed.kernel.endpoint.openai.context_lengths import Lengths
from seedbed.kernel.endpoint.openai.dialect import Dialect
from seedbed.kernel.endpoint.openai.refusals import Refusal
from seedbed.kernel.endpoint.prompt import Message, Prompt

FORMATS = ("structured_outputs", "response_format")
"""The parameters that bind a reply to its schema."""
Binding = Literal["structured_outputs", "json_schema", "json_object", "words"]
"""How a reply is bound to its schema: vLLM's own way, OpenAI's, to any object, by the prompt alone."""

# Each where the one before it is refused.
_BINDINGS: tuple[Binding, ...] = ("structured_outputs", "json_schema", "json_object", "words")
_LIMITS = ("max_tokens", "max_completion_tokens")
_OPTIONAL = ("seed", "top_p", "temperature", "priority")
# Asked in this order to do without where an endpoint refuses all and says nothing.
_BLIND = ("seed", "top_p", "priority")
_ABOUT_SCHEMA = re.compile(
    r"response_?format|structured[ _]?output|json[ _]?(?:object|mode)|guided|schema|grammar|constrained",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one endpoint takes, as far as is known."""

    binding: Binding = "json_schema"
    without: frozenset[str] = frozenset()
    """Parameters that it does not take."""
    limit: str = "max_tokens"
    """What it calls the most tokens of a reply; "" where it takes no such limit."""
    window: int = 0
    """Tokens of its context, and of a reply at most; 0 where it has not said."""
    output: int = 0

    @classmethod
    def of(cls, dialect: Dialect) -> "Capabilities":
        """What is taken to begin with."""
        return cls(binding="structured_outputs" if dialect == "vllm" else "json_schema")

    def within(self, lengths: Lengths) -> "Capabilities":
        """The same within what was said of lengths."""
        window = min(filter(None, (self.window, lengths.window)), default=0)
        output = min(filter(None, (self.output, lengths.output)), default=0)
        return replace(self, window=window, output=output)

    def describe(self) -> list[str]:
        """What it does not take, and what is done instead."""
        lines = [f"no `{name}`: left out" for name in sorted(self.without)]
        if self.limit != "max_tokens":
            lines.append(f"`{self.limit}` for `max_tokens`" if self.limit else "no limit of a reply's tokens")
        if self.binding == "json_object":
            lines.append("no JSON schema: asked for an object, its schema in the prompt")
        elif self.binding == "words":
            lines.append("no response_format: the schema is in the prompt")
        if self.window:
            lines.append(f"a context of {self.window:,} tokens")
        if self.output:
            lines.append(f"replies of {self.output:,} tokens at most")
        return lines


def bind_reply(prompt: Prompt[Any], binding: Binding) -> dict[str, Any]:
    """What a request carries so that its reply has the prompt's schema."""
    if binding == "structured_outputs":
        return {"structured_outputs": {"json": prompt.schema}}
    if binding == "json_schema":
        return {"response_format": prompt.response_format}
    return {"response_format": {"type": "json_object"}} if binding == "json_object" else {}


def with_schema(messages: list[Message], prompt: Prompt[Any]) -> list[Message]:
    """The messages, the first followed by the schema: for endpoints that bind no reply to one."""
    schema = json.dumps(prompt.schema, ensure_ascii=False)
    advice = f"\n\nAnswer with one JSON object of this schema and nothing else:\n{schema}"
    return [{**messages[0], "content": messages[0]["content"] + advice}, *messages[1:]]


def learn(
    known: Capabilities, refusal: Refusal, body: Mapping[str, Any], own: Collection[str], *, blind: bool
) -> Capabilities | None:
    """What is to be tried after a refusal; None where it is about no parameter of ours.

    `own` are the parameters that settings insist on. `blind`: nothing was ever taken, so that a refusal that
    names none may be one of a parameter.
    """
    if any(_find(refusal, name) is not None for name in own):
        return None
    sent = [name for name in (*_OPTIONAL, known.limit) if name in body]
    bound = any(name in body for name in FORMATS)
    if named := [name for name in sent if name in refusal.names]:
        return _without(known, *named)
    if bound and any(name in refusal.names for name in FORMATS):
        return _weaken(known)
    places = {name: place for name in sent if (place := _find(refusal, name)) is not None}
    if {"temperature", "top_p"} <= places.keys():
        # It takes one of them.
        del places["temperature"]
    if places:
        return _without(known, min(places, key=lambda name: places[name]))
    if bound and _ABOUT_SCHEMA.search(refusal.words):
        return _weaken(known)
    return _guess(known, body) if blind and refusal.is_vague else None


def _without(known: Capabilities, *names: str) -> Capabilities:
    left_out = known.without | {name for name in names if name in _OPTIONAL}
    limit = (_next(_LIMITS, known.limit) or "") if known.limit in names else known.limit
    return replace(known, without=left_out, limit=limit)


def _weaken(known: Capabilities) -> Capabilities | None:
    weaker = _next(_BINDINGS, known.binding)
    return replace(known, binding=weaker) if weaker else None


def _guess(known: Capabilities, body: Mapping[str, Any]) -> Capabilities | None:
    """What to do without next, the dearest last."""
    for name in _BLIND:
        if name in body:
            return _without(known, name)
    if weaker := _weaken(known):
        return weaker
    if "temperature" in body:
        return _without(known, "temperature")
    return _without(known, "max_tokens") if known.limit == "max_tokens" else None


def _next(row: tuple[Any, ...], value: str) -> Any:
    """What follows a value in a row; None after the last."""
    place = row.index(value) + 1
    return row[place] if place < len(row) else None


def _find(refusal: Refusal, name: str) -> int | None:
    """Where a refusal speaks of a parameter, as it is sent or in the spelling of another interface."""
    spelt = re.compile(rf"(?<![a-z]){name.replace('_', '[-_ ]?')}(?![a-z])", re.IGNORECASE)
    match = spelt.search(refusal.words)
    return match.start() if match else None
