"""Requests to a teacher or judge: how long they took, what they cost, how they ended."""

import json
import time
from functools import lru_cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from seedbed.kernel.endpoint.openai.completion import tokens_spent
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics
from seedbed.kernel.telemetry.context import HEADER, Context, current
from seedbed.kernel.telemetry.meters import Histogram
from seedbed.kernel.telemetry.spans import (
    CHAT,
    UNTRACED,
    Attributes,
    Span,
    SpanTemplate,
    name_error,
    open_span,
    tracing,
)

_duration = Histogram(metrics.CHAT_DURATION)
_tokens = Histogram(metrics.TOKENS)


def server_address(url: str) -> str:
    """Host and port of an endpoint, without what is nobody's business."""
    return urlsplit(url).netloc.rpartition("@")[2]


class Chat:
    """Around one request. What is asked and answered stands in its span only where that is wanted."""

    __slots__ = ("_address", "_began", "_body", "_span")

    def __init__(self, address: str, body: dict[str, Any]) -> None:
        self._address = address
        self._body = body
        self._span: Span = UNTRACED
        self._began = 0.0

    def __enter__(self) -> Self:
        if _duration.on:
            self._began = time.perf_counter()
            if parent := current.get():
                self._span = _open(self._body, self._address, parent)
                self._span.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._began:
            fault = name_error(error) if error is not None else ""
            _duration.record(time.perf_counter() - self._began, self._body["model"], self._address, fault)
            self._span.__exit__(kind, error, trace)

    def headers(self) -> dict[str, str]:
        """The headers that pass the trace on; endpoints that trace, as vLLM does, go on with it."""
        return {HEADER: str(self._span.context)} if self._span.context else {}

    def record_reply(self, reply: dict[str, Any]) -> None:
        """Record the tokens that an answered request cost, and the reply where content is wanted."""
        if not self._began:
            return
        model, asked = self._body["model"], tokens_spent(reply, "prompt_tokens")
        answered = tokens_spent(reply, "completion_tokens")
        _tokens.record(asked, model, self._address, "input")
        _tokens.record(answered, model, self._address, "output")
        self._span.set(a.GEN_AI_INPUT_TOKENS, asked)
        self._span.set(a.GEN_AI_OUTPUT_TOKENS, answered)
        if tracing.content:
            self._span.set(a.GEN_AI_OUTPUT, json.dumps(reply.get("choices"), ensure_ascii=False))


def _open(body: dict[str, Any], address: str, parent: Context) -> Span:
    template = _span_template(
        body["model"],
        address,
        body.get("temperature", 1),
        body.get("max_completion_tokens") or body.get("max_tokens", 0),
    )
    span = open_span(template, under=parent)
    span.set(a.GEN_AI_SEED, int(body.get("seed", 0)))
    if tracing.content:
        span.set(a.GEN_AI_INPUT, json.dumps(body.get("messages"), ensure_ascii=False))
    return span


@lru_cache
def _span_template(model: str, address: str, temperature: float, most: int) -> SpanTemplate:
    attributes: Attributes = {
        a.GEN_AI_OPERATION: "chat",
        a.GEN_AI_PROVIDER: "openai",
        a.GEN_AI_MODEL: model,
        a.SERVER_ADDRESS: address,
        a.GEN_AI_TEMPERATURE: float(temperature),
        a.GEN_AI_MAX_TOKENS: int(most),
    }
    return SpanTemplate(f"{CHAT} {model}", "client", attributes)
