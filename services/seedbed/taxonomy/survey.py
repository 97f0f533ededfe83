"""A taxonomy read whole: every leaf, its documents, and every finding. Blocking; call it in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed.taxonomy.commits import leaf_commits
from seedbed.taxonomy.documents import MAX_BYTES, Gatherer, is_beside
from seedbed.taxonomy.git.mirrors import Mirrors
from seedbed.taxonomy.leaf import build_leaf, content_digest
from seedbed.taxonomy.lint.check import LeafFile, check
from seedbed.taxonomy.lint.contexts import Found, ReadDocument, look_up
from seedbed.taxonomy.lint.findings import Place, error, errors_of, in_order, warning
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
    notes: list[str] = field(default_factory=list)
    """Where contexts were not looked up, and why."""
    commits: dict[str, str] = field(default_factory=dict)


def survey(
    source: Source,
    mirrors: Mirrors,
    *,
    globs: Sequence[str] = (),
    documents: bool = True,
    limit: int = MAX_BYTES,
    read_document: ReadDocument | None = None,
) -> Survey:
    """Read a taxonomy. Without `documents` none is fetched, and knowledge leaves have none.

    With `read_document` the contexts of seed examples are looked up in the documents.
    """
    checked = check(source.tree, globs)
    result = Survey(files=len(checked.leaves), findings=list(checked.findings))
    for folder, branch in source.misspelt.items():
        result.findings.append(warning(folder, Place(), "folder-name", f"not read: is `{branch}` meant?"))
    gatherer = Gatherer(source, mirrors, limit)
    for read in checked.leaves:
        result.findings += read.findings
        found = _gather(result, read, gatherer) if documents and _names_documents(read) else []
        if read.sound and found is not None:
            result.found += found
            result.leaves.append(build_leaf(read, [each.document for each in found]))
        if read_document and found:
            looked_up = look_up(read, found, read_document)
            result.findings += looked_up.findings
            result.notes += looked_up.notes
        elif read_document and not documents and read.branch == "knowledge":
            result.notes.append(f"{read.file}: contexts were not looked up, as no document was fetched")
    result.findings += _twins(result.leaves, {read.path: read.file for read in checked.leaves})
    result.findings = in_order(result.findings)
    result.commits = leaf_commits(source, checked.leaves)
    return result


def _gather(result: Survey, read: LeafFile, gatherer: Gatherer) -> list[Found] | None:
    """The documents of a leaf; None where one of them is not to be had."""
    gathered = gatherer.gather(read)
    result.findings += gathered.findings
    return None if errors_of(gathered.findings) else gathered.found


def _names_documents(read: LeafFile) -> bool:
    """Whether a leaf says where its documents are; it may have other faults, as all are found at once."""
    if read.sound:
        return True
    document = read.data.get("document")
    wrong = {finding.rule for finding in errors_of(read.findings)}
    if not isinstance(document, dict) or wrong & {"pattern", "missing-key"}:
        return False
    patterns = document.get("patterns")
    named = isinstance(patterns, list) and bool(patterns) and all(map(_is_text, patterns))
    return named and (is_beside(document) or all(_is_text(document.get(key)) for key in ("repo", "commit")))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _twins(leaves: list[Leaf], files: dict[str, str]) -> list[Finding]:
    seen: dict[str, str] = {}
    found = []
    for leaf in leaves:
        first = seen.setdefault(content_digest(leaf), leaf.path)
        if first != leaf.path:
            message = f"the same leaf as {files[first]}, word for word: its samples would be doubled"
            found.append(error(files[leaf.path], Place(), "duplicate-leaf", message))
    return found
