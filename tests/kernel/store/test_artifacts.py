"""Folders in the store: whole or not there."""

import json

import pytest

from seedbed.kernel.errors import Damaged, InputError, NotFound, StoreError
from seedbed.kernel.store.artifacts import (
    MANIFEST,
    checkpoint_prefix,
    dataset_prefix,
    describe_files,
    get_folder,
    put_folder,
)

PREFIX = "checkpoints/t1/1-kt1"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "made"
    (made / "below").mkdir(parents=True)
    (made / "config.json").write_text("{}")
    (made / "below" / "model.bin").write_bytes(bytes(range(256)) * 100)
    write_manifest(made)
    return made


def write_manifest(folder, **more):
    files = [{"name": f.name, "sha256": f.sha256, "bytes": f.bytes} for f in describe_files(folder)]
    (folder / MANIFEST).write_text(json.dumps({"files": files, **more}))


class Interrupted:
    """A store that fails at one key."""

    def __init__(self, store, key):
        self._store, self._key = store, key

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def upload(self, key, source):
        if key.endswith(self._key):
            raise StoreError("away")
        await self._store.upload(key, source)


async def test_what_was_put_is_what_is_got(store, folder, tmp_path):
    digest = await put_folder(store, PREFIX, folder)
    found = await get_folder(store, PREFIX, tmp_path / "cache", digest)
    assert found == tmp_path / "cache" / digest
    assert describe_files(found) == describe_files(folder)
    assert (found / MANIFEST).read_bytes() == (folder / MANIFEST).read_bytes()


async def test_what_is_in_the_cache_is_not_fetched_again(store, folder, tmp_path):
    digest = await put_folder(store, PREFIX, folder)
    found = await get_folder(store, PREFIX, tmp_path / "cache", digest)
    for key in await store.keys(PREFIX):
        await store.delete(key)
    assert await get_folder(store, PREFIX, tmp_path / "cache", digest) == found


async def test_a_folder_is_not_there_before_its_manifest_is(store, folder, tmp_path):
    with pytest.raises(StoreError, match="away"):
        await put_folder(Interrupted(store, "model.bin"), PREFIX, folder)
    with pytest.raises(NotFound, match="1-kt1"):
        await get_folder(store, PREFIX, tmp_path / "cache")
    await put_folder(store, PREFIX, folder)
    assert (await get_folder(store, PREFIX, tmp_path / "cache")).is_dir()


async def test_a_damaged_folder_is_refused_and_leaves_nothing(store, folder, tmp_path):
    digest = await put_folder(store, PREFIX, folder)
    await store.put(f"{PREFIX}/below/model.bin", b"other bytes")
    with pytest.raises(Damaged, match=r"damaged: .*1-kt1 is not whole: below/model\.bin"):
        await get_folder(store, PREFIX, tmp_path / "cache", digest)
    assert list((tmp_path / "cache").iterdir()) == []


async def test_another_folder_than_the_one_meant_is_refused(store, folder, tmp_path):
    digest = await put_folder(store, PREFIX, folder)
    write_manifest(folder, note="other")
    await put_folder(store, PREFIX, folder)
    with pytest.raises(Damaged, match=digest):
        await get_folder(store, PREFIX, tmp_path / "cache", digest)


async def test_files_that_are_not_those_of_the_manifest_are_not_sent(store, folder):
    (folder / "config.json").write_text('{"changed": true}')
    with pytest.raises(InputError, match=r"config\.json is not the file"):
        await put_folder(store, PREFIX, folder)
    assert await store.keys(PREFIX) == []


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", MANIFEST])
async def test_a_manifest_names_files_of_its_own_folder_only(store, tmp_path, name):
    manifest = json.dumps({"files": [{"name": name, "sha256": "0", "bytes": 1}]}).encode()
    await store.put(f"{PREFIX}/{MANIFEST}", manifest)
    with pytest.raises(Damaged, match="no file of a folder"):
        await get_folder(store, PREFIX, tmp_path / "cache")


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": [1]}'])
async def test_a_manifest_that_names_no_files_is_refused(store, tmp_path, manifest):
    (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(InputError, match="names no files"):
        await put_folder(store, PREFIX, tmp_path)


def test_prefixes():
    assert dataset_prefix("abc") == "datasets/abc"
    assert checkpoint_prefix("t1", 2, "kt2") == "checkpoints/t1/2-kt2"
