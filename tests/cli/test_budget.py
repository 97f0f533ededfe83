"""A budget on the whole stack: kept over kills, told with its reason, and raised without paying twice."""

import json

import pytest

from tests.cli.stage import TAXONOMY, finish, gone, open_teacher, seedbed, stack_of, start
from tests.faults.stage import hash_files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LEAVES = ("--leaf", "knowledge/arts/**", "--leaf", "compositional_skills/grounded/**", "--target", 15)
BUDGET = 90
LOOK = 1
"""Each start looks at the endpoint once."""


@pytest.fixture
def command(tmp_path):
    def make(teacher, place, budget=BUDGET):
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text("instructions: 2")
        base = ("generate", TAXONOMY, *LEAVES, "--teacher", teacher.url, "--model", "rehearsal", "--json")
        places = ("--recipe", recipe, "--state", tmp_path / f"{place}-state", "--out", tmp_path / place)
        return (*base, *places, "--concurrency", 4, "--budget-calls", budget, "--price", "1,2")

    return make


async def test_a_budget_is_kept_over_a_kill_and_raised_without_paying_twice(command, tmp_path):
    async with open_teacher(0.05) as teacher:
        whole = await seedbed(*command(teacher, "whole"))
        assert whole.code == 3, whole.err
        spent = whole.object["recorded"]["calls"]
        assert teacher.asked == spent + LOOK
        assert BUDGET * 0.5 < spent <= BUDGET
        assert whole.object["budget"] == {"calls": BUDGET}
        short = [leaf for leaf in whole.object["leaves"] if leaf["accepted"] < 15]
        assert short
        for leaf in short:
            assert f"the budget is spent: {spent} of {BUDGET} calls; one more draw may take" in leaf["reason"]

        teacher.asked = 0
        process = await start(*command(teacher, "hurt"))
        await teacher.reach(spent // 2)
        stack = list(stack_of(process).values())
        process.kill()
        await process.communicate()
        assert await gone(stack)
        before = teacher.asked
        hurt = await finish(await start(*command(teacher, "hurt")))
        assert hurt.code == 3, hurt.err
        assert hash_files(tmp_path / "hurt") == hash_files(tmp_path / "whole")
        recorded, bill = hurt.object["recorded"], hurt.object["bill"]
        assert recorded == whole.object["recorded"]
        manifest = json.loads((tmp_path / "hurt" / "manifest.json").read_text())
        assert sum(step["calls"] for step in manifest["counts"]["steps"]) == recorded["calls"]
        assert (
            0
            < recorded["money"]
            == pytest.approx((recorded["prompt_tokens"] + 2 * recorded["completion_tokens"]) / 1e6, abs=1e-5)
        )
        # What this command asked is on its bill, but for what was in flight and may have been asked twice.
        assert bill["calls"] <= teacher.asked - before - LOOK <= bill["calls"] + bill["repeated_at_most"]
        assert (
            bill["calls"] == bill["teacher"]["calls"] + bill["judge"]["calls"] == hurt.object["teacher_calls"]
        )

        teacher.asked = 0
        wide = await seedbed(*command(teacher, "hurt", 1000))
        assert wide.code == 0, wide.err
        assert wide.object["samples"] == 30
        assert (
            teacher.asked - LOOK == wide.object["bill"]["calls"] == wide.object["recorded"]["calls"] - spent
        )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--budget-money", 3), "a budget in money needs `prices`"),
        (("--budget-calls", 5), "the budget is too small for a single draw"),
        (("--price", "cheap"), "--price 'cheap' is not two prices"),
        (("--price", "1,2", "--judge-model", "other"), "has no price"),
    ],
)
async def test_an_impossible_budget_is_refused(tmp_path, options, told):
    places = ("--state", tmp_path / "state", "--out", tmp_path / "dataset")
    ended = await seedbed("generate", TAXONOMY, "--teacher", "rehearsal", *places, *options)
    assert (ended.code, told in ended.err) == (2, True), ended.err
