"""The costs of a leaf: what its items took by step, each once, whoever paid for it and whenever. Pure."""

from collections.abc import Iterator

from seedbed.bus.v1.bus_pb2 import Record, Usage
from seedbed.pipeline.costs import ASKS


class LeafCosts:
    """Recalled items count as what they cost when they were paid for, so that no figure hangs on history."""

    def __init__(self) -> None:
        self._entered: set[bytes] = set()
        self._steps: dict[str, Usage] = {}
        self._dearest: dict[str, Usage] = {}

    def enter(self, record: Record) -> None:
        """Take note of an item; twins ask the same, and it is paid for once."""
        asked = record.usage.requests
        # A long leaf has many of them, and a quarter of a digest tells them apart.
        digest = record.digest[:16].encode()
        if not asked or digest in self._entered:
            return
        self._entered.add(digest)
        prompt, completion = record.usage.prompt_tokens, record.usage.completion_tokens
        total = self._steps.setdefault(record.step, Usage())
        # A server's errors are no answers: nobody sends a bill for them.
        total.requests += min(asked, ASKS)
        total.prompt_tokens += prompt
        total.completion_tokens += completion
        mark_dearest(self._dearest, record.step, -(-prompt // asked), -(-completion // asked))

    def steps(self) -> Iterator[tuple[str, Usage]]:
        """What each step came to."""
        return iter(self._steps.items())

    def of_step(self, step: str) -> Usage:
        """What one step came to."""
        return self._steps.get(step, Usage())

    def dearest(self, step: str) -> Usage | None:
        """The most that one request of a step had in prompt and reply; None before the first."""
        return self._dearest.get(step)


def mark_dearest(dearest: dict[str, Usage], step: str, prompt: int, completion: int) -> None:
    """Take note of a request, or of the dearest there was elsewhere."""
    known = dearest.setdefault(step, Usage(requests=1))
    known.prompt_tokens = max(known.prompt_tokens, prompt)
    known.completion_tokens = max(known.completion_tokens, completion)
