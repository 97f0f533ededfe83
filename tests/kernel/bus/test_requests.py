import asyncio

import nats.errors
import nats.js.errors
import pytest

from seedbed.kernel.bus import requests
from seedbed.kernel.bus.streams import MEMO

STREAM, SUBJECT = f"KV_{MEMO}", f"$KV.{MEMO}.a.b"


async def test_what_is_written_is_found_with_its_number(bus):
    assert await bus.requests.get(STREAM, SUBJECT) is None
    first = await bus.requests.publish(SUBJECT, b"one")
    second = await bus.requests.publish(SUBJECT, b"two")
    assert second > first
    assert await bus.requests.get(STREAM, SUBJECT) == (b"two", second)


async def test_a_write_at_the_wrong_number_is_refused(bus):
    number = await bus.requests.publish(SUBJECT, b"one", 0)
    with pytest.raises(nats.js.errors.APIError, match="wrong last sequence"):
        await bus.requests.publish(SUBJECT, b"two", 0)
    assert await bus.requests.publish(SUBJECT, b"two", number) > number


async def test_what_was_removed_with_a_marker_is_not_there(bus):
    bucket = await bus.bucket(MEMO)
    await bucket.put("a.b", b"one")
    await bucket.delete("a.b")
    assert await bus.requests.get(STREAM, SUBJECT) is None


async def test_each_of_many_gets_its_own_answer(bus):
    names = [f"{SUBJECT}.{number}" for number in range(50)]
    numbers = await asyncio.gather(*(bus.requests.publish(name, name.encode()) for name in names))
    found = await asyncio.gather(*(bus.requests.get(STREAM, name) for name in names))
    assert found == [(name.encode(), number) for name, number in zip(names, numbers, strict=True)]


async def test_nobody_to_ask_is_an_error_that_passes(bus):
    with pytest.raises(nats.errors.NoRespondersError):
        await bus.requests.publish("nobody.listens", b"")


async def test_an_answer_that_does_not_come_is_given_up(bus, monkeypatch):
    monkeypatch.setattr(requests, "PATIENCE", 0.05)
    await bus.client.subscribe("listens.only")
    with pytest.raises(nats.errors.TimeoutError):
        await bus.requests.publish("listens.only", b"")
