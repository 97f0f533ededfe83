"""The commit that last touched each leaf. Kept beside snapshots and never in them."""

import hashlib
from collections.abc import Mapping, Sequence

from seedbed.taxonomy.git.command import GitFailed, lines_of
from seedbed.taxonomy.git.repositories import Repository
from seedbed.taxonomy.git.revisions import GitTree, resolve
from seedbed.taxonomy.lint.check import LeafFile
from seedbed.taxonomy.sources import Source
from seedbed.taxonomy.trees.tree import BRANCHES, Entry


def leaf_commits(source: Source, leaves: Sequence[LeafFile]) -> dict[str, str]:
    """Commits by leaf path; a leaf that is not committed as it stands has none."""
    if source.repository is None:
        return {}
    try:
        head = source.commit or resolve(source.repository, "HEAD")
        entries = GitTree(source.repository, head, source.prefix).entries
        return _last_touched(source.repository, source.prefix, head, _committed(entries, leaves))
    except GitFailed:
        # A repository without a commit, or one that is not whole: the leaves are read all the same.
        return {}


def _committed(entries: Mapping[str, Entry], leaves: Sequence[LeafFile]) -> dict[str, str]:
    """Leaf paths by their file, where the commit holds just these bytes."""
    return {
        leaf.file: leaf.path
        for leaf in leaves
        if leaf.file in entries and entries[leaf.file].blob == _blob_name(leaf.raw, entries[leaf.file].blob)
    }


def _blob_name(data: bytes, like: str) -> str:
    named = b"blob %d\0" % len(data) + data
    # Git's own way to name content; nothing is guarded by it.
    sha1 = hashlib.sha1(named, usedforsecurity=False)
    return (sha1 if len(like) == 40 else hashlib.sha256(named)).hexdigest()


def _last_touched(repository: Repository, prefix: str, head: str, wanted: dict[str, str]) -> dict[str, str]:
    # Of a merge, only what it changed itself.
    arguments = ["-c", "--format=%x01%H", "--name-only", "--no-renames", "-z", head]
    out = repository.git("log", *arguments, "--", *(prefix + each for each in BRANCHES), timeout=120)
    found: dict[str, str] = {}
    commit = ""
    for line in lines_of(out):
        for part in line.lstrip("\n").split("\n"):
            if part.startswith("\x01"):
                commit = part[1:]
            elif (path := wanted.get(part.removeprefix(prefix))) and path not in found:
                found[path] = commit
    return found
