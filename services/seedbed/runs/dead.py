"""Dead letters: items given up, as people look at them."""

import nats.errors
from nats.js.api import DeliverPolicy

from seedbed.bus.v1.bus_pb2 import DeadLetter
from seedbed.kernel.bus import DEAD, ROOT, Bus


async def read_letters(bus: Bus, run: str) -> list[DeadLetter]:
    """All dead letters of a run, oldest first, each item once."""
    subscription = await bus.js.subscribe(
        f"{ROOT}.dead.*.*.{run or '*'}",
        stream=DEAD,
        ordered_consumer=True,
        deliver_policy=DeliverPolicy.ALL,
    )
    letters: dict[tuple[str, str, str], DeadLetter] = {}
    try:
        info = await subscription.consumer_info()
        left = (info.num_pending or 0) + subscription.delivered
        while left:
            message = await subscription.next_msg(timeout=5)
            letter = DeadLetter.FromString(message.data)
            letters[letter.run, letter.leaf, letter.digest] = letter
            left = message.metadata.num_pending
    except nats.errors.TimeoutError:
        pass  # Fewer than were announced: another process purged some.
    finally:
        await subscription.unsubscribe()
    return list(letters.values())
