"""Dead letters: items given up, as people look at them."""

import contextlib
from collections.abc import AsyncIterator, Collection

import nats.errors
import nats.js.errors
from nats.js.api import DeliverPolicy

from seedbed.bus.v1.bus_pb2 import DeadLetter
from seedbed.kernel.bus import DEAD, ROOT, Bus


async def read_letters(bus: Bus, run: str) -> list[DeadLetter]:
    """All dead letters of a run, or of all where none is named: oldest first, each item once."""
    letters: dict[tuple[str, str, str], DeadLetter] = {}
    async for letter, _ in _read(bus, run):
        letters.setdefault((letter.run, letter.leaf, letter.digest), letter).CopyFrom(letter)
    return list(letters.values())


async def remove_letters(bus: Bus, run: str, digests: Collection[str]) -> None:
    """Remove the letters of items that are tried again; an item that fails again writes a new one."""
    async for letter, sequence in _read(bus, run):
        if letter.digest in digests:
            with contextlib.suppress(nats.js.errors.NotFoundError):
                await bus.js.delete_msg(DEAD, sequence)


async def _read(bus: Bus, run: str) -> AsyncIterator[tuple[DeadLetter, int]]:
    subscription = await bus.js.subscribe(
        f"{ROOT}.dead.*.*.{run or '*'}",
        stream=DEAD,
        ordered_consumer=True,
        deliver_policy=DeliverPolicy.ALL,
    )
    try:
        info = await subscription.consumer_info()
        left = (info.num_pending or 0) + subscription.delivered
        while left:
            message = await subscription.next_msg(timeout=5)
            yield DeadLetter.FromString(message.data), message.metadata.sequence.stream
            left = message.metadata.num_pending
    except nats.errors.TimeoutError:
        pass  # Fewer than were announced: another process purged some.
    finally:
        await subscription.unsubscribe()
