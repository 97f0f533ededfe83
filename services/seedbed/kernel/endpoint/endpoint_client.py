"""The client of one endpoint: posts a request, and is closed while the endpoint is busy or away.

It knows neither prompts nor permits.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

from seedbed.kernel.endpoint.endpoint import Endpoint
from seedbed.kernel.endpoint.endpoint_errors import (
    AccountFault,
    EndpointSlow,
    error_in,
    error_of,
    excerpt,
    words,
)
from seedbed.kernel.endpoint.http_client import HttpClient
from seedbed.kernel.endpoint.openai.capabilities import Capabilities
from seedbed.kernel.endpoint.openai.completion import decode
from seedbed.kernel.errors import EndpointAway, EndpointBusy, EndpointError, Refused
from seedbed.kernel.logs import get_logger
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.chat import Chat, server_address

SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
LONGEST_ACCOUNT_PAUSE = 60.0
"""Where money or a key is wanting, which is seen by asking only, and mended by a person."""
PROBE_PATIENCE = 10.0
REPLY_BYTES = 4 << 20
"""The most that is read of an answer: far more than any number of tokens that is asked for."""

log = get_logger(__name__)


def open_http_client(endpoint: Endpoint) -> HttpClient:
    """Connections to an endpoint, with its key; an answer of more than `REPLY_BYTES` bytes is refused."""
    return HttpClient(endpoint.url, endpoint.headers(), REPLY_BYTES)


class EndpointClient:
    """The way to one endpoint. Shared by all items of a process."""

    def __init__(self, endpoint: Endpoint, on_pause: Callable[[str], None] = lambda _: None) -> None:
        self.endpoint = endpoint
        self.on_pause = on_pause
        self.requests = 0
        self.successes = 0
        self.known = Capabilities.of(endpoint.dialect)
        """What the endpoint takes, as far as is known."""
        self._http = open_http_client(endpoint)
        self._address = server_address(endpoint.url)
        self._open = asyncio.Event()
        self._open.set()
        self._pause = 0.0
        self._resting: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests may be made."""
        return self._open.is_set()

    async def opened(self) -> None:
        """Wait until requests may be made."""
        await self._open.wait()

    async def close(self) -> None:
        """Stop waiting for the endpoint to come back, and close the connections that no request uses."""
        if self._resting:
            await end_tasks([self._resting])
        self._http.close()

    async def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for a completion. Raises EndpointError, Refused."""
        self.requests += 1
        with Chat(self._address, body) as chat:
            reply = await self._exchange(body, chat.headers())
            chat.record_reply(reply)
            return reply

    async def _exchange(self, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self.endpoint.timeout):
                answer = await self._http.ask("POST", "/chat/completions", to_json(body), headers)
        except OSError as error:
            kind = EndpointSlow if isinstance(error, TimeoutError) else EndpointAway
            raise kind(f"{self.endpoint.url} does not answer: {words(error)}") from error
        hide = self.endpoint.hide_secrets
        if answer.status != 200:
            raise error_of(answer.status, hide(answer.body), answer.headers)
        try:
            reply = decode(self.endpoint.hide_secrets_in_reply(answer.body))
        except ValueError as error:
            said = excerpt(hide(answer.body))
            raise EndpointAway(f"{self.endpoint.url} answers, but not with JSON: {said}") from error
        if fault := error_in(reply, answer.headers, hide):
            raise fault
        self.successes += 1
        self._pause = 0.0
        return reply if isinstance(reply, dict) else {}

    def learn(self, known: Capabilities) -> None:
        """Keep what a request turned out to be answered with."""
        if known != self.known:
            self.known = known
            log.warning("what the endpoint takes", url=self.endpoint.url, takes="; ".join(known.describe()))

    def pause(self, error: EndpointError) -> None:
        """Close the line for a while; the first to find the fault waits it out for all."""
        if not self.is_open:
            return
        longest = LONGEST_ACCOUNT_PAUSE if isinstance(error, AccountFault) else LONGEST_PAUSE
        self._pause = min(longest, max(SHORTEST_PAUSE, self._pause * 2))
        delay = self._pause * random.uniform(0.8, 1.2)
        if error.retry_after is not None:
            # Never earlier than asked; not all at the same moment either.
            delay = error.retry_after * random.uniform(1, 1.02)
        self._rest(delay, error.message, probe=not isinstance(error, EndpointBusy))

    def rest(self, seconds: float) -> None:
        """Pause for as many seconds as another process was asked to stay away."""
        if self.is_open and seconds > 0:
            self._rest(seconds, f"{self.endpoint.url} asks for {seconds:g} seconds", probe=False)

    def _rest(self, delay: float, why: str, *, probe: bool) -> None:
        log.warning("teacher paused", url=self.endpoint.url, why=why, seconds=round(delay, 2))
        self._open.clear()
        self.on_pause(why)
        self._resting = asyncio.create_task(self._wait_out(delay, probe=probe))

    async def _wait_out(self, delay: float, *, probe: bool) -> None:
        try:
            await asyncio.sleep(delay)
            if probe:
                await self._probe()
        finally:
            self._open.set()
            self.on_pause("")

    async def _probe(self) -> None:
        while True:
            try:
                async with asyncio.timeout(PROBE_PATIENCE):
                    answer = await self._http.ask("GET", "/models")
                # A key that may ask a model need not be one that may list them.
                if answer.status < 500:
                    return
            except (OSError, Refused):
                pass
            self._pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, self._pause * 2))
            await asyncio.sleep(self._pause * random.uniform(0.8, 1.2))
