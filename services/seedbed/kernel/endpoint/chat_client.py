"""The teacher client: any OpenAI-compatible chat endpoint.

A fault of the endpoint pauses it and is waited out, however long; only what follows the request is raised.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol

from seedbed.bus.v1.bus_pb2 import Sampling, Usage
from seedbed.kernel.endpoint.endpoint import Endpoint
from seedbed.kernel.endpoint.endpoint_client import EndpointClient
from seedbed.kernel.endpoint.endpoint_errors import RequestRefused, ServerFault
from seedbed.kernel.endpoint.openai.capabilities import Capabilities
from seedbed.kernel.endpoint.openai.chat_request import ChatRequest, adapt, name_refusal, room_of
from seedbed.kernel.endpoint.openai.completion import CUT, Completion, read_completion, tokens_spent
from seedbed.kernel.endpoint.prompt import Prompt, ReplyT
from seedbed.kernel.errors import EndpointError, MalformedReply, Refused, ReplyCut, SeedbedError
from seedbed.kernel.identity import sha256_hex
from seedbed.pipeline.costs import ASKS

SERVER_ERRORS = 3
MOST_ADAPTATIONS = 16
"""More than there is to learn of an endpoint: one that never has enough is not asked for ever."""

__all__ = ["Answer", "CallPermit", "Endpoint", "Teacher"]


@dataclass(frozen=True, slots=True)
class Answer(Generic[ReplyT]):
    """A reply and what it cost."""

    reply: ReplyT
    usage: Usage


class CallPermit(Protocol):
    """Leave to make calls at an endpoint, one at a time; which endpoint may change between them."""

    @property
    def client(self) -> EndpointClient:
        """The client of the endpoint at which the permit was granted."""

    def begin(self) -> None:
        """Called as a request is sent: from now on it counts as a call in flight."""

    def end(self) -> None:
        """Called when the request was answered."""

    async def move(self, error: EndpointError | None) -> None:
        """Not answered, or the endpoint is paused: give up the permit, wait for one, there or elsewhere."""


class _EndpointOnly:
    """No permit: asks at one endpoint as soon as it is not paused, with no limit."""

    def __init__(self, client: EndpointClient) -> None:
        self.client = client

    def begin(self) -> None:
        pass

    def end(self) -> None:
        pass

    async def move(self, error: EndpointError | None) -> None:
        if error:
            self.client.pause(error)
        await self.client.opened()


@dataclass(frozen=True, slots=True)
class _Said:
    """A reply, the tokens it has and those it had room for."""

    completion: Completion
    spent: int
    room: int


@dataclass(slots=True)
class _Effort:
    """How one request has fared so far: what was tried where, with how much room for the reply."""

    most: int
    adaptations: int = 0
    server_errors: int = 0
    seen: dict[EndpointClient, int] = field(default_factory=dict)
    """Successes of each endpoint when it was first asked there."""
    tried: dict[EndpointClient, tuple[Capabilities, Capabilities]] = field(default_factory=dict)
    """What was known of each endpoint, and what is tried in its place."""

    def known(self, client: EndpointClient) -> Capabilities:
        """What to ask by: what is tried, unless more has become known meanwhile."""
        before, tried = self.tried.get(client, (client.known, client.known))
        return tried if before == client.known else client.known

    def adapt(
        self, client: EndpointClient, known: Capabilities, error: SeedbedError, body: dict[str, Any]
    ) -> bool:
        """Whether there is another way to ask. The client keeps it once it was answered, not before."""
        if not isinstance(error, RequestRefused | ServerFault) or self.adaptations >= MOST_ADAPTATIONS:
            return False
        self.adaptations += 1
        if known != self.known(client):
            return True
        blind = isinstance(error, RequestRefused) and not client.successes
        adapted = adapt(known, self.most, error.refusal, body, client.endpoint, blind=blind)
        if adapted is None:
            return False
        tried, self.most = adapted
        self.tried[client] = (client.known, tried)
        return True

    def keep(self, client: EndpointClient) -> None:
        """What was tried was answered: the client asks so from now on, unless it has learned more since."""
        before, tried = self.tried.get(client, (client.known, client.known))
        if before == client.known:
            client.learn(tried)

    def is_at_fault(self, client: EndpointClient, error: EndpointError) -> bool:
        """Whether it is this request that the endpoint stumbles over: others succeed meanwhile."""
        self.server_errors += isinstance(error, ServerFault)
        return (
            isinstance(error, ServerFault)
            and self.server_errors >= SERVER_ERRORS
            and client.successes > self.seen[client]
        )


class Teacher:
    """Asks one model, at whichever endpoint the caller's permit is for. Shared by all items of a process."""

    def __init__(self, endpoint: Endpoint, *, on_pause: Callable[[str], None] = lambda _: None) -> None:
        self.endpoint = endpoint
        self.client = EndpointClient(endpoint, on_pause)

    async def close(self) -> None:
        """Close the connections of the endpoint that is asked without a permit."""
        await self.client.close()

    async def ask(
        self,
        prompt: Prompt[ReplyT],
        values: dict[str, Any],
        sampling: Sampling,
        digest: str,
        usage: Usage,
        permit: CallPermit | None = None,
    ) -> Answer[ReplyT]:
        """Ask, and ask again with another seed what cannot be read. Raises MalformedReply, Refused.

        A reply that was cut gets twice the room. `usage` is added to as requests are answered, so that it
        holds what was spent when this raises.
        """
        messages = prompt.render(**values)
        permit = permit or _EndpointOnly(self.client)
        last, room = MalformedReply("not asked"), 0
        for attempt in range(ASKS):
            seed = int(sha256_hex(f"{digest}:{attempt}")[:8], 16) & 0x7FFFFFFF
            request = ChatRequest(prompt, messages, sampling, seed)
            said = await self._complete(request, room, usage, permit)
            if said is None:
                raise _ended(last, ", and there is no room for more", attempt)
            try:
                return Answer(_read(prompt, said), usage)
            except MalformedReply as error:
                last = error
            room = said.room if isinstance(last, ReplyCut) else room
        raise _ended(last, "", ASKS)

    async def _complete(
        self, request: ChatRequest, room: int, usage: Usage, permit: CallPermit
    ) -> _Said | None:
        """The reply to a request, with more room than that; None where there is no more."""
        effort = _Effort(max(request.sampling.max_tokens, 2 * room))
        while True:
            # Looked at again: while one endpoint is waited for, all of them may be paused.
            while not permit.client.is_open:
                await permit.move(None)
            client = permit.client
            effort.seen.setdefault(client, client.successes)
            # Made anew each time: what the endpoint takes may be learned meanwhile.
            known = effort.known(client)
            body = request.body(client.endpoint, known, effort.most)
            if room and room_of(body) <= room:
                return None
            permit.begin()
            try:
                reply = await client.post(body)
            except Refused as error:
                permit.end()
                if not effort.adapt(client, known, error, body):
                    usage.requests += 1
                    raise name_refusal(error, request.prompt.name) from error
            except EndpointError as error:
                if effort.adapt(client, known, error, body):
                    permit.end()
                    continue
                if effort.is_at_fault(client, error):
                    permit.end()
                    usage.requests += effort.server_errors
                    raise Refused(f"{error.message}, {effort.server_errors} times over") from error
                await permit.move(error)
            else:
                permit.end()
                effort.keep(client)
                return _Said(read_completion(reply), _count(reply, usage), room_of(body))


def _count(reply: dict[str, Any], usage: Usage) -> int:
    """Add what a reply cost; answers the tokens it has itself."""
    spent = tokens_spent(reply, "completion_tokens")
    usage.requests += 1
    usage.prompt_tokens += tokens_spent(reply, "prompt_tokens")
    usage.completion_tokens += spent
    return spent


def _read(prompt: Prompt[ReplyT], said: _Said) -> ReplyT:
    """What a reply says. Raises MalformedReply: ReplyCut and its like where it is known why."""
    completion, fault = said.completion, said.completion.fault()
    try:
        if completion.cut:
            # Some write white space after the end of the object until they are cut.
            return prompt.parse_whole(completion.text)
        if fault:
            raise fault
        return prompt.parse(completion.text)
    except MalformedReply as error:
        # Not every endpoint says that it has cut.
        if fault is None and said.spent >= said.room > 0:
            fault = ReplyCut(CUT)
        raise fault or error from None


def _ended(last: MalformedReply, more: str, asked: int) -> MalformedReply:
    times = "once" if asked == 1 else f"{asked} times"
    return type(last)(f"{last.message}{more} (asked {times})", hint=last.hint)
