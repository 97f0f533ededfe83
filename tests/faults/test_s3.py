"""An S3 store that drops connections or answers errors for a while: the run waits, says so, and goes on."""

import asyncio
import os
from unittest.mock import AsyncMock
from urllib.parse import urlsplit

import pytest

from seedbed.cli.commands import generate as module
from seedbed.cli.reach.endpoints import Wanted
from seedbed.cli.render.screen import Screen
from seedbed.cli.stack import startup
from seedbed.kernel.store.connect import open_store
from tests.faults.proxy import open_proxy
from tests.faults.stage import AT_ONCE, hash_files

TROUBLED = 8.0


class Listener(Screen):
    """A screen that remembers."""

    def __init__(self) -> None:
        super().__init__(machine=True)
        self.said: list[str] = []

    def say(self, text: str, style: str = "") -> None:
        self.said.append(text)
        super().say(text, style)


async def until(happened):
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110  a number has no event
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("trouble", ["drops", "errs"])
async def test_the_run_waits_for_its_bucket(trouble, tmp_path, monkeypatch, s3_url, teacher, undisturbed):
    parts = urlsplit(s3_url)
    async with open_proxy(parts.port) as proxy:
        url = s3_url.replace(f":{parts.port}/", f":{proxy.port}/")
        keys = {name: value for name, value in os.environ.items() if name.startswith("SEEDBED_STORE_")}
        overrides = {**keys, "SEEDBED_STORE_URL": url, "SEEDBED_CONCURRENCY": str(AT_ONCE)}
        monkeypatch.setattr(startup, "overrides_of", lambda *_: overrides)
        # What the command itself reads, for its estimate, lies there as well.
        store = await open_store(s3_url, **{name.lower()[14:]: key for name, key in keys.items()})
        monkeypatch.setattr(module, "open_store", AsyncMock(return_value=store))
        order = module.GenerateArguments(
            taxonomy=str(undisturbed.taxonomy),
            state=tmp_path / "state",
            out=tmp_path / "dataset",
            wanted=Wanted(teacher=teacher.url, model="mock"),
            target=undisturbed.target,
        )
        screen = Listener()
        run = asyncio.create_task(module.GenerateCommand(order, screen).run())
        await until(lambda: teacher.asked > undisturbed.asked // 4 or run.done())
        proxy.cut(trouble)
        await asyncio.sleep(TROUBLED)
        assert not run.done()
        assert any("paused: the store" in line for line in screen.said)
        proxy.trouble = ""
        async with asyncio.timeout(120):
            assert await run == 0
    assert hash_files(tmp_path / "dataset") == undisturbed.dataset
    assert 0 <= teacher.asked - undisturbed.asked <= AT_ONCE
