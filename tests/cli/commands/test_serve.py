"""`seedbed serve` and `seedbed chat`, with tiny models that are really loaded."""

import asyncio
import json
import signal

import aiohttp
import pytest

from tests.cli.stage import SEEDBED, environment, start
from tests.serving.models import make_adapter, make_weights


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An adapter's folder that names its base."""
    weights = make_weights(tmp_path_factory.mktemp("weights"))
    return make_adapter(weights, tmp_path_factory.mktemp("adapter"))


async def ask(url, model):
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/chat/completions", json=body) as answer,
    ):
        return (await answer.json())["choices"][0]["message"]["content"]


async def served(process):
    """What it says it serves."""
    line = await process.stdout.readline()
    assert line, (await process.stderr.read()).decode()
    return json.loads(line)["models"]


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_an_adapter_and_its_base_answer_by_transformers(place, tmp_path):
    process = await start("serve", place, "--state", tmp_path / "state", "--json", "--engine", "transformers")
    try:
        models = await served(process)
        answers = [await ask(url, name) for name, url in models.items()]
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 130
    assert len(answers) == len(set(answers)) == 2


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_student_and_its_base_are_talked_to(place, tmp_path):
    arguments = (
        "chat",
        place,
        "--engine",
        "transformers",
        "--max-tokens",
        "8",
        "--state",
        tmp_path / "state",
    )
    process = await asyncio.create_subprocess_exec(
        *SEEDBED,
        *map(str, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment(),
    )
    out, _ = await process.communicate(b"Hello\n/new\nWhat is a seed?\n")
    assert process.returncode == 0
    assert out.decode().count(f"\n{place.name}\n") == 2
