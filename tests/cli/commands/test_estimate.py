"""The estimate: before a run in a line, after it beside what it came to; and alone, without a call."""

import pytest

from tests.cli.stage import TAXONOMY, open_teacher, seedbed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


async def test_an_estimate_asks_nobody_and_a_run_comes_near_it(tmp_path):
    places = ("--state", tmp_path / "state", "--out", tmp_path / "dataset", "--target", 10, "--price", "1,2")
    base = ("generate", TAXONOMY, *places, "--json", "--model", "rehearsal", "--teacher")
    # Nobody is there to be asked.
    before = await seedbed(*base, "http://127.0.0.1:9/v1", "--estimate")
    assert before.code == 0, before.err
    assert not (tmp_path / "dataset").exists()
    expected = before.object["estimate"]
    assert len(expected["leaves"]) == 6
    assert not any(leaf["measured"] for leaf in expected["leaves"])
    assert expected["seconds"] > 0
    for name in ("calls", "prompt_tokens", "completion_tokens"):
        assert sum(leaf[name] for leaf in expected["leaves"]) == expected[name] > 0
    async with open_teacher(0) as teacher:
        made = await seedbed(*base, teacher.url)
        assert made.code == 0, made.err
        asked = teacher.asked
        again = await seedbed(*base, teacher.url, "--estimate")
        assert teacher.asked == asked
    assert f"estimate: {expected['calls']} calls" in made.err
    assert made.object["estimate"] == expected
    # Of the right order at first, and close once there is something to go by.
    recorded, closer = made.object["recorded"], again.object["estimate"]
    assert all(leaf["measured"] for leaf in closer["leaves"])
    for name, rough, close in (("calls", 2, 1.3), ("prompt_tokens", 2, 1.3), ("money", 2, 1.3)):
        assert recorded[name] / rough <= expected[name] <= recorded[name] * rough
        assert recorded[name] / close <= closer[name] <= recorded[name] * close
