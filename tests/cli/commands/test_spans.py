"""One command starts a stack that tells; a second shows a sample's way, out of what was told."""

import pyarrow.parquet
import pytest

from tests.cli.stage import ONE_LEAF, TAXONOMY, seedbed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


async def test_a_samples_way_through_the_services_is_shown(tmp_path):
    places = ("--state", tmp_path / "state", "--out", tmp_path / "dataset")
    asked = ("--teacher", "rehearsal", "--target", 3, *ONE_LEAF)
    made = await seedbed("generate", TAXONOMY, *places, *asked, "--telemetry", "--json")
    assert made.code == 0, made.err
    sample = pyarrow.parquet.read_table(tmp_path / "dataset" / "samples.parquet").to_pylist()[0]["id"]

    shown = await seedbed("trace", sample[:12], "--spans", "--state", tmp_path / "state", "--json")
    assert shown.code == 0, shown.err
    assert shown.object["candidate"] == sample
    way = [(of["of"].split()[0], [span["service"] for span in of["spans"]]) for of in shown.object["traces"]]
    services = dict(way)
    assert list(services) == ["taxonomy", "run", "leaf", "sample"]
    assert {"cli", "taxonomy"} == set(services["taxonomy"])
    assert {"cli", "runs"} == set(services["run"])
    assert {"runs", "knowledge"} == set(services["leaf"])
    assert {"runs", "knowledge", "judge"} == set(services["sample"])
    assert all(span["finish"] >= span["start"] > 0 for of in shown.object["traces"] for span in of["spans"])

    tree = await seedbed("trace", sample, "--spans", "--state", tmp_path / "state")
    for words in ("taxonomy: import taxonomy", "knowledge: chat rehearsal", "runs: settle draw", " ms"):
        assert words in tree.out


async def test_where_nothing_was_traced_it_says_what_to_do(tmp_path):
    places = ("--state", tmp_path / "state", "--out", tmp_path / "dataset")
    made = await seedbed("generate", TAXONOMY, *places, "--teacher", "rehearsal", "--target", 1, *ONE_LEAF)
    assert made.code == 0, made.err
    shown = await seedbed("trace", "ab", "--spans", "--state", tmp_path / "state")
    assert shown.code == 2
    assert "nothing was traced" in shown.err
    assert "--telemetry" in shown.err
