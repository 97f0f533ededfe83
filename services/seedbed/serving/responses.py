"""Answers in OpenAI's form: complete, as parts of a stream, and refusals. Pure."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from seedbed.serving.loaded_models import Reply


@dataclass(frozen=True, slots=True)
class Form:
    """The form of the answers to one request."""

    model: str
    chat: bool
    made: int = field(default_factory=lambda: int(time.time()))
    name: str = field(default_factory=lambda: uuid4().hex)

    def whole(self, replies: Sequence[Reply], prompts: int) -> dict[str, Any]:
        """All answers at once; there are as many for each of the prompts."""
        choices = [self._choice(number, reply) for number, reply in enumerate(replies)]
        return {**self._head(part=False), "choices": choices, "usage": usage(replies, prompts)}

    def begun(self, number: int) -> dict[str, Any]:
        """The first part of an answer in a stream."""
        return self._part(number, {"role": "assistant", "content": ""} if self.chat else "", None)

    def piece(self, number: int, text: str) -> dict[str, Any]:
        """A part of an answer in a stream."""
        return self._part(number, {"content": text} if self.chat else text, None)

    def ended(self, number: int, reply: Reply) -> dict[str, Any]:
        """The last part of an answer: why it ended."""
        return self._part(number, {} if self.chat else "", _reason(reply))

    def spent(self, replies: Sequence[Reply], prompts: int) -> dict[str, Any]:
        """What it took, after everything else."""
        return {**self._head(part=True), "choices": [], "usage": usage(replies, prompts)}

    def _head(self, *, part: bool) -> dict[str, Any]:
        kind = "chat.completion" if self.chat else "text_completion"
        return {
            "id": f"{'chatcmpl' if self.chat else 'cmpl'}-{self.name}",
            "object": f"{kind}.chunk" if part and self.chat else kind,
            "created": self.made,
            "model": self.model,
        }

    def _choice(self, number: int, reply: Reply) -> dict[str, Any]:
        about = {"index": number, "logprobs": None, "finish_reason": _reason(reply)}
        if not self.chat:
            return {**about, "text": reply.text}
        return {**about, "message": {"role": "assistant", "content": reply.text, "refusal": None}}

    def _part(self, number: int, said: Any, reason: str | None) -> dict[str, Any]:
        name = "delta" if self.chat else "text"
        choice = {"index": number, name: said, "logprobs": None, "finish_reason": reason}
        return {**self._head(part=True), "choices": [choice]}


def usage(replies: Sequence[Reply], prompts: int) -> dict[str, int]:
    """What answers took; a prompt that has several is read once."""
    each = max(1, len(replies) // prompts)
    read = sum(reply.prompt_tokens for reply in replies[::each])
    written = sum(reply.completion_tokens for reply in replies)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def refusal(message: str, status: int, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """Why there is no answer."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _reason(reply: Reply) -> str:
    return "stop" if reply.whole else "length"
