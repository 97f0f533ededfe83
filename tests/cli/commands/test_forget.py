"""A document is forgotten over the whole stack; its words are looked for in every byte the stack keeps."""

import json
import shutil
import signal
import zlib
from pathlib import Path

import pytest

from tests.cli.stage import TAXONOMY, finish, open_teacher, seedbed, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LEAVES = ("--leaf", "knowledge/**")
DOCUMENT = "germination.md"


def words_of(taxonomy: Path) -> list[bytes]:
    """Stretches of the document, and of the seeds taken from it, that stand nowhere else."""
    leaf = taxonomy / "knowledge/science/biology/seed_germination"
    lines = [line for line in (leaf / DOCUMENT).read_text().splitlines() if len(line) > 60]
    assert len(lines) > 20
    # Within a line, as what reads it may fold lines.
    return [line.strip()[5:50].encode() for line in lines]


def traces(state: Path, words: list[bytes]) -> dict[str, int]:
    """How many of these words stand in each file, in what it packs as well."""
    found = {}
    for path in (path for path in state.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data += zlib.decompress(data, wbits=31)
        if count := sum(word in data for word in words):
            found[str(path.relative_to(state))] = count
    return found


@pytest.fixture
def taxonomy(tmp_path):
    shutil.copytree(TAXONOMY, tmp_path / "taxonomy")
    return tmp_path / "taxonomy"


async def test_not_a_sentence_of_it_is_left(taxonomy, tmp_path):
    state = tmp_path / "state"
    generate = ("generate", taxonomy, *LEAVES, "--teacher", "rehearsal", "--target", 8, "--json")
    places = ("--state", state, "--out")
    first = await seedbed(*generate, *places, tmp_path / "first")
    assert first.code == 0, first.err
    await leave_half_way(generate[:4], places, tmp_path / "none")
    words = words_of(taxonomy)
    assert {path.split("/")[0] for path in traces(state, words)} >= {"store", "jetstream"}

    shown = await seedbed("forget", DOCUMENT, "--state", state)
    assert shown.code == 0, shown.err
    assert "nothing was done; --yes does it" in shown.out
    assert first.object["run"] in shown.out
    assert traces(state, words)

    done = await seedbed("forget", DOCUMENT, "--state", state, "--yes", "--json")
    assert done.code == 0, done.err
    assert done.object["done"]
    assert done.object["remains"] == []
    assert traces(state, words) == {}

    # The same taxonomy is refused, by name; without the leaf all else is there for nothing.
    refused = await seedbed(*generate, *places, tmp_path / "second")
    assert refused.code == 2
    assert "seed_germination/germination.md was forgotten on 20" in refused.err
    shutil.rmtree(taxonomy / "knowledge/science/biology/seed_germination")
    without = await seedbed(*generate, *places, tmp_path / "third")
    assert without.code == 0, without.err
    assert without.object["teacher_calls"] == 0
    assert traces(state, words) == {}
    # What the run that lost it still has can be exported.
    export = await seedbed("export", first.object["run"], tmp_path / "export", "--state", state)
    assert export.code == 0, export.err
    assert traces(tmp_path / "export", words) == {}

    await keep_one(state, without.object["run"], first.object["run"])
    again = await seedbed(*generate, *places, tmp_path / "third")
    assert (again.code, again.object["teacher_calls"]) == (0, 0), again.err


async def leave_half_way(beginning, places, out):
    """A run that the broker has in hand."""
    async with open_teacher(0.1) as teacher:
        asked = (*beginning, "--teacher", teacher.url, "--model", "rehearsal", "--target", 60)
        process = await start(*asked, *places, out)
        await teacher.reach(25)
        process.send_signal(signal.SIGINT)
        assert (await finish(process)).code == 130


async def keep_one(state, kept, other):
    """What only other runs needed goes as well."""
    shown = await seedbed("store", "gc", "--keep", kept, "--grace", 0, "--state", state)
    assert "nothing was done; --yes does it" in shown.out
    swept = await seedbed("store", "gc", "--keep", kept, "--grace", 0, "--state", state, "--yes", "--json")
    assert swept.code == 0, swept.err
    assert other in swept.object["removed"]
    assert {amount["kind"] for amount in swept.object["amounts"]} >= {"runs", "blobs"}
    listed = await seedbed("runs", "list", "--state", state, "--json")
    assert [json.loads(line)["run"] for line in listed.out.splitlines()] == [kept]
