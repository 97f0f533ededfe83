"""State folders that other versions left: this one goes on with them, and comes to the same bytes."""

import json
import shutil
import tarfile
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.cli.stage import ROOT, seedbed
from tests.faults.stage import hash_files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KEPT = sorted((ROOT / "tests" / "data").glob("state_*.tar.xz"))


class Kept:
    """One that is unpacked, with what its version said of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = ("--state", root / "state")

    def told(self, name):
        return json.loads((self.root / name).read_text())

    async def generate(self, target, out):
        places = (*self.state, "--out", self.root / out, "--json")
        teacher = ("--teacher", "rehearsal", "--target", target)
        ended = await seedbed("generate", self.root / "taxonomy", *teacher, *places)
        assert ended.code == 0, ended.err
        return ended.object

    async def lines(self, *arguments):
        ended = await seedbed(*arguments, *self.state, "--json")
        assert ended.code == 0, ended.err
        return [json.loads(line) for line in ended.out.splitlines()]


@pytest.fixture(params=KEPT, ids=lambda path: path.name.partition(".")[0])
def kept(request, tmp_path):
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return Kept(tmp_path)


async def test_a_finished_run_is_listed_recalled_whole_and_gives_the_same_bytes(kept):
    finished, going = kept.told("finished.json"), kept.told("gone_on.json")
    listed = {row["run"]: row for row in await kept.lines("runs", "list")}
    assert set(listed) == {finished["run"], going["run"]}
    same = ("state", "started", "ended", "samples", "recorded", "leaves")
    assert {name: listed[finished["run"]][name] for name in same} == {name: finished[name] for name in same}

    again = await kept.generate(6, "again")
    assert (again["run"], again["teacher_calls"]) == (finished["run"], 0)
    assert hash_files(kept.root / "again") == hash_files(kept.root / "dataset")
    for folder in ("state", "state/store"):
        assert json.loads((kept.root / folder / "format.json").read_text())["format"] == 1

    # From the store alone, on a machine that has no broker's files.
    shutil.rmtree(kept.root / "state" / "jetstream")
    again = await kept.generate(6, "recalled")
    assert (again["run"], again["teacher_calls"]) == (finished["run"], 0)
    assert hash_files(kept.root / "recalled") == hash_files(kept.root / "dataset")


async def test_samples_of_a_finished_run_and_their_pedigree_are_read(kept):
    run = kept.told("finished.json")["run"]
    rows = pyarrow.parquet.read_table(kept.root / "dataset" / "samples.parquet").to_pylist()
    samples = await kept.lines("samples", run, "--end", "accepted")
    assert {sample["id"] for sample in samples} == {row["id"] for row in rows}
    assert {sample["question"] for sample in samples} == {row["question"] for row in rows}

    row = next(row for row in rows if row["document"])
    (traced,) = await kept.lines("trace", row["id"], "--run", run)
    candidate = traced["candidate"]
    assert (candidate["path"], candidate["source"]["document"]) == (row["leaf"], row["document"])
    assert [making["spec"]["step"] for making in candidate["makings"]] == [
        "knowledge.generate",
        "judge.grounded",
    ]


async def test_an_interrupted_run_goes_on_where_it_was(kept):
    """Its records were on the bus alone."""
    expected = kept.told("gone_on.json")
    went_on = await kept.generate(20, "more")
    same = ("run", "state", "teacher_calls", "recalled", "samples", "recorded", "leaves")
    assert {name: went_on[name] for name in same} == {name: expected[name] for name in same}
    manifest = kept.root / "gone_on_manifest.json"
    assert (kept.root / "more" / "manifest.json").read_bytes() == manifest.read_bytes()
