"""Another threshold and nobody to ask: decided anew, with the endpoint gone."""

import pytest

from tests.cli.stage import TAXONOMY, open_teacher, seedbed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LEAVES = ("--leaf", "compositional_skills/linguistics/**")


async def test_no_refill_asks_nobody(tmp_path):
    strict = tmp_path / "strict.yaml"
    strict.write_text("gates: {pair_score: 3}")
    base = ("generate", TAXONOMY, *LEAVES, "--target", 8, "--model", "rehearsal", "--json")
    places = ("--state", tmp_path / "state", "--out")
    async with open_teacher(0) as teacher:
        url = ("--teacher", teacher.url)
        first = await seedbed(*base, *url, *places, tmp_path / "first")
        assert first.code == 0, first.err
        asked = teacher.asked
        again = await seedbed(*base, *url, *places, tmp_path / "again", "--recipe", strict, "--no-refill")
        assert teacher.asked == asked
    assert again.code == 3, again.err
    assert (again.object["teacher_calls"], again.object["dead"]) == (0, 0)
    short = [leaf for leaf in again.object["leaves"] if leaf["accepted"] < 8]
    assert short
    for leaf in short:
        assert f"{leaf['accepted']} of 8 samples: not filled up (--no-refill)" in leaf["reason"]
    # The teacher is gone, and back comes what there was, to the byte.
    back = await seedbed(*base, *url, *places, tmp_path / "back", "--no-refill")
    assert back.code == 0, back.err
    for name in ("skills_train_msgs.jsonl", "samples.parquet", "candidates.parquet"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "first" / name).read_bytes()

    told = await seedbed(
        "diff", first.object["run"], again.object["run"], "--state", tmp_path / "state", "--json"
    )
    assert told.code == 0, told.err
    assert '"key": "gates.pair_score", "base": "2", "head": "3"' in told.out
    unnamed = await seedbed(*base[:-3], *url, *places, tmp_path / "x", "--no-refill")
    assert (unnamed.code, "needs the name of a model" in unnamed.err) == (2, True)
