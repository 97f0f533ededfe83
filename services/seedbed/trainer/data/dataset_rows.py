"""The rows of a dataset: those in its files, and those that are made of its samples when it is read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from seedbed.dataset import verify_files
from seedbed.dataset.manifest import KNOWLEDGE_FILE, PASSAGES_FILE, SAMPLES_FILE, SKILLS_FILE, Manifest
from seedbed.pipeline.kinds import Kind
from seedbed.trainer.data.passages import Passages
from seedbed.trainer.data.rows import Row, Rows, is_whole, make_row, read_lines

_AUXILIARY = "p07_auxiliary"


def read_dataset(folder: Path) -> Rows:
    """All rows of a dataset, closed questions and texts included. Raises InputError, DamagedDataset."""
    manifest = verify_files(folder)
    samples = pq.read_table(
        folder / SAMPLES_FILE,
        columns=["id", "leaf", "leaf_kind", "leaf_digest", "question", "answer", "form"],
    ).to_pylist()
    forms = {(row["leaf"], row["id"]): row["form"] or "" for row in samples}
    found = Rows()
    passages = _read_passages(folder, manifest, found)
    retellings = []
    for name, knowledge in ((KNOWLEDGE_FILE, "p07"), (SKILLS_FILE, "p10")):
        for record in read_lines(folder / name, found):
            row = _of_dataset(record, knowledge, forms)
            found.rows.append(row)
            if row.use == _AUXILIARY:
                retellings.append(passages.retelling(row, str(_about(record).get("raw_document", ""))))
    found.rows += [*_closed(samples, manifest), *passages.rows(), *retellings]
    return found


def _read_passages(folder: Path, manifest: Manifest, found: Rows) -> Passages:
    """The dataset's passages: all, where its run kept them, and else those that anything was made of."""
    passages = Passages.read(folder)
    if any(file.name == PASSAGES_FILE for file in manifest.files):
        for record in read_lines(folder / PASSAGES_FILE, found):
            passages.add(record["text"], _about(record))
    return passages


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
    return make_row(record, leaf=leaf, leaf_digest=digest, kind=kind, form=form, use=use)


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
