"""A completion as the many endpoints write it: what was said, and how it ended. Pure.

What stands beside the answer (`reasoning_content` and its like) is never read for it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from seedbed.kernel.errors import MalformedReply, ReplyCut, ReplyDeclined, ReplyEmpty, ReplyFiltered

CUT = "the reply was cut at its limit of tokens"
_LESS = "have the model reason less, by a parameter of its endpoint in SEEDBED_TEACHER_PARAMETERS"
_CUT = ("length", "max_tokens", "max_output_tokens", "model_context_window_exceeded")
_FILTERED = re.compile(r"filter|safety|prohibited|recitation|blocklist|spii|guardrail|sensitive|moderation")
_REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks")
_CALLS = {"tool_calls", "function_call"}
_LINE = re.compile(r"\r\n|\n|\r")
# What opens a stream of events: some answer with one though none was asked for.
_EVENTS = (b"data:", b"event:", b"id:", b"retry:", b":")


@dataclass(frozen=True, slots=True)
class Completion:
    """The words of a reply, and what it says of itself. `finish` is in lower case, "" where it is untold."""

    text: str
    finish: str = ""
    refusal: str = ""
    reasoned: bool = False

    @property
    def cut(self) -> bool:
        """Whether it ended at its limit of tokens."""
        return self.finish.endswith(_CUT)

    def fault(self) -> MalformedReply | None:
        """Why there is nothing to be read in it; None where there is, perhaps."""
        only_reasoned = self.reasoned and not self.text.strip()
        hint = _LESS if only_reasoned else ""
        if self.cut:
            return ReplyCut(CUT + (" while it was still reasoning" if only_reasoned else ""), hint=hint)
        if _FILTERED.search(self.finish):
            return ReplyFiltered(f"the endpoint's content filter kept the reply back ({self.finish})")
        if self.refusal or self.finish == "refusal":
            return ReplyDeclined(f"the model refused to answer: {self.refusal or self.text}"[:300])
        if not self.text.strip():
            but = ", but for its reasoning" if only_reasoned else ""
            return ReplyEmpty(f"the reply is empty{but}", hint=hint)
        return None


def read_completion(reply: dict[str, Any]) -> Completion:
    """The first choice of a reply."""
    choice = _first(reply)
    message = _object(choice.get("message"))
    calls = list(_call_arguments(message)) if _CALLS & message.keys() else []
    content = message.get("content", choice.get("text"))
    # Nearly every reply is one text.
    said = [("text", content)] if isinstance(content, str) else list(_parts(content))
    # A tool is never offered: a call is how a gateway binds a reply to its schema.
    text = calls[-1] if calls else "".join(text for kind, text in said if kind == "text")
    refusals = [text for kind, text in said if kind == "refusal"]
    refusal = message.get("refusal") or "".join(refusals)
    return Completion(
        text=text,
        finish=str(choice.get("finish_reason") or choice.get("finishReason") or "").lower(),
        refusal="" if text.strip() else str(refusal),
        reasoned=any(message.get(name) for name in _REASONING) or any(kind == "thinking" for kind, _ in said),
    )


def _first(reply: dict[str, Any]) -> dict[str, Any]:
    choices = reply.get("choices")
    return _object(choices[0]) if isinstance(choices, list) and choices else {}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parts(content: Any) -> Iterator[tuple[str, str]]:
    """Kind and text of each part of a content."""
    if isinstance(content, str):
        yield "text", content
    elif isinstance(content, list):
        for part in content:
            yield from _parts(part)
    elif isinstance(content, dict):
        kind = str(content.get("type") or "text")
        if "refusal" in content:
            yield "refusal", str(content["refusal"])
        elif "think" in kind or "reason" in kind:
            yield "thinking", ""
        elif "text" in content:
            yield from _parts(content["text"])
        elif "value" in content:
            yield from _parts(content["value"])
        elif "input" in content:
            yield "text", _as_text(content["input"])


def _call_arguments(message: dict[str, Any]) -> Iterator[str]:
    """The arguments of the calls that a message makes; those of the old form as well."""
    calls = message.get("tool_calls")
    called = [_object(_object(call).get("function")) for call in calls] if isinstance(calls, list) else []
    for function in (*called, _object(message.get("function_call"))):
        text = _as_text(function.get("arguments"))
        if text.strip():
            yield text


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value else ""


def decode(data: bytes) -> Any:
    """The value of an answer's body: JSON, or the events of a stream put together. Raises ValueError."""
    if not data.lstrip().startswith(_EVENTS):
        return json.loads(data)
    events = [text for text in _events(data.decode("utf-8", "replace")) if text]
    chunks = [chunk for text in events if text != "[DONE]" and isinstance(chunk := json.loads(text), dict)]
    faults = [chunk for chunk in chunks if chunk.get("error")]
    if faults:
        return faults[0]
    whole = _join(chunks)
    if "[DONE]" not in events and not whole["choices"][0]["finish_reason"]:
        raise ValueError("the stream of events breaks off")
    return whole


def _events(text: str) -> Iterator[str]:
    """The data of each event."""
    lines: list[str] = []
    # Not `splitlines`: a string of JSON may hold its other separators.
    for line in [*_LINE.split(text), ""]:
        if line.startswith("data:"):
            lines.append(line.removeprefix("data:").removeprefix(" "))
        elif not line:
            yield "\n".join(lines).strip()
            lines = []


def _join(chunks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The reply that chunks come to."""
    said: dict[str, str] = {"content": "", "refusal": "", "reasoning_content": ""}
    calls: dict[int, str] = {}
    finish, usage = "", dict[str, Any]()
    for chunk in chunks:
        usage = chunk.get("usage") or usage
        choice = _first(chunk)
        finish = choice.get("finish_reason") or finish
        delta = _object(choice.get("delta") or choice.get("message"))
        said["content"] += "".join(
            text for kind, text in _parts(delta.get("content", choice.get("text"))) if kind == "text"
        )
        said["refusal"] += str(delta.get("refusal") or "")
        said["reasoning_content"] += "".join(str(delta[name]) for name in _REASONING if delta.get(name))
        for call in delta.get("tool_calls") or ():
            index = int(_object(call).get("index") or 0)
            arguments = _as_text(_object(_object(call).get("function")).get("arguments"))
            calls[index] = calls.get(index, "") + arguments
    called = [{"function": {"arguments": text}} for _, text in sorted(calls.items())]
    message = {**said, "tool_calls": called}
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def tokens_spent(reply: dict[str, Any], name: str) -> int:
    """What a reply says was spent: `prompt_tokens` or `completion_tokens`."""
    # Not every endpoint counts, and what some count is no number.
    spent = reply.get("usage")
    count = spent.get(name) if isinstance(spent, dict) else 0
    return count if isinstance(count, int) and count > 0 else 0
