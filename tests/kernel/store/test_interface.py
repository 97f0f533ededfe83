import asyncio
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from seedbed.kernel.errors import Damaged, InputError, NotFound, StoreError
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.blobs import as_file, blob_key, get_blob, get_blob_file, put_blob, put_blob_file
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.folder import FolderStore
from seedbed.kernel.store.interface import Store


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.s3)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each test holds for both backends."""
    if request.param == "file":
        return await open_store(f"file://{tmp_path}/store")
    server = request.getfixturevalue("s3_server")
    url = server.url(f"store-{uuid.uuid4().hex}")
    return await open_store(url, access_key=server.access_key, secret_key=server.secret_key)


async def test_what_was_put_is_what_is_got(store):
    await store.put("a/b/c", b"\x00\xff" * 1000)
    assert await store.get("a/b/c") == b"\x00\xff" * 1000


async def test_an_empty_object_is_an_object(store):
    await store.put("empty", b"")
    assert await store.get("empty") == b""
    assert await store.exists("empty")


async def test_files_go_in_and_out(store, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"\x00\xff" * 100_000)
    await store.upload("a/file", source)
    await store.download("a/file", target)
    assert target.read_bytes() == source.read_bytes() == await store.get("a/file")
    with pytest.raises(NotFound, match="no/such"):
        await store.download("no/such", target)


async def test_a_key_may_hold_any_language_and_spaces(store):
    key = "seals/지식/한국 역사/a+b%20c&d=e.json"
    await store.put(key, b"x")
    assert await store.get(key) == b"x"
    assert await store.keys("seals/지식/") == [key]


async def test_putting_again_replaces_the_whole(store):
    await store.put("k", b"a longer first version")
    await store.put("k", b"second")
    assert await store.get("k") == b"second"


async def test_what_is_missing_is_not_found(store):
    with pytest.raises(NotFound, match="no/such"):
        await store.get("no/such")
    assert not await store.exists("no/such")


async def test_deleting_removes_and_may_be_repeated(store):
    await store.put("k", b"x")
    await store.delete("k")
    await store.delete("k")
    assert not await store.exists("k")


async def test_keys_are_those_below_the_prefix_in_order(store):
    for key in ("runs/b/2", "runs/b/1", "runs/a", "other/1"):
        await store.put(key, b"")
    assert await store.keys("runs/") == ["runs/a", "runs/b/1", "runs/b/2"]
    assert await store.keys("runs/b") == ["runs/b/1", "runs/b/2"]
    assert await store.keys("nothing/") == []


async def test_a_scan_tells_how_large_each_is_and_how_old(store):
    began = time.time()
    await store.put("runs/a", b"12345")
    await store.put("runs/b/1", b"")
    await store.put("other", b"x")
    found = await store.scan("runs/")
    assert [(each.key, each.size) for each in found] == [("runs/a", 5), ("runs/b/1", 0)]
    # An S3 server's clock has whole seconds.
    assert all(began - 2 <= each.time <= time.time() + 2 for each in found)
    assert await store.scan("nothing/") == []


async def test_of_what_was_deleted_no_version_is_left(s3_server):
    bucket = f"versions-{uuid.uuid4().hex}"
    keys = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key}
    store = await open_store(s3_server.url(bucket), **keys)
    client = Minio(urlsplit(s3_server.url(bucket)).netloc, **keys, secure=False)
    client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    for data in (b"first", b"second"):
        await store.put("k", data)
    await store.put("k2", b"another")
    await store.delete("k")
    left = list(client.list_objects(bucket, recursive=True, include_version=True))
    assert [item.object_name for item in left] == ["k2"]


async def test_a_blob_is_kept_under_its_own_digest(store):
    digest = await put_blob(store, b"seed")
    assert digest == sha256_hex(b"seed")
    assert await put_blob(store, b"seed") == digest
    assert await get_blob(store, digest) == b"seed"
    assert await store.keys("cas/") == [blob_key(digest)]


async def test_a_damaged_blob_is_refused(store):
    digest = await put_blob(store, b"seed")
    await store.put(blob_key(digest), b"weed")
    with pytest.raises(Damaged, match="damaged"):
        await get_blob(store, digest)


async def test_a_large_blob_goes_through_files(store, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"seed" * 1_000_000)
    digest = await put_blob_file(store, source)
    assert digest == sha256_hex(source.read_bytes()) == await put_blob(store, source.read_bytes())
    with await get_blob_file(store, digest) as file:
        assert file.read() == source.read_bytes()
    await store.put(blob_key(digest), b"weed")
    with pytest.raises(Damaged, match="damaged"):
        await get_blob_file(store, digest)
    with pytest.raises(NotFound):
        await get_blob_file(store, "0" * 64)


@pytest.mark.parametrize("key", ["", "../up", "a/../../up", "/etc/passwd"])
async def test_a_folder_gives_nothing_outside_itself(tmp_path, key):
    store = await open_store(f"file://{tmp_path}/store")
    with pytest.raises(InputError, match="not a key"):
        await store.put(key, b"x")


async def test_a_folder_shows_no_half_written_object(tmp_path):
    store = await open_store(f"file://{tmp_path}/store")
    await store.put("k", b"x")
    (tmp_path / "store" / ".part-left-by-a-crash").write_bytes(b"half")
    assert await store.keys("") == ["k"]


async def test_one_bucket_holds_many_stores_by_prefix(s3_server):
    bucket = f"prefix-{uuid.uuid4().hex}"
    keys = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key}
    url = s3_server.url(bucket)
    one, other = [await open_store(url.replace(bucket, f"{bucket}/{name}"), **keys) for name in ("a", "b")]
    await one.put("k", b"one")
    await other.put("k", b"other")
    assert await one.get("k") == b"one"
    assert await other.keys("") == ["k"]


async def test_a_wrong_secret_is_said_at_once(s3_server):
    with pytest.raises(StoreError, match="refused"):
        await open_store(s3_server.url("any"), access_key=s3_server.access_key, secret_key="wrong")


@pytest.mark.parametrize("url", ["", "store", "file:", "s3://", "s3://host:9000/", "gs://bucket/x"])
async def test_what_is_no_store_says_what_is(url):
    with pytest.raises(InputError, match="not a store") as caught:
        await open_store(url)
    assert "file:///" in caught.value.hint


async def test_who_is_cancelled_while_an_object_is_fetched_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    begun, may_end = asyncio.Event(), asyncio.Event()

    class Slow(FolderStore):
        async def download(self, key, target):
            begun.set()
            await may_end.wait()
            await super().download(key, target)

    store = Slow(tmp_path / "store")
    await store.put("key", b"value")

    async def look():
        async with as_file(store, "key"):
            pass

    looking = asyncio.create_task(look())
    await begun.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    may_end.set()
    async with as_file(store, "key") as path:
        assert path.read_bytes() == b"value"
    while [each.name for each in tmp_path.iterdir()] != ["store"]:  # noqa: ASYNC110  a thread ends
        await asyncio.sleep(0.01)
