"""Bytes that went bad on a disk: the command names them, and has made again what they held, only that."""

import shutil

import pytest

from tests.cli.stage import TAXONOMY, open_teacher, seedbed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ONDOL, GERMINATION = "knowledge/arts/architecture/ondol", "knowledge/science/biology/seed_germination"


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
async def made(tmp_path):
    """A run of two leaves with a teacher that counts, and how to do it again."""
    async with open_teacher(0) as teacher:

        def generate(*more):
            places = ("--state", tmp_path / "state", "--out", tmp_path / "dataset")
            asking = ("--teacher", teacher.url, "--model", "rehearsal", "--leaf", "knowledge/**", "--json")
            return seedbed("generate", TAXONOMY, *asking, *places, *(more or ("--target", 6)))

        def verify(*more):
            return seedbed("store", "verify", "--state", tmp_path / "state", "--json", *more)

        first = await generate()
        assert first.code == 0, first.err
        yield generate, verify


def blobs(tmp_path):
    return [path for path in (tmp_path / "state" / "store" / "cas").rglob("*") if path.is_file()]


async def test_a_part_is_made_again_without_a_call_and_to_the_same_bytes(made, tmp_path):
    generate, verify = made
    before = bytes_of(tmp_path / "dataset")
    part = next(path for path in blobs(tmp_path) if path.read_bytes()[2:].startswith(ONDOL.encode()))
    flip(part)

    found = await verify()
    assert found.code == 1
    (fault,) = found.object["faults"]
    assert (fault["kind"], fault["leaf"]) == ("part", ONDOL)
    assert part.name in fault["key"]
    # Asked for first, and never done unasked.
    shown = await verify("--repair")
    assert (shown.code, shown.object["repaired"]) == (1, False)
    assert part.is_file()

    # Met on the way, it ends its leaf with that word; the other leaf is in the dataset.
    short = await generate()
    assert short.code == 3, short.err
    reasons = {leaf["path"]: leaf["reason"] for leaf in short.object["leaves"]}
    assert reasons[GERMINATION] == ""
    assert reasons[ONDOL].startswith("damaged: cas/")

    mended = await verify("--repair", "--yes")
    assert mended.code == 0, mended.err
    again = await generate()
    assert (again.code, again.object["teacher_calls"]) == (0, 0), again.err
    assert bytes_of(tmp_path / "dataset") == before
    assert (await verify()).code == 0


async def test_a_seal_ends_its_leaf_alone_and_costs_what_was_in_it(made, tmp_path):
    generate, verify = made
    seals = tmp_path / "state" / "store" / "seals" / ONDOL
    seal = next(path for path in seals.iterdir() if path.suffix != ".json")
    flip(seal)
    stopped = await generate("--target", 7)
    assert stopped.code == 3, stopped.err
    leaves = {leaf["path"]: leaf for leaf in stopped.object["leaves"]}
    assert leaves[ONDOL]["reason"].startswith(f"damaged: seals/{ONDOL}/{seal.name}")
    assert (leaves[GERMINATION]["accepted"], leaves[GERMINATION]["reason"]) == (7, "")
    assert [fault["kind"] for fault in (await verify()).object["faults"]] == ["seal"]
    assert (await verify("--repair", "--yes")).code == 0
    mended = await generate("--target", 7)
    assert (mended.code, mended.object["samples"]) == (0, 14), mended.err


async def test_a_document_and_its_text(made, tmp_path):
    generate, verify = made
    before = bytes_of(tmp_path / "dataset")
    sources = [path.read_bytes() for path in (TAXONOMY / GERMINATION).iterdir()]
    document = next(path for path in blobs(tmp_path) if path.read_bytes() in sources)
    words = document.read_bytes().split()[:5]
    text = next(path for path in blobs(tmp_path) if path.read_bytes().split()[:5] == words)
    for path in {document, text}:
        flip(path)
    found = {fault["kind"]: fault for fault in (await verify()).object["faults"]}
    assert {"document", "text"} <= found.keys()
    assert found["document"]["leaf"] == GERMINATION
    mended = await verify("--repair", "--yes")
    # A document cannot be made again from here, and what to do is said.
    assert mended.code == 1
    assert "import the taxonomy again" in mended.err
    again = await generate()
    assert (again.code, again.object["teacher_calls"]) == (0, 0), again.err
    assert bytes_of(tmp_path / "dataset") == before
    assert (await verify()).code == 0


async def test_a_broker_that_lost_all_is_told_by_the_store(made, tmp_path):
    generate, verify = made
    before = bytes_of(tmp_path / "dataset")
    (broker,) = [path for path in (tmp_path / "state").iterdir() if (path / "jetstream").is_dir()]
    shutil.rmtree(broker / "jetstream")
    collected = await seedbed("store", "gc", "--yes", "--grace", 0, "--state", tmp_path / "state")
    assert collected.code == 1
    assert "the book of runs is not whole" in collected.err
    assert {fault["kind"] for fault in (await verify()).object["faults"]} == {"entry"}
    assert (await verify("--repair", "--yes")).code == 0
    assert (await verify()).code == 0
    again = await generate()
    assert (again.code, again.object["teacher_calls"]) == (0, 0), again.err
    assert bytes_of(tmp_path / "dataset") == before
