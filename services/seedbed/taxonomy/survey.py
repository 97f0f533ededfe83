"""A taxonomy read whole: every leaf, its documents, and every finding. Blocking; call it in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed.taxonomy.commits import leaf_commits
from seedbed.taxonomy.core import LeafFile, check
from seedbed.taxonomy.documents import MAX_BYTES, Found, Gatherer
from seedbed.taxonomy.findings import Place, error, errors_of, in_order, warning
from seedbed.taxonomy.leaf import build_leaf, content_digest
from seedbed.taxonomy.mirrors import Mirrors
from seedbed.taxonomy.sources import Source
from seedbed.taxonomy.v1.leaf_pb2 import Leaf
from seedbed.taxonomy.v1.taxonomy_service_pb2 import Finding


@dataclass
class Survey:
    """What a taxonomy holds. `leaves` are those that are sound, with their documents."""

    leaves: list[Leaf] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    commits: dict[str, str] = field(default_factory=dict)


def survey(
    source: Source,
    mirrors: Mirrors,
    *,
    globs: Sequence[str] = (),
    documents: bool = True,
    limit: int = MAX_BYTES,
) -> Survey:
    """Read a taxonomy. Without `documents` none is fetched, and knowledge leaves have none."""
    checked = check(source.tree, globs)
    result = Survey(files=len(checked.leaves), findings=list(checked.findings))
    for folder, branch in source.misspelt.items():
        result.findings.append(warning(folder, Place(), "folder-name", f"not read: is `{branch}` meant?"))
    gatherer = Gatherer(source, mirrors, limit)
    for read in checked.leaves:
        result.findings += read.findings
        if read.sound:
            _add(result, read, gatherer if documents else None)
    result.findings += _twins(result.leaves, {read.path: read.file for read in checked.leaves})
    result.findings = in_order(result.findings)
    result.commits = leaf_commits(source, checked.leaves)
    return result


def _add(result: Survey, read: LeafFile, gatherer: Gatherer | None) -> None:
    found: list[Found] = []
    if gatherer:
        gathered = gatherer.gather(read)
        result.findings += gathered.findings
        if errors_of(gathered.findings):
            return
        found = gathered.found
    result.found += found
    result.leaves.append(build_leaf(read, [each.document for each in found]))


def _twins(leaves: list[Leaf], files: dict[str, str]) -> list[Finding]:
    seen: dict[str, str] = {}
    found = []
    for leaf in leaves:
        first = seen.setdefault(content_digest(leaf), leaf.path)
        if first != leaf.path:
            message = f"the same leaf as {files[first]}, word for word: its samples would be doubled"
            found.append(error(files[leaf.path], Place(), "duplicate-leaf", message))
    return found
