"""The teacher client: any OpenAI-compatible chat endpoint.

A fault of the endpoint pauses it and is waited out, however long; only what follows the request is raised.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol

from seedbed.bus.v1.bus_pb2 import Sampling, Usage
from seedbed.kernel.costs import ASKS
from seedbed.kernel.dialect import BINDINGS, bind_reply
from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.errors import EndpointError, MalformedReply, Refused
from seedbed.kernel.faults import ServerFault, is_about_schema
from seedbed.kernel.line import Endpoint, Line
from seedbed.kernel.logs import get_logger
from seedbed.kernel.prompt import Message, Prompt, ReplyT
from seedbed.kernel.tokens import count_tokens, tokens_spent

SERVER_ERRORS = 3
LEAST_REPLY = 256

__all__ = ["Answer", "Endpoint", "Seat", "Teacher"]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer(Generic[ReplyT]):
    """A reply and what it cost."""

    reply: ReplyT
    usage: Usage


class Seat(Protocol):
    """From where an item asks: a line, and leave to use it."""

    @property
    def line(self) -> Line:
        """Where to ask."""

    def begin(self) -> None:
        """A request is made."""

    def end(self) -> None:
        """It was answered."""

    async def move(self, error: EndpointError | None) -> None:
        """It was not, or the line is closed: give the place up, and wait for one, here or elsewhere."""


class _OnlySeat:
    """Asks at one line as soon as it is open."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def begin(self) -> None:
        pass

    def end(self) -> None:
        pass

    async def move(self, error: EndpointError | None) -> None:
        if error:
            self.line.pause(error)
        await self.line.opened()


class Teacher:
    """Asks one model, by whichever line it is told. Shared by all items of a process."""

    def __init__(self, endpoint: Endpoint, *, on_pause: Callable[[str], None] = lambda _: None) -> None:
        self.endpoint = endpoint
        self.line = Line(endpoint, on_pause)

    async def close(self) -> None:
        """Close the connections."""
        await self.line.close()

    async def ask(
        self,
        prompt: Prompt[ReplyT],
        values: dict[str, Any],
        sampling: Sampling,
        digest: str,
        usage: Usage,
        seat: Seat | None = None,
    ) -> Answer[ReplyT]:
        """Ask, and ask a malformed reply again with another seed. Raises MalformedReply, Refused.

        `usage` is added to as requests are answered, so that it holds what was spent when this raises.
        """
        messages = prompt.render(**values)
        seat = seat or _OnlySeat(self.line)
        last = MalformedReply("not asked")
        for attempt in range(ASKS):
            seed = int(sha256_hex(f"{digest}:{attempt}")[:8], 16) & 0x7FFFFFFF
            # Made anew for each request: whether the endpoint takes schemas may be learned meanwhile.
            make_body = partial(self._body, prompt, messages, sampling, seed)
            text = await self._complete(make_body, usage, seat)
            try:
                return Answer(prompt.parse(text), usage)
            except MalformedReply as error:
                last = error
        raise MalformedReply(f"{last.message} (asked {ASKS} times)")

    def _body(
        self, prompt: Prompt[Any], messages: list[Message], sampling: Sampling, seed: int, *, schemas: bool
    ) -> dict[str, Any]:
        if not schemas:
            schema = json.dumps(prompt.schema, ensure_ascii=False)
            advice = f"\n\nAnswer with one JSON object of this schema and nothing else:\n{schema}"
            messages = [{**messages[0], "content": messages[0]["content"] + advice}, *messages[1:]]
        body = {
            "model": self.endpoint.model,
            "messages": messages,
            "temperature": sampling.temperature,
            "max_tokens": self._room(messages, sampling.max_tokens, prompt.name),
            "seed": seed,
        }
        if sampling.top_p:
            body["top_p"] = sampling.top_p
        if schemas:
            body |= bind_reply(prompt, self.endpoint.dialect)
        if self.endpoint.priority:
            body["priority"] = self.endpoint.priority
        return body

    def _room(self, messages: list[Message], wanted: int, name: str) -> int:
        if sum(len(message["content"]) for message in messages) + wanted <= self.endpoint.context:
            return wanted  # A token is never shorter than a character: no need to count.
        asked = sum(count_tokens(message["content"]) for message in messages)
        room = self.endpoint.context - asked
        if room < min(wanted, LEAST_REPLY):
            raise Refused(
                f"the prompt `{name}` of about {asked} tokens does not fit the context of "
                f"{self.endpoint.context} tokens of {self.endpoint.model}",
                hint="make the chunks or seed examples smaller, or use a teacher with a larger context",
            )
        return min(wanted, room)

    async def _complete(self, make_body: Callable[..., dict[str, Any]], usage: Usage, seat: Seat) -> str:
        server_errors, seen = 0, dict[Line, int]()
        while True:
            # Looked at again: while one line is waited for, all of them may close.
            while not seat.line.is_open:
                await seat.move(None)
            line = seat.line
            seen.setdefault(line, line.successes)
            body = make_body(schemas=line.schemas)
            seat.begin()
            try:
                reply = await line.post(body)
            except Refused as error:
                seat.end()
                if body.keys().isdisjoint(BINDINGS) or not is_about_schema(error.message):
                    usage.requests += 1
                    raise
                if line.schemas:
                    log.warning("the endpoint knows no JSON schemas; replies are parsed as they come")
                    line.schemas = False
                continue
            except EndpointError as error:
                if isinstance(error, ServerFault):
                    server_errors += 1
                    # Others succeed meanwhile: it is this request that the endpoint stumbles over.
                    if server_errors >= SERVER_ERRORS and line.successes > seen[line]:
                        seat.end()
                        usage.requests += server_errors
                        raise Refused(f"{error.message}, {server_errors} times over") from error
                await seat.move(error)
                continue
            seat.end()
            return self._read(reply, usage)

    def _read(self, reply: dict[str, Any], usage: Usage) -> str:
        usage.requests += 1
        usage.prompt_tokens += tokens_spent(reply, "prompt_tokens")
        usage.completion_tokens += tokens_spent(reply, "completion_tokens")
        try:
            return str(reply["choices"][0]["message"]["content"] or "")
        except (KeyError, IndexError, TypeError):
            return ""
