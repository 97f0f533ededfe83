"""Spans on their way out, to a collector that takes them, is slow, or takes nothing."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from seedbed.kernel.telemetry import batches
from seedbed.kernel.telemetry.batches import Batches
from seedbed.kernel.telemetry.spans import Span, SpanTemplate


@asynccontextmanager
async def sending(send):
    sent = Batches(send)
    sent.start()
    try:
        yield sent
    finally:
        await sent.stop()


def named(name):
    return Span(None, SpanTemplate(name))


def names(spans):
    return "".join(span.template.name for span in spans)


async def until(fulfilled):
    async with asyncio.timeout(5):
        while not fulfilled():  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.01)


async def test_many_go_together_at_once_and_few_when_they_have_waited(monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 3)
    monkeypatch.setattr(batches, "PATIENCE", 0.3)
    taken: list[str] = []

    def take(spans):
        taken.append(names(spans))
        return True

    async with sending(take) as sent:
        for name in "abcdefg":
            sent.add(named(name))
        await until(lambda: len(taken) == 3)
    assert taken == ["abc", "def", "g"]


async def test_work_goes_on_while_a_batch_is_under_way_and_what_comes_meanwhile_follows():
    hold, taken = threading.Event(), []

    def slow(spans):
        hold.wait(5)
        taken.append(names(spans))
        return True

    sent = Batches(slow)
    sent.add(named("first"))
    flushing = asyncio.create_task(sent.flush())
    await asyncio.sleep(0.05)
    sent.add(named("meanwhile"))
    assert not flushing.done()
    hold.set()
    await flushing
    assert taken == ["first", "meanwhile"]


@pytest.mark.parametrize("answer", [False, True])
async def test_a_collector_that_is_away_costs_no_memory_and_is_said_once(monkeypatch, capsys, answer):
    monkeypatch.setattr(batches, "MOST", 5)
    sent = Batches(lambda _: answer)
    for _ in range(7):
        sent.add(named("span"))
    await sent.flush()
    await sent.flush()
    said = capsys.readouterr().out
    assert said.count("spans were dropped") == 1
    assert f"spans={2 if answer else 7}" in said
