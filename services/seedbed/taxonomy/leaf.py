"""Leaves as the other services see them, and their digests. Pure."""

from typing import Any

from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.pipeline.kinds import Kind
from seedbed.taxonomy.lint.check import LeafFile
from seedbed.taxonomy.lint.seeds import mappings
from seedbed.taxonomy.v1.leaf_pb2 import (
    Document,
    Leaf,
    QuestionAndAnswer,
    SeedExample,
    Snapshot,
)
from seedbed.taxonomy.v1.taxonomy_service_pb2 import LeafSummary


def build_leaf(read: LeafFile, documents: list[Document]) -> Leaf:
    """The leaf of a sound file."""
    data = read.data
    seeds = [_seed(example) for _, example in mappings(data.get("seed_examples"))]
    leaf = Leaf(
        path=read.path,
        kind=_kind(read.branch, seeds),
        branch=read.branch,
        version=data.get("version", 1),
        created_by=_text(data, "created_by"),
        task_description=_text(data, "task_description"),
        domain=_text(data, "domain"),
        document_outline=_text(data, "document_outline"),
        seeds=seeds,
        documents=documents,
    )
    leaf.digest = sha256_hex(message_bytes(leaf))
    return leaf


def content_digest(leaf: Leaf) -> str:
    """A digest of all but the path: equal for one leaf kept in two places."""
    copy = Leaf()
    copy.CopyFrom(leaf)
    copy.ClearField("path")
    copy.ClearField("digest")
    return sha256_hex(message_bytes(copy))


def build_snapshot(leaves: list[Leaf]) -> tuple[str, bytes]:
    """A snapshot's digest and bytes."""
    data = message_bytes(Snapshot(leaves=sorted(leaves, key=lambda leaf: leaf.path)))
    return sha256_hex(data), data


def summarize(leaf: Leaf, commit: str) -> LeafSummary:
    """What a list shows of a leaf; `commit` is that of its last change, "" where none is known."""
    return LeafSummary(
        path=leaf.path,
        kind=leaf.kind,
        digest=leaf.digest,
        seeds=len(leaf.seeds),
        documents=len(leaf.documents),
        commit=commit,
    )


def _kind(branch: str, seeds: list[SeedExample]) -> Kind:
    if branch == "knowledge":
        return Kind.KNOWLEDGE
    return Kind.GROUNDED_SKILL if any(seed.context for seed in seeds) else Kind.FREEFORM_SKILL


def _seed(example: dict[str, Any]) -> SeedExample:
    pairs = [pair for _, pair in mappings(example.get("questions_and_answers"))] or [example]
    return SeedExample(
        context=_text(example, "context"),
        pairs=[QuestionAndAnswer(question=_text(p, "question"), answer=_text(p, "answer")) for p in pairs],
    )


def _text(data: dict[str, Any], key: str) -> str:
    """A text without the white space that YAML's block styles leave around it."""
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""
