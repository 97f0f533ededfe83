"""The measure of our serving beside others'."""

import asyncio
from pathlib import Path

from benchmarks.serving import _measure, _resident, _serve, contenders, missing, report
from tests.serving.models import make_weights


def test_our_serving_is_measured_by_what_it_answers(tmp_path: Path):
    ours = next(contenders(make_weights(tmp_path), None))
    with _serve(ours, []) as server:
        asyncio.run(_measure([server], rounds=1, prompts=2))
        line = report(server, _resident(server.process))
    assert all(rate > 0 for rates in server.rates.values() for rate in rates)
    assert line.startswith("ours")
    assert "tokens/s 4 at once" in line


def test_what_is_not_installed_is_said():
    assert missing(("json", "no_such_package"), []) == ["no_such_package"]
