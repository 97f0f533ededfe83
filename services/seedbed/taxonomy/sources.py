"""What a caller names as a taxonomy: a folder, a repository, or either at a revision (`SOURCE@revision`)."""

import difflib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from seedbed.kernel.errors import InputError
from seedbed.taxonomy.git.command import GitFailed, is_ssh_short, without_secret
from seedbed.taxonomy.git.mirrors import Mirrors
from seedbed.taxonomy.git.repositories import Repository, find_repository, is_repository
from seedbed.taxonomy.git.revisions import GitTree, resolve
from seedbed.taxonomy.trees.folder import FolderTree
from seedbed.taxonomy.trees.tree import BRANCHES, Tree


@dataclass(frozen=True)
class Source:
    """An opened taxonomy."""

    tree: Tree
    # Whether it is of this machine, so that its documents may be, too.
    local: bool
    # The repository it stands in, the commit it was read at (empty: the working tree), its folder in there.
    repository: Repository | None = None
    commit: str = ""
    prefix: str = ""
    # Folders at the top that look like a misspelt branch, with the branch.
    misspelt: dict[str, str] = field(default_factory=dict)


def open_source(text: str, mirrors: Mirrors, revision: str = "") -> Source:
    """Open what a caller names. `revision` overrides one in the text. Raises InputError."""
    if not text.strip() or not text.isprintable():
        raise InputError("no taxonomy is named", hint="name a folder or URL@revision")
    if text.startswith("-"):
        raise InputError(f"`{text}` is not a taxonomy", hint="name a folder or URL@revision")
    address, named = split_revision(text)
    revision = revision or named
    try:
        if is_remote(address):
            return _remote(address, revision, mirrors)
        path = Path(address.removeprefix("file://"))
        if not mirrors.rules.allow(path):
            raise InputError(
                f"`{text}` is on the machine of the service, which does not read from there",
                hint="name a repository, https://… or ssh://…; SEEDBED_TAXONOMY_FOLDERS allows some folders, "
                "SEEDBED_TRUST_CALLERS all",
            )
        found = _local(path, revision, mirrors)
        # Who may name but some of its folders may not have others named by a taxonomy either.
        return replace(found, local=mirrors.rules.trust_callers)
    except GitFailed as failed:
        raise InputError(f"cannot read the taxonomy {without_secret(text)}: {failed}") from failed
    except OSError as broken:
        raise InputError(f"cannot read the taxonomy {text}: {broken}") from broken


def split_revision(text: str) -> tuple[str, str]:
    """`SOURCE@revision` in two; the `@` of `user@host` is none."""
    if Path(text).exists():
        return text, ""
    start = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*|[\w.-]+@[^/@]*:", text)
    begin = start.end() if start else 0
    at = text.find("@", begin)
    if at < 0:
        return text, ""
    # A folder's name may hold an `@`, too: the first that leaves something that is there.
    while not start and not Path(text[:at]).exists() and "@" in text[at + 1 :]:
        at = text.index("@", at + 1)
    return text[:at], text[at + 1 :]


def is_remote(address: str) -> bool:
    """Whether it is reached through a network."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", address)
    if scheme and scheme[1] not in ("https", "ssh", "file"):
        raise InputError(f"`{scheme[1]}` addresses are not read", hint="use https, ssh or a folder")
    return bool(scheme and scheme[1] != "file") or (is_ssh_short(address) and not Path(address).exists())


def _remote(address: str, revision: str, mirrors: Mirrors) -> Source:
    trusted = mirrors.rules.trust_callers
    mirror, commit = mirrors.commit(address, revision, history=True, trusted=trusted)
    return Source(GitTree(mirror, commit), local=False, repository=mirror, commit=commit)


def _local(path: Path, revision: str, mirrors: Mirrors) -> Source:
    if path.is_file():
        # A bundle: a repository in one file.
        mirror, commit = mirrors.commit(str(path.resolve()), revision, history=True)
        return Source(GitTree(mirror, commit), local=True, repository=mirror, commit=commit)
    if not path.is_dir():
        raise InputError(
            f"there is no folder `{path}`", hint="name a folder with a taxonomy in it, or URL@revision"
        )
    root = path.resolve()
    if _is_bare(root):
        return _committed(Repository.at(root), revision)
    if revision:
        repository, prefix = find_repository(root)
        return _committed(repository, revision, prefix)
    tree = FolderTree(root, BRANCHES)
    try:
        repository, prefix = find_repository(root)
    except GitFailed:
        return Source(tree, local=True, misspelt=_misspelt(root))
    return Source(tree, local=True, repository=repository, prefix=prefix, misspelt=_misspelt(root))


def _committed(repository: Repository, revision: str, prefix: str = "") -> Source:
    commit = resolve(repository, revision or "HEAD")
    tree = GitTree(repository, commit, prefix)
    return Source(tree, local=True, repository=repository, commit=commit, prefix=prefix)


def _is_bare(root: Path) -> bool:
    # A folder with leaves in it is what it looks like, whatever else somebody has put beside them.
    return is_repository(root) and not any((root / branch).exists() for branch in BRANCHES)


def _misspelt(root: Path) -> dict[str, str]:
    found = {}
    for folder in sorted(each.name for each in root.iterdir() if each.is_dir()):
        close = difflib.get_close_matches(folder.lower(), BRANCHES, 1, 0.8)
        if close and folder not in BRANCHES:
            found[folder] = close[0]
    return found
