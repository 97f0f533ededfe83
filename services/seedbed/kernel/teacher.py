"""The teacher client: any OpenAI-compatible chat endpoint.

A fault of the endpoint pauses it and is waited out, however long; only what follows the request is raised.
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic

import aiohttp

from seedbed.bus.v1.bus_pb2 import Sampling, Usage
from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.errors import EndpointAway, EndpointBusy, EndpointError, MalformedReply, Refused
from seedbed.kernel.faults import ServerFault, error_of, excerpt, is_about_schema, words
from seedbed.kernel.logs import get_logger
from seedbed.kernel.prompt import Message, Prompt, ReplyT
from seedbed.kernel.tokens import count_tokens

ASKS = 3
SERVER_ERRORS = 3
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
LEAST_REPLY = 256

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers. `context` is its window in tokens, `timeout` in seconds."""

    url: str
    model: str
    api_key: str = field(default="", repr=False)
    context: int = 32768
    timeout: float = 120

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}


@dataclass(frozen=True, slots=True)
class Answer(Generic[ReplyT]):
    """A reply and what it cost."""

    reply: ReplyT
    usage: Usage


class Teacher:
    """Asks one endpoint. Shared by all items of a process."""

    def __init__(self, endpoint: Endpoint, *, on_pause: Callable[[str], None] = lambda _: None) -> None:
        self.endpoint = endpoint
        self.requests = 0
        self._on_pause = on_pause
        self._session: aiohttp.ClientSession | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._pause = 0.0
        self._successes = 0
        self._schemas = True

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def ask(
        self, prompt: Prompt[ReplyT], values: dict[str, Any], sampling: Sampling, digest: str, usage: Usage
    ) -> Answer[ReplyT]:
        """Ask, and ask a malformed reply again with another seed. Raises MalformedReply, Refused.

        `usage` is added to as requests are answered, so that it holds what was spent when this raises.
        """
        messages = prompt.render(**values)
        last = MalformedReply("not asked")
        for attempt in range(ASKS):
            seed = int(sha256_hex(f"{digest}:{attempt}")[:8], 16) & 0x7FFFFFFF
            # Made anew for each request: whether the endpoint takes schemas may be learned meanwhile.
            make_body = partial(self._body, prompt, messages, sampling, seed)
            text = await self._complete(make_body, usage)
            try:
                return Answer(prompt.parse(text), usage)
            except MalformedReply as error:
                last = error
        raise MalformedReply(f"{last.message} (asked {ASKS} times)")

    def _body(
        self, prompt: Prompt[Any], messages: list[Message], sampling: Sampling, seed: int
    ) -> dict[str, Any]:
        if not self._schemas:
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
        if self._schemas:
            body["response_format"] = prompt.response_format
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

    async def _complete(self, make_body: Callable[[], dict[str, Any]], usage: Usage) -> str:
        server_errors, seen = 0, self._successes
        while True:
            await self._open.wait()
            body = make_body()
            try:
                reply = await self._post(body)
            except Refused as error:
                if "response_format" not in body or not is_about_schema(error.message):
                    raise
                if self._schemas:
                    log.warning("the endpoint knows no JSON schemas; replies are parsed as they come")
                    self._schemas = False
                continue
            except EndpointError as error:
                if isinstance(error, ServerFault):
                    server_errors += 1
                    # Others succeed meanwhile: it is this request that the endpoint stumbles over.
                    if server_errors >= SERVER_ERRORS and self._successes > seen:
                        raise Refused(f"{error.message}, {server_errors} times over") from error
                await self._wait_out(error)
                continue
            return self._read(reply, usage)

    def _read(self, reply: dict[str, Any], usage: Usage) -> str:
        self._successes += 1
        self._pause = 0.0
        usage.requests += 1
        usage.prompt_tokens += _tokens(reply, "prompt_tokens")
        usage.completion_tokens += _tokens(reply, "completion_tokens")
        try:
            return str(reply["choices"][0]["message"]["content"] or "")
        except (KeyError, IndexError, TypeError):
            return ""

    async def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        session = self._connect()
        self.requests += 1
        try:
            async with session.post(f"{self.endpoint.url}/chat/completions", json=body) as response:
                data = await response.read()
                if response.status != 200:
                    raise error_of(response.status, data, response.headers.get("Retry-After"))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise EndpointAway(f"{self.endpoint.url} does not answer: {words(error)}") from error
        try:
            reply = json.loads(data)
        except ValueError as error:
            raise EndpointAway(f"{self.endpoint.url} answers, but not with JSON: {excerpt(data)}") from error
        return reply if isinstance(reply, dict) else {}

    def _connect(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.endpoint.timeout, sock_connect=5),
                connector=aiohttp.TCPConnector(limit=0),
                headers=self.endpoint.headers(),
            )
        return self._session

    async def _wait_out(self, error: EndpointError) -> None:
        """Pause all requests of this process; the first to find the fault waits, the others with it."""
        if not self._open.is_set():
            return
        self._open.clear()
        self._pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, self._pause * 2))
        delay = self._pause * random.uniform(0.8, 1.2)
        if error.retry_after is not None:
            # Never earlier than asked; not all at the same moment either.
            delay = error.retry_after * random.uniform(1, 1.1)
        log.warning("teacher paused", why=error.message, seconds=round(delay, 2))
        self._on_pause(error.message)
        try:
            await asyncio.sleep(delay)
            if not isinstance(error, EndpointBusy):
                await self._probe()
        finally:
            self._open.set()
            self._on_pause("")

    async def _probe(self) -> None:
        while True:
            try:
                async with self._connect().get(
                    f"{self.endpoint.url}/models", timeout=aiohttp.ClientTimeout(total=10)
                ) as response:
                    if response.status < 500 and response.status not in (401, 403):
                        return
            except (TimeoutError, aiohttp.ClientError, OSError):
                pass
            self._pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, self._pause * 2))
            await asyncio.sleep(self._pause * random.uniform(0.8, 1.2))


def _tokens(reply: dict[str, Any], name: str) -> int:
    # Not every endpoint counts, and what some count is no number.
    spent = reply.get("usage")
    count = spent.get(name) if isinstance(spent, dict) else 0
    return count if isinstance(count, int) and count > 0 else 0
