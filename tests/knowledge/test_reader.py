import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time

import psutil
import pytest

from seedbed.kernel.errors import ItemError, SeedbedError
from seedbed.knowledge.reader import Limits, Reader
from tests.knowledge.markdown import KOREAN
from tests.knowledge.pdfs import At, make_pdf


async def test_a_document_becomes_text_and_chunks_with_exact_spans():
    cut = await Reader().read("a.md", KOREAN.encode(), "text/markdown", 60)
    text = cut.text.decode()
    assert text == KOREAN[KOREAN.index("# 정악") :]
    assert cut.converter == "plain-2"
    assert len(cut.chunks) > 3
    for chunk in cut.chunks:
        assert text[chunk.start : chunk.end] == chunk.text
    assert list(cut.chunks[0].headings) == ["정악"]


async def test_rows_that_begin_a_chunk_have_the_head_of_their_table_before_them():
    table = "| a | b |\n|---|---|\n" + "| one | two |\n" * 60
    cut = await Reader().read("a.md", table.encode(), "text/markdown", 64)
    text = cut.text.decode()
    assert len(cut.chunks) > 3
    for chunk in cut.chunks[1:]:
        assert text[chunk.head_start : chunk.head_end] == "| a | b |\n|---|---|\n"
        assert text[chunk.head_start : chunk.head_end] + text[chunk.start : chunk.end] == chunk.text


async def test_pages_come_through():
    pages = [[At("First page with text.", 700)], [At("Second page with text.", 700)]]
    cut = await Reader().read("a.pdf", make_pdf(pages), "application/pdf", 32)
    assert [chunk.page for chunk in cut.chunks] == [1]
    assert re.match(r"pdf-\d+\+pypdfium2-", cut.converter)


async def test_a_document_without_text_has_no_chunks():
    cut = await Reader().read("a.md", b"# Only a heading\n", "text/markdown", 400)
    assert cut.chunks == []


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"a\n\xff", "text/markdown", "line 2 is not valid UTF-8"),
        (b"%PDF-1.7 broken", "application/pdf", "not a PDF that can be opened"),
        (b"x", "image/png", "image/png is not one that can be read"),
        (b"<div>" * 20_000 + b"x", "text/html", "nested too deeply"),
    ],
)
async def test_what_cannot_be_read_is_an_error_with_name_and_reason(
    content: bytes, media_type: str, reason: str
):
    with pytest.raises(ItemError, match=reason) as caught:
        await Reader().read("guides/bees.x", content, media_type, 400)
    assert caught.value.message.startswith("document guides/bees.x cannot be read: ")


async def test_too_much_memory_is_an_error():
    reader = Reader(Limits(memory=150 << 20))
    with pytest.raises(ItemError, match="more than 150 MiB of memory"):
        await reader.read("big.md", "정악 ".encode() * 10_000_000, "text/plain", 400)


async def test_too_much_processor_time_is_an_error():
    reader = Reader(Limits(cpu=1))
    with pytest.raises(ItemError, match="more than 1 s of processor time"):
        await reader.read("big.md", b"one two. " * 3_000_000, "text/plain", 400)


async def test_too_much_time_is_an_error():
    reader = Reader(Limits(wall=1))
    with pytest.raises(ItemError, match="more than 1 s"):
        await reader.read("big.md", b"one two. " * 3_000_000, "text/plain", 400)


async def test_a_cancelled_reading_leaves_no_child():
    before = set(children())
    task = asyncio.create_task(Reader().read("big.md", b"one two. " * 3_000_000, "text/plain", 400))
    while not set(children()) - before:  # noqa: ASYNC110  no event tells of it
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not set(children()) - before


def test_a_child_dies_with_its_parent():
    code = (
        "import asyncio, seedbed.knowledge.reader as r\n"
        "asyncio.run(r.Reader().read('a', b'one two. ' * 3_000_000, 'text/plain', 400))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    while not (born := psutil.Process(parent.pid).children()):
        time.sleep(0.01)
    # Time enough to set its limits, and too little to finish.
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    born[0].wait(5)


async def test_a_child_told_to_stop_is_no_fault_of_the_document():
    before = set(children())
    reading = asyncio.create_task(Reader().read("long.md", b"one two. " * 3_000_000, "text/plain", 400))
    async with asyncio.timeout(20):
        while not set(children()) - before:  # noqa: ASYNC110  no event tells of a child
            await asyncio.sleep(0.01)
    (stem,) = set(children()) - before
    psutil.Process(stem).terminate()
    with pytest.raises(SeedbedError, match=r"long\.md: its reader was asked to stop") as caught:
        await reading
    assert not isinstance(caught.value, ItemError)


async def test_one_stem_serves_one_document_after_another_whatever_becomes_of_each():
    reader, before = Reader(Limits(memory=150 << 20)), children()
    for _ in range(2):
        await reader.read("a.md", b"text", "text/plain", 400)
    with pytest.raises(ItemError, match="memory"):
        await reader.read("big.md", "정악 ".encode() * 10_000_000, "text/plain", 400)
    await reader.read("a.md", b"text", "text/plain", 400)
    assert len(set(children()) - set(before)) == 1


async def test_a_stem_that_died_in_idleness_is_replaced():
    reader, before = Reader(), children()
    await reader.read("a.md", b"text", "text/plain", 400)
    (stem,) = set(children()) - set(before)
    psutil.Process(stem).kill()
    cut = await reader.read("a.md", b"text", "text/plain", 400)
    assert cut.text == b"text"


async def test_a_stem_ends_with_its_reader():
    before = set(children())
    await Reader().read("a.md", b"text", "text/plain", 400)
    # The thread that read lets go of it a moment after it has answered.
    async with asyncio.timeout(10):
        while set(children()) - before:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.01)


async def test_no_more_children_than_slots():
    reader = Reader(slots=asyncio.Semaphore(1))
    before = set(children())
    readings = [asyncio.create_task(reader.read("a.md", b"text", "text/plain", 400)) for _ in range(3)]
    most = 0
    while not all(reading.done() for reading in readings):
        most = max(most, len(set(children()) - before))
        await asyncio.sleep(0.005)
    assert most == 1


def children() -> list[int]:
    """The stems of this process."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if "seedbed.knowledge.convert" in child.cmdline():
                found.append(child.pid)
    return found


def test_the_child_imports_no_server_and_starts_in_a_moment():
    code = "import sys, json, seedbed.knowledge.convert; print(json.dumps(sorted(sys.modules)))"
    begun = time.monotonic()
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.monotonic() - begun < 20
    modules = {name.partition(".")[0] for name in json.loads(found.stdout)}
    assert not modules & {"grpc", "google", "nats", "minio", "pydantic", "docx", "pypdfium2", "selectolax"}


async def test_the_child_sees_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setenv("SEEDBED_TEACHER_API_KEY", "secret")
    seen = tmp_path / "environment"
    spy = tmp_path / "python"
    spy.write_text(f'#!/bin/sh\nenv > {seen}\nexec {sys.executable} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(spy))
    await Reader().read("a.md", b"text", "text/plain", 400)
    assert "secret" not in seen.read_text()
