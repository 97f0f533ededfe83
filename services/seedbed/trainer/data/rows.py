"""Rows to train on, read from a dataset's folder or from a file of the same records.

A row that cannot be read is left out and counted, with where it stands and what is wrong; the rest is good.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from seedbed.dataset import verify_files
from seedbed.dataset.manifest import KNOWLEDGE_FILE, SAMPLES_FILE, SKILLS_FILE, Manifest
from seedbed.kernel.errors import InputError
from seedbed.pipeline.kinds import Kind
from seedbed.trainer.data.marks import THOUGHTS

_ROLES = ("system", "user", "assistant", "tool")
_HALF = "holds half a character: a surrogate without its other half"
_SHOWN = 200
"""Characters of a complaint, at most: it may cite what it complains of."""


class Malformed(Exception):
    """A row that is none; says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation, and where it came from."""

    id: str
    messages: tuple[dict[str, str], ...]
    unmask: bool
    """Whether the loss is over all turns but the system's, instead of the assistant's alone."""
    leaf: str = ""
    """Path of its leaf; empty for rows from elsewhere."""
    leaf_digest: str = ""
    kind: str = ""
    """`knowledge`, `foundational` or `compositional`."""
    form: str = ""
    """`short` or `long` for knowledge."""
    use: str = ""
    """What kind of row it is, as the dataset's manifest counts them."""


@dataclass
class Rows:
    """What was read, and what could not be."""

    rows: list[Row] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)
    """Where, and what is wrong."""


def read_dataset(folder: Path) -> Rows:
    """All rows of a dataset, closed questions included. Raises InputError, DamagedDataset."""
    manifest = verify_files(folder)
    samples = pq.read_table(
        folder / SAMPLES_FILE,
        columns=["id", "leaf", "leaf_kind", "leaf_digest", "question", "answer", "form"],
    ).to_pylist()
    forms = {(row["leaf"], row["id"]): row["form"] or "" for row in samples}
    found = Rows()
    for name, knowledge in ((KNOWLEDGE_FILE, "p07"), (SKILLS_FILE, "p10")):
        for record in _read_lines(folder / name, found):
            found.rows.append(_of_dataset(record, knowledge, forms))
    found.rows += _closed(samples, manifest)
    return found


def read_external(path: Path, name: str) -> Rows:
    """All rows of a file from elsewhere. Raises InputError where it cannot be read."""
    found = Rows()
    for record in _read_lines(path, found, name):
        found.rows.append(_row(record))
    return found


def _read_lines(path: Path, found: Rows, name: str = "") -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    # Not read by json itself: it lets halves of characters through.
                    record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
                    _check(record)
                except (ValueError, RecursionError, Malformed) as error:
                    found.malformed.append(f"{name or path.name}:{number}: {str(error)[:_SHOWN]}")
                else:
                    yield record
    except OSError as error:
        raise InputError(f"{name or path} cannot be read: {error.strerror or error}") from error


def _check(record: Any) -> None:
    """Refuse what is no record. Raises Malformed."""
    if not isinstance(record, dict):
        raise Malformed("it is no JSON object")
    messages = record.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Malformed("it has no `messages`")
    for number, message in enumerate(messages, 1):
        _check_message(message, number)
    if not any(message["role"] == "assistant" for message in messages):
        raise Malformed("no message is the assistant's")
    if not isinstance(record.get("unmask") or False, bool):
        raise Malformed("`unmask` is neither true nor false")
    if not is_whole(f"{record.get('id', '')}{record.get('metadata', '')}"):
        raise Malformed(f"its `id` or `metadata` {_HALF}")


def _check_message(message: Any, number: int) -> None:
    if not isinstance(message, dict) or not isinstance(message.get("content"), str):
        raise Malformed(f"message {number} has no text as its `content`")
    if message.get("role") not in _ROLES:
        raise Malformed(f"message {number} has the role {message.get('role')!r}")
    # One that is null is none: so writes whoever writes all rows with the same keys.
    thoughts = [message[name] for name in THOUGHTS if message.get(name) is not None]
    if not all(isinstance(thought, str) for thought in thoughts):
        raise Malformed(f"message {number} has a thought that is no text")
    if not all(map(is_whole, (message["content"], *thoughts))):
        raise Malformed(f"message {number} {_HALF}")


def is_whole(text: str) -> bool:
    """Whether a text can be written: halves of characters cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(record: dict[str, Any], **more: str) -> Row:
    names = ("role", "content", *THOUGHTS)
    messages = tuple(
        {name: message[name] for name in names if message.get(name) is not None}
        for message in record["messages"]
    )
    return Row(str(record.get("id", "")), messages, record.get("unmask") or False, **more)


def _of_dataset(record: dict[str, Any], knowledge: str, forms: dict[tuple[str, str], str]) -> Row:
    about = _about(record)
    leaf, node = str(about.get("leaf", "")), str(about.get("leaf_node_type", ""))
    kind = group_of(leaf, node)
    shown = str(about.get("dataset", ""))
    if kind != Kind.KNOWLEDGE:
        use = "skill"
    elif "raft" in shown:
        use = f"{knowledge}_raft"
    else:
        use = f"{knowledge}_qa" if "sample" in about else f"{knowledge}_auxiliary"
    # Retellings are of a passage's length.
    form = forms.get((leaf, str(about.get("sample", ""))), "long" if kind == Kind.KNOWLEDGE else "")
    digest = str(about.get("leaf_digest", ""))
    return _row(record, leaf=leaf, leaf_digest=digest, kind=kind, form=form, use=use)


def _about(record: dict[str, Any]) -> dict[str, Any]:
    try:
        about = json.loads(record.get("metadata", "{}"))
    except (TypeError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) and is_whole(json.dumps(about, ensure_ascii=False)) else {}


def group_of(leaf: str, node: str) -> str:
    """Which leaves it belongs to, as recipes select them; `node` is the kind of the leaf."""
    if node == Kind.KNOWLEDGE:
        return Kind.KNOWLEDGE
    return "foundational" if leaf.startswith("foundational_skills/") else "compositional"


def _closed(samples: list[dict[str, Any]], manifest: Manifest) -> Iterator[Row]:
    """Each knowledge question without its passage."""
    system = str(manifest.recipe.get("system_prompt", ""))
    before = ({"role": "system", "content": system},) if system.strip() else ()
    for sample in samples:
        if sample["leaf_kind"] != Kind.KNOWLEDGE:
            continue
        user = {"role": "user", "content": sample["question"]}
        messages = (*before, user, {"role": "assistant", "content": sample["answer"]})
        yield Row(
            id=f"{sample['id']}/closed",
            messages=messages,
            unmask=False,
            leaf=sample["leaf"],
            leaf_digest=sample["leaf_digest"] or "",
            kind=Kind.KNOWLEDGE,
            form=sample["form"] or "",
            use="closed_qa",
        )
