"""The bus: one NATS connection, the streams and buckets on it, and how to write to them safely.

It knows subjects and keys, not what is in the messages it carries beyond their addresses.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    KeyValueConfig,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.kv import KeyValue

from seedbed.bus.v1.bus_pb2 import DeadLetter, Event, Item
from seedbed.kernel.bus.connection import connect
from seedbed.kernel.bus.nats_errors import TRANSIENT, is_queued_already, is_wrong_revision, persist
from seedbed.kernel.bus.requests import Requests
from seedbed.kernel.bus.watch import Watch
from seedbed.kernel.formats.format_numbers import BUS, Mark, Migrations, bring_up_to_date
from seedbed.kernel.settings import Settings
from seedbed.kernel.telemetry.items import record_dead_letter, record_sent
from seedbed.pipeline.items import item_name

ROOT = "seedbed.v1"
WORK, DEAD, EVENTS = "WORK", "DEAD", "EVENTS"
MEMO, RUNS, LIMITS, STEPS, DEATHS = "MEMO", "RUNS", "LIMITS", "STEPS", "DEATHS"
TRAININGS, FORMATS, REQUESTS = "TRAININGS", "FORMATS", "REQUESTS"

ITEM_BYTES = 768 * 1024
"""The most an item may have: the broker takes messages of 1 MiB, and a dead letter holds its item."""

READERS = 16
"""Of this process at a time: the broker keeps a thousand consumers of a stream, for all that ask it."""

_KEPT, _FORMAT_KEY = "what the broker keeps", "bus"

T = TypeVar("T")


def work_subject(item: Item) -> str:
    """Where an item waits: at most one message at a time stands there."""
    return f"{ROOT}.work.{item.step}.{item.run}.{item.leaf}.{item_name(item.digest, item.candidate)}"


def size_fault(step: str, size: int) -> str:
    """Why the bus does not carry an item of that size, or nothing."""
    if size <= ITEM_BYTES:
        return ""
    return (
        f"an item for {step} has {size:,} bytes, of which the bus carries {ITEM_BYTES:,}: "
        "make the seed examples or chunks shorter"
    )


def consumer_name(step: str) -> str:
    """The durable consumer of a step: its name without dots, which consumers may not have."""
    return step.replace(".", "_")


MIGRATIONS: "Migrations[Bus]" = {}


class Bus:
    """One process's connection to the broker, with the streams and buckets that all services share."""

    def __init__(self, client: Client, js: JetStreamContext, replicas: int = 1) -> None:
        self.client = client
        self.js = js
        self.requests = Requests(client)
        self._replicas = replicas
        self._buckets: dict[str, KeyValue] = {}
        self.reading = asyncio.Semaphore(READERS)
        """Held while something is read to its end and no further, as each reader is a consumer."""

    @classmethod
    async def connect(cls, settings: Settings, name: str) -> "Bus":
        """Connect, and wait for the server as long as it takes. Raises InputError where it refuses us."""
        client = await connect(settings, name)
        bus = cls(client, client.jetstream(timeout=5), settings.nats_replicas)
        await bus.requests.start()
        return bus

    async def close(self) -> None:
        """Close the connection, with what is still on its way out."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.client.flush(), 2)
        with contextlib.suppress(Exception):  # as where the broker has just gone
            await self.client.close()

    async def check_format(self) -> None:
        """Raises NewerFormat where a later version of Seedbed has written to the broker."""
        BUS.check(Mark.read(await self._read_format(), _KEPT), _KEPT)

    async def prepare(self) -> None:
        """Create the streams and buckets, and mark them. Called in one place: the runs service."""
        await self.check_format()
        await self._create()
        await bring_up_to_date(
            BUS,
            _KEPT,
            self._read_format,
            lambda data: self.persist(lambda: self.requests.publish(f"$KV.{FORMATS}.{_FORMAT_KEY}", data)),
            lambda number: MIGRATIONS[number](self),
        )

    async def _read_format(self) -> bytes | None:
        """What stands there; None where nothing does, as where `runs` has made nothing yet."""
        try:
            await self.persist(lambda: self.js.key_value(FORMATS))
        except nats.js.errors.BucketNotFoundError:
            return None
        found = await self.read(FORMATS, _FORMAT_KEY)
        return found[0] if found else None

    async def _create(self) -> None:
        await self.js.add_stream(
            StreamConfig(
                name=WORK,
                subjects=[f"{ROOT}.work.>"],
                retention=RetentionPolicy.WORK_QUEUE,
                storage=StorageType.FILE,
                max_msgs_per_subject=1,
                discard=DiscardPolicy.NEW,
                discard_new_per_subject=True,
                num_replicas=self._replicas,
            )
        )
        day = 24 * 3600.0
        for name, subject, age in ((DEAD, "dead", 90 * day), (EVENTS, "event", 30 * day)):
            subjects = [f"{ROOT}.{subject}.>"]
            config = StreamConfig(name=name, subjects=subjects, max_age=age, num_replicas=self._replicas)
            await self.js.add_stream(config)
        kept = (MEMO, RUNS, LIMITS, STEPS, TRAININGS, FORMATS)
        for bucket, ttl in (*((name, None) for name in kept), (DEATHS, 7 * day), (REQUESTS, day)):
            await self.js.create_key_value(
                KeyValueConfig(bucket=bucket, history=1, direct=True, ttl=ttl, replicas=self._replicas)
            )

    async def bucket(self, name: str) -> KeyValue:
        """A bucket; waits until the runs service has created it."""
        while name not in self._buckets:
            try:
                self._buckets[name] = await self.js.key_value(name)
            except (nats.js.errors.BucketNotFoundError, *TRANSIENT):
                await asyncio.sleep(0.1)
        return self._buckets[name]

    async def read(self, bucket: str, key: str) -> tuple[bytes, int] | None:
        """A value and its revision; None where there is none."""
        return await self.persist(lambda: self.requests.get(f"KV_{bucket}", f"$KV.{bucket}.{key}"))

    async def write(self, bucket: str, key: str, data: bytes, last: int) -> int | None:
        """Write a value where `last` is its revision, 0 for none; returns the new one, None if it is not."""
        try:
            return await self.persist(lambda: self.requests.publish(f"$KV.{bucket}.{key}", data, last))
        except nats.js.errors.APIError as error:
            if is_wrong_revision(error):
                return None
            raise

    async def add_consumer(self, step: str, ack_wait: float) -> None:
        """Create the step's durable consumer where it is missing."""
        await self.bucket(STEPS)
        config = ConsumerConfig(
            # Named twice: then the filter stands in the request's subject, and permissions see it.
            name=consumer_name(step),
            durable_name=consumer_name(step),
            filter_subject=f"{ROOT}.work.{step}.>",
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            # No `backoff`: it would replace the wait that heartbeats re-arm.
            max_deliver=-1,
            max_ack_pending=20_000,
        )
        await self.persist(lambda: self.js.add_consumer(WORK, config))

    async def persist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Do a call again until the bus answers. For calls that may safely be done twice."""
        return await persist(call)

    async def publish_work(self, item: Item) -> bool:
        """Queue an item; False where it is queued already."""
        began = time.perf_counter()

        async def send() -> bool:
            try:
                await self.requests.publish(work_subject(item), item.SerializeToString())
            except nats.js.errors.ServiceUnavailableError as error:
                if is_queued_already(error):
                    return False
                raise
            return True

        queued = await self.persist(send)
        record_sent(item.step, began)
        return queued

    async def publish_dead(self, letter: DeadLetter) -> None:
        """Put an item given up where people look; a worker that comes back may do so twice.

        No message id: for its window it would swallow the letter of an item that is retried and fails again.
        """
        subject = f"{ROOT}.dead.{letter.step}.{letter.run}"
        await self.persist(lambda: self.js.publish(subject, letter.SerializeToString()))
        record_dead_letter(letter)

    async def keep(self, acks: Sequence[str]) -> None:
        """Extend the acknowledgement wait of items, by their reply subjects. Raises if nobody heard."""
        for number, ack in enumerate(acks, start=1):
            await self.requests.keep(ack, answered=number == len(acks))

    async def publish_event(self, event: Event) -> None:
        """Publish an event for watchers; nothing waits for it and nothing depends on it."""
        subject = f"{ROOT}.event.{event.service}.{event.what}.{event.run or 'none'}"
        await self.client.publish(subject, event.SerializeToString())

    async def purge(self, stream: str, subject: str) -> None:
        """Remove everything under a subject filter, leaving no markers."""
        await self.persist(lambda: self.js.purge_stream(stream, subject=subject))

    async def empty(self, stream: str) -> None:
        """Remove all of a stream, its files included: under a filter the bytes stay in them for a while."""
        await self.persist(lambda: self.js.purge_stream(stream))

    async def watch(self, bucket: str, keys: str = ">") -> AsyncGenerator[KeyValue.Entry | None, None]:
        """Values of a bucket: first those that are there, then None, then every change. Never ends.

        After a reconnect it starts over, as the server may have lost the consumer behind it: readers must
        take a value they know already.
        """
        while True:
            # Counted before it starts: a reconnect while it does loses it as well.
            connection = self.client.stats["reconnects"]
            watch, reported = await self.persist(lambda: self._start_watch(bucket, keys)), False
            try:
                await self.persist(watch.look)
                while connection == self.client.stats["reconnects"]:
                    if watch.is_over and not reported:
                        reported = True
                        yield None
                    try:
                        async with asyncio.timeout(1):
                            entry = await watch.next()
                    except TimeoutError:
                        if not reported:
                            await self.persist(watch.look)
                    else:
                        yield entry
            finally:
                await watch.stop()

    async def entries(self, bucket: str) -> list[KeyValue.Entry]:
        """All values of a bucket, as they are now."""
        found: dict[str, KeyValue.Entry] = {}
        async with self.reading, contextlib.aclosing(self.watch(bucket)) as entries:
            async for entry in entries:
                if entry is None:
                    break
                found[entry.key] = entry
        return list(found.values())

    async def _start_watch(self, bucket: str, keys: str) -> Watch:
        await self.bucket(bucket)
        return await Watch(bucket).start(self.js, keys)
