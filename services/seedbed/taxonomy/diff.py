"""What changed between two states of a taxonomy, leaf by leaf and by content. Pure.

A leaf is compared part by part as data: another style of YAML, another order of keys or a comment change
nothing.
A file that cannot be read is one part, `file`.
"""

from collections.abc import Mapping
from typing import Any

from seedbed.kernel.identity import canonical_json, sha256_hex
from seedbed.taxonomy.lint.check import LeafFile
from seedbed.taxonomy.lint.positions import NonText
from seedbed.taxonomy.v1.taxonomy_service_pb2 import (
    CHANGE_KIND_ADDED,
    CHANGE_KIND_CHANGED,
    CHANGE_KIND_REMOVED,
    Change,
)

_PARTS = {"seed_examples": "seeds", "document": "documents"}

Parts = dict[str, str]


def parts_of(leaf: LeafFile, beside: Mapping[str, str]) -> Parts:
    """Every part of a leaf with a digest of its content. `beside` are its own documents' digests by path."""
    if not leaf.data:
        return {"file": sha256_hex(leaf.raw)}
    parts = {_PARTS.get(key, key): _digest(value) for key, value in leaf.data.items()}
    parts["version"] = _digest(leaf.data.get("version", 1))
    if leaf.attribution:
        parts["attribution"] = _digest(leaf.attribution)
    if beside:
        parts["documents"] = _digest([parts.get("documents", ""), sorted(beside.items())])
    return parts


def compare(base: Mapping[str, Parts], head: Mapping[str, Parts]) -> list[Change]:
    """The changes from one state to another, by path."""
    changes = []
    for path in sorted({*base, *head}):
        before, after = base.get(path), head.get(path)
        if before is None:
            changes.append(Change(path=path, kind=CHANGE_KIND_ADDED))
        elif after is None:
            changes.append(Change(path=path, kind=CHANGE_KIND_REMOVED))
        elif before != after:
            parts = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
            changes.append(Change(path=path, kind=CHANGE_KIND_CHANGED, parts=parts))
    return changes


def _digest(value: Any) -> str:
    return sha256_hex(canonical_json(_plain(value)))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, NonText):
        return [value.kind, value.text]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
