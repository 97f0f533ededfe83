"""Dead letters: items given up, as people look at them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

import nats.errors
import nats.js.errors
from nats.js.api import DeliverPolicy

from seedbed.bus.v1.bus_pb2 import DeadLetter
from seedbed.kernel.bus.streams import DEAD, ROOT, Bus
from seedbed.kernel.bus.watch import READER_GONE
from seedbed.kernel.errors import Damaged, NotFound
from seedbed.kernel.formats.protos import parse

# "no message found": as nothing, and as the failure to remove nothing.
_GONE = (10037, 10057)


@dataclass(slots=True)
class Kept:
    """A letter, and where it stands in the stream: a worker that came back may have written it twice."""

    letter: DeadLetter
    sequences: list[int] = field(default_factory=list)


async def read_letters(bus: Bus, run: str, reason: str = "") -> list[Kept]:
    """Dead letters of a run, or of all where none is named: oldest first, each item once, as it was last."""
    kept: dict[tuple[str, str, str], Kept] = {}
    async for letter, sequence in _read(bus, run):
        place = letter.digest or str(sequence)
        known = kept.setdefault((letter.run, letter.leaf, place), Kept(letter))
        known.letter = letter
        known.sequences.append(sequence)
    return [row for row in kept.values() if reason in row.letter.reason]


async def find_letters(bus: Bus, run: str, digests: Sequence[str], reason: str) -> list[Kept]:
    """The letters of a run that are meant: those of these items, or all. Raises NotFound."""
    letters = await read_letters(bus, run, reason)
    wanted = [row for row in letters if not digests or row.letter.digest in digests]
    if missing := set(digests) - {row.letter.digest for row in wanted}:
        because = f" whose reason contains {reason!r}" if reason else ""
        raise NotFound(f"the run {run} has no dead letter {', '.join(sorted(missing))}{because}")
    return wanted


async def remove_letters(bus: Bus, letters: Iterable[Kept]) -> None:
    """Remove these letters, and no later ones of the same items."""
    for row in letters:
        for sequence in row.sequences:
            try:
                await bus.js.delete_msg(DEAD, sequence)
            except nats.js.errors.APIError as error:
                if error.err_code not in _GONE:
                    raise


def _open(subject: str, data: bytes) -> DeadLetter:
    """A letter; of one that cannot be read what its subject says, so that it can be seen and dropped."""
    try:
        return parse(DeadLetter, data, "this letter")
    except Damaged as error:
        service, step, run = subject.removeprefix(f"{ROOT}.dead.").split(".")
        return DeadLetter(run=run, step=f"{service}.{step}", reason=error.message)


async def _read(bus: Bus, run: str) -> AsyncIterator[tuple[DeadLetter, int]]:
    subject = f"{ROOT}.dead.*.*.{run or '*'}"
    async with bus.reading:
        # Counted in the stream: what the consumer says of itself can overtake the letters it has sent.
        info = await bus.js.stream_info(DEAD, subjects_filter=subject)
        subscription = await bus.js.subscribe(
            subject,
            stream=DEAD,
            ordered_consumer=True,
            deliver_policy=DeliverPolicy.ALL,
            inactive_threshold=READER_GONE,
        )
        try:
            for _ in range(sum((info.state.subjects or {}).values())):
                message = await subscription.next_msg(timeout=2)
                yield _open(message.subject, message.data), message.metadata.sequence.stream
        except nats.errors.TimeoutError:
            pass  # Fewer than were announced: another process purged some.
        finally:
            await subscription.unsubscribe()
