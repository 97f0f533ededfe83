"""The commit that last touched a leaf: kept beside its snapshot at an import, looked up for its samples."""

import re

from google.protobuf.message import DecodeError

from seedbed.kernel.errors import Damaged, NotFound
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.store.checksums import disclose, enclose
from seedbed.kernel.store.interface import Store
from seedbed.taxonomy.v1.leaf_pb2 import LeafCommit

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def commit_key(leaf: str) -> str:
    """Where the commit of a leaf, named by its digest, is kept."""
    return f"commits/{leaf}"


def write_commit(path: str, leaf: str, commit: str) -> bytes:
    """The object that says so."""
    return enclose(message_bytes(LeafCommit(path=path, digest=leaf, commit=commit)))


def read_commit(leaf: str, data: bytes) -> str:
    """The commit that an object says. Raises Damaged."""
    key = commit_key(leaf)
    try:
        found = LeafCommit.FromString(disclose(key, data, plain=True))
    except DecodeError as error:
        raise Damaged(key, "cannot be read", hint="import the taxonomy again") from error
    if found.digest != leaf or not _COMMIT.fullmatch(found.commit):
        raise Damaged(key, "names another leaf, or no commit", hint="import the taxonomy again")
    return found.commit


async def find_commit(store: Store, leaf: str) -> str:
    """The commit of a leaf; nothing where it is in no repository. Raises Damaged."""
    try:
        return read_commit(leaf, await store.get(commit_key(leaf)))
    except NotFound:
        return ""
