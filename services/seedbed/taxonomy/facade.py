"""Lint, list and compare a taxonomy without a server. What the command line and the servicer both call.

Blocking: it reads files and runs git. It keeps nothing and knows no store.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from seedbed.kernel.errors import InputError
from seedbed.kernel.identity import sha256_hex
from seedbed.taxonomy.diff import Parts, compare, parts_of
from seedbed.taxonomy.documents import MAX_BYTES, is_beside
from seedbed.taxonomy.git.command import GitFailed
from seedbed.taxonomy.git.mirrors import Mirrors, Rules
from seedbed.taxonomy.leaf import summarize
from seedbed.taxonomy.lint.check import LeafFile, read_leaves
from seedbed.taxonomy.lint.contexts import ReadDocument, Text, read_plain
from seedbed.taxonomy.lint.findings import errors_of, format_github, format_json, format_text, severity_name
from seedbed.taxonomy.sources import open_source, split_revision
from seedbed.taxonomy.survey import Survey, survey
from seedbed.taxonomy.trees.globs import pattern_fault, select
from seedbed.taxonomy.trees.tree import Tree, leaf_files
from seedbed.taxonomy.v1.taxonomy_service_pb2 import DiffResponse, LeafSummary, LintResponse

__all__ = [
    "ReadDocument",
    "Rules",
    "Text",
    "default_cache",
    "diff",
    "errors_of",
    "format_github",
    "format_json",
    "format_text",
    "lint",
    "list_leaves",
    "read",
    "severity_name",
]


def default_cache() -> Path:
    """Where repositories are fetched to where nothing else is said."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "seedbed" / "git"


def read(
    source: str,
    *,
    globs: Sequence[str] = (),
    documents: bool = True,
    cache: Path | None = None,
    limit: int = MAX_BYTES,
    rules: Rules | None = None,
    read_document: ReadDocument | None = None,
) -> Survey:
    """Read a taxonomy whole. Raises InputError where there is none to read."""
    mirrors = Mirrors(cache or default_cache(), rules)
    try:
        return survey(
            open_source(source, mirrors),
            mirrors,
            globs=globs,
            documents=documents,
            limit=limit,
            read_document=read_document,
        )
    except (OSError, GitFailed) as broken:
        raise InputError(f"cannot read the taxonomy {source}: {broken}") from broken


def lint(
    source: str,
    *,
    documents: bool = True,
    cache: Path | None = None,
    limit: int = MAX_BYTES,
    rules: Rules | None = None,
    read_document: ReadDocument = read_plain,
) -> LintResponse:
    """Every finding. The files of a folder are named as seen from where the caller stands."""
    found = read(
        source, documents=documents, cache=cache, limit=limit, rules=rules, read_document=read_document
    )
    folder, revision = split_revision(source)
    if not revision and Path(folder).is_dir():
        for finding in found.findings:
            finding.file = str(Path(folder, finding.file))
    return LintResponse(findings=found.findings, files=found.files, notes=found.notes)


def list_leaves(
    source: str,
    *,
    globs: Sequence[str] = (),
    cache: Path | None = None,
    limit: int = MAX_BYTES,
    rules: Rules | None = None,
) -> list[LeafSummary]:
    """The leaves that are sound, in order of their paths."""
    found = read(source, globs=globs, cache=cache, limit=limit, rules=rules)
    return [summarize(leaf, found.commits.get(leaf.path, "")) for leaf in found.leaves]


def diff(
    source: str, base: str, head: str = "", *, cache: Path | None = None, rules: Rules | None = None
) -> DiffResponse:
    """What changed from a revision to another, or to the working tree with its untracked files."""
    if not base:
        raise InputError("no revision to compare with is named", hint="name one, such as HEAD or main")
    mirrors = Mirrors(cache or default_cache(), rules)
    try:
        before = open_source(source, mirrors, base)
        after = open_source(source, mirrors, head)
        return DiffResponse(changes=compare(_parts(before.tree), _parts(after.tree)))
    except (OSError, GitFailed) as broken:
        raise InputError(f"cannot compare the taxonomy {source}: {broken}") from broken


def _parts(tree: Tree) -> dict[str, Parts]:
    leaves = read_leaves(tree, leaf_files(tree))
    return {leaf.path: parts_of(leaf, _beside(leaf, tree)) for leaf in leaves}


def _beside(leaf: LeafFile, tree: Tree) -> dict[str, str]:
    """Digests of the documents that a leaf has in the taxonomy itself."""
    document = leaf.data.get("document")
    if not isinstance(document, dict) or not is_beside(document):
        return {}
    patterns = document.get("patterns")
    prefix = f"{leaf.path}/"
    inside = [p[len(prefix) :] for p, e in tree.entries.items() if p.startswith(prefix) and e.kind == "file"]
    meant: set[str] = set()
    for pattern in patterns if isinstance(patterns, list) else []:
        if isinstance(pattern, str) and not pattern_fault(pattern):
            meant.update(select(pattern, inside))
    return {path: sha256_hex(tree.read(prefix + path)) for path in meant}
