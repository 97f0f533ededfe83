"""What may be asked for, in OpenAI's form. What cannot be done is refused by name. Pure."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from seedbed.serving.generation import GenerationOptions

_MOST = 16
"""Answers to one question."""
_IGNORED = {
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "safety_identifier",
    "service_tier",
    "store",
    "user",
}
# What asks for nothing that is not done anyway.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "best_of": (1,),
    "echo": (False,),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "response_format": ({"type": "text"},),
    "suffix": ("",),
    "tool_choice": ("none", "auto"),
    "tools": ([],),
    "top_logprobs": (0,),
}
_NOT_OF_TURN = ("tool_calls", "function_call", "audio")


class Refused(Exception):
    """A request that cannot be answered; says why, and which field of it."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


def _join(content: Any) -> Any:
    """The text of a message that comes in parts."""
    if not isinstance(content, list):
        return content
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            kind = part.get("type") if isinstance(part, dict) else part
            raise ValueError(f"a part of the kind {kind!r} is not supported here, only text")
    return "\n".join(part["text"] for part in content)


A = TypeVar("A", bound="GenerationRequest")
Text = Annotated[str, BeforeValidator(_join), Field(strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Turn(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | None = None

    def message(self) -> dict[str, str]:
        """As chat templates know it."""
        role = "system" if self.role == "developer" else self.role
        return {"role": role, "content": self.content or ""}


class StreamOptions(BaseModel):
    """What a streamed answer has at its end."""

    include_usage: bool = False


class GenerationRequest(BaseModel):
    """What both kinds of requests have."""

    model_config = ConfigDict(extra="forbid")

    model: str
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[Number, Field(ge=0)] = 0.0
    top_p: Annotated[Number, Field(gt=0, le=1)] = 1.0
    seed: Annotated[int, Field(strict=True)] | None = None
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    n: Annotated[int, Field(ge=1, le=_MOST)] = 1
    presence_penalty: Annotated[Number, Field(ge=-2, le=2)] = 0.0
    frequency_penalty: Annotated[Number, Field(ge=-2, le=2)] = 0.0
    stream: Annotated[bool, Field(strict=True)] = False
    stream_options: StreamOptions = StreamOptions()

    @field_validator("stop", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def most(self) -> int:
        """Tokens of an answer, at most."""
        raise NotImplementedError

    def options(self, number: int) -> GenerationOptions:
        """How one of the answers is to be made; each by chance of its own."""
        return GenerationOptions(
            max_tokens=self.most,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=None if self.seed is None else self.seed + number,
            stop=self.stop,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
        )


class ChatRequest(GenerationRequest):
    """A conversation to be answered."""

    messages: Annotated[list[Turn], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None

    @property
    def most(self) -> int:
        return self.max_completion_tokens or self.max_tokens or 512


class CompletionRequest(GenerationRequest):
    """A text to be gone on with, or several; each as words or as tokens."""

    prompt: Annotated[str, Field(strict=True)] | list[int] | list[str] | list[list[int]]

    @property
    def prompts(self) -> list[str | list[int]]:
        """The prompts, each a text or the tokens of one."""
        given = self.prompt
        if isinstance(given, str):
            return [given]
        if all(isinstance(one, int) for one in given):
            return [[int(one) for one in given if isinstance(one, int)]]
        return [one if isinstance(one, str) else list(one) for one in given if not isinstance(one, int)]

    @property
    def most(self) -> int:
        return self.max_tokens or 16


def read_chat(data: bytes) -> ChatRequest:
    """A request for a chat. Raises Refused."""
    asked = _validate(ChatRequest, _read(data))
    for number, turn in enumerate(asked.messages):
        where = f"messages.{number}"
        if turn.content is None and turn.role != "assistant":
            raise Refused(f"{where}.content: must be text", f"{where}.content")
        # Answers come back with all that they had, most of it null.
        for name in _NOT_OF_TURN:
            if (turn.model_extra or {}).get(name):
                raise Refused(f"{where}.{name} is not supported here", f"{where}.{name}")
    return asked


def read_text(data: bytes) -> CompletionRequest:
    """A request to go on with a text. Raises Refused."""
    asked = _validate(CompletionRequest, _read(data))
    if not asked.prompts:
        raise Refused("prompt: must not be empty", "prompt")
    return asked


def _read(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data.decode())
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Refused("the body holds half a character: a surrogate without its other half") from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused("the body is not a JSON object")
    for name, values in _NEUTRAL.items():
        asked = body.pop(name, None)
        if asked is not None and asked not in values:
            raise Refused(f"{name} is not supported here; vLLM does it", name)
    return {name: value for name, value in body.items() if value is not None and name not in _IGNORED}


def _validate(kind: type[A], body: Mapping[str, Any]) -> A:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        param = ".".join(map(str, first["loc"])) or None
        if first["type"] == "extra_forbidden":
            raise Refused(f"Unrecognized request argument supplied: {param}", param) from error
        raise Refused(f"{param}: {first['msg']}", param) from error
