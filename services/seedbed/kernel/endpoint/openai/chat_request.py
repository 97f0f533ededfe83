"""One question as an endpoint is asked it, by what is known of what the endpoint takes. Pure."""

from dataclasses import dataclass
from typing import Any

from seedbed.bus.v1.bus_pb2 import Sampling
from seedbed.kernel.endpoint.endpoint import Endpoint
from seedbed.kernel.endpoint.endpoint_errors import RequestRefused
from seedbed.kernel.endpoint.openai.capabilities import FORMATS, Capabilities, bind_reply, learn, with_schema
from seedbed.kernel.endpoint.openai.context_lengths import Lengths, read_lengths
from seedbed.kernel.endpoint.openai.refusals import Refusal
from seedbed.kernel.endpoint.prompt import Message, Prompt
from seedbed.kernel.errors import PromptTooLong, Refused
from seedbed.pipeline.tokens import count_tokens

LEAST_REPLY = 256
"""Tokens that a reply must have room for, or as many as it asks for."""
_SMALLER = "make the chunks or seed examples smaller, or use a teacher with a larger context"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked for; how it is said is the endpoint's matter."""

    prompt: Prompt[Any]
    messages: list[Message]
    sampling: Sampling
    seed: int

    def body(self, endpoint: Endpoint, known: Capabilities, most: int) -> dict[str, Any]:
        """The request with room for a reply of so many tokens, or what there is. Raises PromptTooLong."""
        messages = self.messages
        binding = bind_reply(self.prompt, known.binding)
        over = endpoint.parameters
        bound = {**binding, **{name: over[name] for name in FORMATS if name in over}}
        if known.binding == "json_object" or not any(bound.values()):
            messages = with_schema(messages, self.prompt)
        room = self._room(messages, endpoint, known, most)
        plain = {
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p or None,
            "seed": self.seed,
            "priority": endpoint.priority or None,
        }
        body = {
            "model": endpoint.model,
            "messages": messages,
            **{name: value for name, value in plain.items() if name not in known.without},
            **({known.limit: room} if known.limit else {}),
            **binding,
            **over,
        }
        return {name: value for name, value in body.items() if value is not None}

    def _room(self, messages: list[Message], endpoint: Endpoint, known: Capabilities, most: int) -> int:
        most = min(most, known.output or most)
        window = min(endpoint.context, known.window or endpoint.context)
        if sum(len(message["content"]) for message in messages) + most <= window:
            return most  # A token is never shorter than a character: no need to count.
        asked = sum(count_tokens(message["content"]) for message in messages)
        room = window - asked
        if room < min(most, LEAST_REPLY):
            raise PromptTooLong(
                f"the prompt `{self.prompt.name}` of about {asked} tokens does not fit the context of "
                f"{window} tokens of {endpoint.model}",
                hint=_SMALLER,
            )
        return min(most, room)


def room_of(body: dict[str, Any]) -> int:
    """The tokens that a reply to it has room for; 0 where it sets no limit."""
    limits = (body.get(name) for name in ("max_completion_tokens", "max_tokens"))
    return next((limit for limit in limits if isinstance(limit, int)), 0)


def name_refusal(error: Refused, prompt: str) -> Refused:
    """The refusal that there was no way around, by what it is about."""
    if isinstance(error, RequestRefused) and read_lengths(error.refusal.words):
        return PromptTooLong(f"the prompt `{prompt}` does not fit the model: {error.message}", hint=_SMALLER)
    return error


def adapt(
    known: Capabilities, most: int, refusal: Refusal, body: dict[str, Any], endpoint: Endpoint, *, blind: bool
) -> tuple[Capabilities, int] | None:
    """What to try after a refusal: other parameters, or a shorter reply. None where nothing would help."""
    lengths = read_lengths(refusal.words)
    if lengths is None:
        learned = learn(known, refusal, body, endpoint.parameters.keys(), blind=blind)
        return (learned, most) if learned else None
    room = _shorten(lengths, body.get(known.limit, most))
    return (known.within(lengths), room) if room >= LEAST_REPLY else None


def _shorten(lengths: Lengths, most: int) -> int:
    """The tokens of a reply to ask for after so many were too many."""
    left = lengths.window - lengths.prompt if lengths.window and lengths.prompt else most
    room = min(left, lengths.output or left)
    return room if room < most else most // 2
