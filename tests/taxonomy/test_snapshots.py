import pytest

from seedbed.kernel.errors import Damaged, InputError, NotFound
from seedbed.kernel.store.blobs import blob_key
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.leaf_commits import commit_key, read_commit
from seedbed.taxonomy.facade import read
from seedbed.taxonomy.snapshots import cover, keep_snapshot, load_snapshot, snapshot_key
from seedbed.taxonomy.trees.tree import BRANCHES
from tests.taxonomy.gardens import commit, garden, plant


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


async def test_a_snapshot_is_kept_with_documents_and_commits(tmp_path, cache, store):
    root = garden(tmp_path / "tree")
    first = commit(root)
    found = read(str(root), cache=cache)
    digest = await keep_snapshot(store, found)
    snapshot = await load_snapshot(store, digest)
    assert [leaf.path for leaf in snapshot.leaves] == [leaf.path for leaf in found.leaves]
    (document,) = snapshot.leaves[2].documents
    assert (
        await store.get(blob_key(document.blob)) == (root / "knowledge/science/birds/birds.md").read_bytes()
    )
    for leaf in snapshot.leaves:
        assert read_commit(leaf.digest, await store.get(commit_key(leaf.digest))) == first


async def test_equal_content_is_one_snapshot_whatever_its_history(tmp_path, cache, store):
    root = garden(tmp_path / "tree")
    plain = await keep_snapshot(store, read(str(root), cache=cache))
    assert await store.keys("commits/") == []
    first = commit(root)
    assert await keep_snapshot(store, read(str(root), cache=cache)) == plain
    sums = root / "compositional_skills/sums/qna.yaml"
    sums.write_text(f"# touched\n{sums.read_text()}")
    commit(root)
    assert await keep_snapshot(store, read(str(root), cache=cache)) == plain
    keys = await store.keys("commits/")
    kept = [read_commit(key.removeprefix("commits/"), await store.get(key)) for key in keys]
    assert kept == [first] * 3


async def test_a_document_that_changes_meanwhile_leaves_no_snapshot(tmp_path, cache, store):
    root = garden(tmp_path / "tree")
    found = read(str(root), cache=cache)
    plant(root, {"knowledge/science/birds/birds.md": "other"})
    with pytest.raises(InputError, match="changed while it was read"):
        await keep_snapshot(store, found)
    (root / "knowledge/science/birds/birds.md").unlink()
    with pytest.raises(InputError, match="went away"):
        await keep_snapshot(store, found)
    assert await store.keys("snapshots/") == []


async def test_snapshots_that_are_not_there(store):
    with pytest.raises(NotFound, match="there is no snapshot"):
        await load_snapshot(store, "0" * 64)
    for name in ("", "../x", "0" * 63, "Z" * 64):
        with pytest.raises(InputError):
            await load_snapshot(store, name)
    await store.put(snapshot_key("1" * 64), b"\xff\xff\xff")
    with pytest.raises(Damaged, match="damaged"):
        await load_snapshot(store, "1" * 64)


async def test_coverage_counts_every_folder_above_a_leaf(tmp_path, cache, store):
    digest = await keep_snapshot(store, read(str(garden(tmp_path / "tree")), cache=cache))
    covered = {c.path: c for c in cover(await load_snapshot(store, digest), BRANCHES)}
    assert sorted(covered) == [
        "compositional_skills",
        "foundational_skills",
        "knowledge",
        "knowledge/science",
    ]
    birds = covered["knowledge/science"]
    assert (birds.leaves, birds.seeds, birds.documents) == (1, 5, 1)
    assert birds.document_bytes == covered["knowledge"].document_bytes > 0
