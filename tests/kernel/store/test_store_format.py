import json

import pytest

from seedbed import __version__
from seedbed.kernel.errors import NewerFormat
from seedbed.kernel.store.artifacts import MANIFEST, get_folder, put_folder
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.store_format import settle_store_format


async def test_a_store_without_a_number_is_opened_as_the_first_and_marked_by_who_writes_there(file_store_url):
    store = await open_store(file_store_url)
    assert await store.keys("") == []
    await settle_store_format(store, file_store_url)
    assert json.loads(await store.get("format.json")) == {"format": 1, "seedbed": __version__}
    await open_store(file_store_url)


async def test_a_store_of_a_later_version_is_not_opened(file_store_url):
    store = await open_store(file_store_url)
    await store.put("format.json", b'{"format": 2, "seedbed": "9.0.0"}')
    with pytest.raises(NewerFormat, match=rf"the store {file_store_url} has format 2") as caught:
        await open_store(file_store_url)
    assert "install Seedbed 9.0.0 or a later one" in caught.value.hint
    with pytest.raises(NewerFormat):
        await settle_store_format(store, file_store_url)


async def test_a_folder_of_a_later_version_is_not_taken_for_a_damaged_one(store, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps({"format": "seedbed.dataset/1", "files": []}))
    await put_folder(store, "datasets/d", folder)
    newer = json.dumps({"format": "seedbed.dataset/2", "tables": []}).encode()
    await store.put(f"datasets/d/{MANIFEST}", newer)
    with pytest.raises(NewerFormat, match="the manifest of datasets/d has format 2"):
        await get_folder(store, "datasets/d", tmp_path / "cache")
