"""The documents of a leaf: found by patterns in a repository or beside the leaf, and looked at before use.

Nothing is checked out: files come out of git's own store, so no link and no path can lead anywhere else.
"""

import difflib
from dataclasses import dataclass, field
from typing import Any

from seedbed.kernel.identity import sha256_hex
from seedbed.taxonomy.git.command import GitFailed, address_fault, is_full_hash, is_revision
from seedbed.taxonomy.git.mirrors import Mirrors
from seedbed.taxonomy.git.revisions import GitTree
from seedbed.taxonomy.lint.check import LeafFile
from seedbed.taxonomy.lint.contexts import Found
from seedbed.taxonomy.lint.findings import Place, error, warning
from seedbed.taxonomy.lint.rules import is_encodable
from seedbed.taxonomy.media import SUFFIXES, content_fault, media_type
from seedbed.taxonomy.sources import Source
from seedbed.taxonomy.trees.globs import is_literal, select
from seedbed.taxonomy.trees.tree import ATTRIBUTION, NAME, Tree
from seedbed.taxonomy.v1.leaf_pb2 import Document
from seedbed.taxonomy.v1.taxonomy_service_pb2 import Finding

MAX_BYTES = 50_000_000
MOST = 2000


@dataclass
class Gathered:
    """The documents of a leaf, and what is wrong with them."""

    found: list[Found] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class _Shelf:
    """Where a leaf's patterns look: the paths below `prefix` in a tree."""

    tree: Tree
    prefix: str = ""
    repo: str = ""
    commit: str = ""

    def paths(self) -> list[str]:
        inside = (path for path in self.tree.entries if path.startswith(self.prefix))
        own = (NAME, ATTRIBUTION) if not self.repo else ()
        return [path[len(self.prefix) :] for path in inside if path[len(self.prefix) :] not in own]


def is_beside(document: dict[str, Any]) -> bool:
    """Whether the documents are files of the taxonomy itself: its patterns start at the leaf's folder."""
    repo = document.get("repo")
    return not isinstance(repo, str) or repo.strip() in ("", ".")


class Gatherer:
    """Finds documents for the leaves of one source; repositories are opened once."""

    def __init__(self, source: Source, mirrors: Mirrors, limit: int = MAX_BYTES) -> None:
        self._source = source
        self._mirrors = mirrors
        self._limit = limit
        self._shelves: dict[tuple[str, str], _Shelf] = {}

    def gather(self, leaf: LeafFile) -> Gathered:
        """The documents of a leaf whose file is sound."""
        gathered = Gathered()
        document = leaf.data.get("document")
        if leaf.branch != "knowledge" or not isinstance(document, dict):
            return gathered
        shelf = self._shelf(leaf, document, gathered)
        if shelf is None:
            return gathered
        paths = shelf.paths()
        seen: set[str] = set()
        for index, pattern in enumerate(document["patterns"]):
            place = leaf.parsed.place(("document", "patterns", index))
            meant = self._match(leaf, pattern.strip(), place, shelf, paths, gathered)
            new = [path for path in meant if path not in seen]
            seen.update(new)
            if len(seen) > MOST:
                message = f"the patterns mean {len(seen):,} documents; a leaf has at most {MOST:,}"
                gathered.findings.append(error(leaf.file, place, "document", message))
                break
            for path in new:
                self._take(leaf, path, place, shelf, gathered)
        return gathered

    def _shelf(self, leaf: LeafFile, document: dict[str, Any], gathered: Gathered) -> _Shelf | None:
        if is_beside(document):
            return _Shelf(self._source.tree, f"{leaf.path}/")
        repo, commit = document["repo"].strip(), document["commit"].strip()
        place = leaf.parsed.place(("document", "repo"))
        if fault := address_fault(repo, local=self._source.local):
            gathered.findings.append(error(leaf.file, place, "repository", fault))
            return None
        place = leaf.parsed.place(("document", "commit"))
        if not is_revision(commit):
            gathered.findings.append(error(leaf.file, place, "commit", f"`{commit}` is not a commit"))
            return None
        if not is_full_hash(commit):
            message = f"`{commit}` is not a full commit: what it means may change"
            gathered.findings.append(warning(leaf.file, place, "commit", message))
        try:
            return self._open(repo, commit)
        except GitFailed as failed:
            away = str(failed).startswith("cannot reach")
            place = leaf.parsed.place(("document", "repo" if away else "commit"))
            rule = "repository" if away else "commit"
            message = str(failed) if away else f"cannot get commit `{commit}` of {repo}: {failed}"
            gathered.findings.append(error(leaf.file, place, rule, message))
            return None

    def _open(self, repo: str, commit: str) -> _Shelf:
        if (repo, commit) not in self._shelves:
            address = repo.removeprefix("file://")
            trusted = self._source.local
            mirror, found = self._mirrors.commit(address, commit, history=False, trusted=trusted)
            self._shelves[repo, commit] = _Shelf(GitTree(mirror, found), "", repo, found)
        return self._shelves[repo, commit]

    def _match(
        self, leaf: LeafFile, pattern: str, place: Place, shelf: _Shelf, paths: list[str], gathered: Gathered
    ) -> list[str]:
        """The paths that a pattern means and that can be read; what cannot is said."""
        meant = select(pattern, paths)
        links = [path for path in meant if shelf.tree.entries[shelf.prefix + path].kind != "file"]
        # What a `*` happens to meet, and is no document anyway, is of no concern.
        for path in (path for path in links if is_literal(pattern) or media_type(path)):
            message = f"`{path}` is a link or not a plain file: links are not followed"
            gathered.findings.append(error(leaf.file, place, "link", message))
        plain = [path for path in meant if path not in links]
        usable = [path for path in plain if media_type(path)]
        if not usable and not links:
            message = _through(pattern, shelf) or _nothing(pattern, plain, paths)
            gathered.findings.append(error(leaf.file, place, "pattern", message))
        elif len(usable) < len(plain):
            message = f"{len(plain) - len(usable)} of the files that `{pattern}` means are of a kind not read"
            gathered.findings.append(warning(leaf.file, place, "document-kind", message))
        return usable

    def _take(self, leaf: LeafFile, path: str, place: Place, shelf: _Shelf, gathered: Gathered) -> None:
        fault, found = self._look(leaf, path, shelf)
        if found is None:
            message = f"the document `{path}` {fault}"
            gathered.findings.append(error(leaf.file, place, "document", message))
            return
        same = [f for f in gathered.found if f.document.blob == found.document.blob]
        if same:
            message = f"the document `{path}` is the same as `{same[0].document.path}`, and is left out"
            gathered.findings.append(warning(leaf.file, place, "document-twice", message))
            return
        gathered.found.append(found)

    def _look(self, leaf: LeafFile, path: str, shelf: _Shelf) -> tuple[str, Found | None]:
        if not is_encodable(path):
            return "has a name that is not UTF-8", None
        size = shelf.tree.entries[shelf.prefix + path].size
        if size >= self._limit:
            return (
                f"has {size:,} bytes; it must have fewer than {self._limit:,} "
                "(SEEDBED_DOCUMENT_MAX_BYTES sets the limit)"
            ), None
        try:
            data = shelf.tree.read(shelf.prefix + path)
        except (OSError, GitFailed) as broken:
            return f"cannot be read: {broken}", None
        kind = media_type(path)
        if fault := content_fault(data, kind):
            return fault, None
        document = Document(
            path=path,
            blob=sha256_hex(data),
            size=len(data),
            media_type=kind,
            repo=shelf.repo,
            commit=shelf.commit,
            attribution=leaf.attribution,
        )
        return "", Found(document, shelf.tree, shelf.prefix + path)


def _through(pattern: str, shelf: _Shelf) -> str:
    parts = pattern.split("/")
    for end in range(1, len(parts)):
        folder = "/".join(parts[:end])
        entry = shelf.tree.entries.get(shelf.prefix + folder)
        if entry and entry.kind == "link":
            return f"`{folder}` is a link: links are not followed"
    return ""


def _nothing(pattern: str, plain: list[str], paths: list[str]) -> str:
    if plain:
        return f"`{pattern}` means no document that can be read; those end in {', '.join(SUFFIXES)}"
    folder = pattern.rstrip("/") + "/"
    if is_literal(pattern) and any(path.startswith(folder) for path in paths):
        return f"`{pattern}` is a folder: write `{folder}**`"
    return f"no file matches `{pattern}`{_close(pattern, paths)}"


def _close(pattern: str, paths: list[str]) -> str:
    close = difflib.get_close_matches(pattern, paths[:5000], 1)
    return f": is `{close[0]}` meant?" if close else ""
