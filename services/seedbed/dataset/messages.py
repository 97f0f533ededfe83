"""Training rows in upstream's record form: `id`, `messages`, `metadata` as a JSON string, `unmask`. Pure.

Passages have a `text` in place of messages, for continued pretraining, and a file of their own.

Knowledge goes out twice. p07 teaches the text itself (loss on the question, too); p10 has the same rows, and
asks again among other documents, with loss on the answer only. Skills are plain questions and answers.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from seedbed.dataset.augmentation_rows import choose_instruction
from seedbed.dataset.parts import LeafPart
from seedbed.dataset.raft import DOCUMENTS, GOLDEN_SHARE, ChunkShelf
from seedbed.kernel.identity import canonical_json
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.kinds.entry import Rows, RowUse
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Source

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "dataset.seedbed")
_GROUNDED_QA = "document_knowledge_qa"


@dataclass(frozen=True, slots=True)
class Row:
    """One training row; `use` names what it is counted as."""

    use: RowUse
    record: dict[str, Any]
    notes: tuple[str, ...] = ()


class RowWriter:
    """Makes the rows of one leaf. `system` is the system message; empty for none."""

    def __init__(self, leaf: LeafPart, system: str) -> None:
        self._leaf = leaf
        self._system = system
        self._about = _describe_leaf(leaf)
        self._kind = kind_of(leaf.part.kind)

    def knowledge_rows(self) -> Iterator[Row]:
        """The rows of `knowledge_train_msgs.jsonl` (p07)."""
        return self._rows(self._kind.knowledge_rows)

    def skills_rows(self) -> Iterator[Row]:
        """The rows of `skills_train_msgs.jsonl`: skills, or knowledge as p10."""
        return self._rows(self._kind.skills_rows)

    def passages(self) -> Iterator[dict[str, Any]]:
        """The records of `passages.jsonl`: the leaf's passages, in the order of its documents."""
        ordered = sorted(self._leaf.passages, key=lambda one: (one.source.document, one.source.chunk_start))
        for one in ordered:
            source = one.source
            metadata = {
                **self._about,
                "document": source.document,
                "chunk_start": source.chunk_start,
                "headings": list(source.headings),
            }
            yield {
                "id": str(uuid.uuid5(_NAMESPACE, f"{self._leaf.part.path}\n{one.id}\npassage")),
                "text": source.chunk,
                "metadata": canonical_json(metadata).decode(),
            }

    def _rows(self, wanted: Rows) -> Iterator[Row]:
        if wanted.samples:
            for sample in self._leaf.samples:
                yield from (self._of_sample(sample, use) for use in wanted.samples)
        if wanted.augmentations:
            for one in self._leaf.augmentations:
                yield from (self._auxiliary(one, use) for use in wanted.augmentations)

    def _of_sample(self, sample: Candidate, use: RowUse) -> Row:
        match use:
            case "skill":
                return self._skill(sample)
            case "p10_raft":
                return self._raft(sample)
        return self._qa(sample, use)

    @cached_property
    def _shelf(self) -> ChunkShelf:
        return ChunkShelf(self._leaf.survey.chunks)

    def _qa(self, sample: Candidate, use: RowUse) -> Row:
        document = sample.source.augmented or sample.source.chunk
        user = f"{document}\n\n{sample.question}"
        metadata = _describe_knowledge(sample.source, sample.domain, document, _GROUNDED_QA)
        return self._row(use, sample.id, user, sample.answer, metadata, unmask=True)

    def _raft(self, sample: Candidate) -> Row:
        # The chunk, not an augmentation of it: among chunks, a summary would give itself away.
        chunk = sample.source.chunk
        context = self._shelf.draw(sample.id, chunk)
        metadata = {
            **_describe_knowledge(
                sample.source, sample.domain, chunk, f"{_GROUNDED_QA}_raft_p{GOLDEN_SHARE}"
            ),
            "raft_documents": len(context.documents),
            "raft_golden": context.golden,
        }
        notes = ("raft_golden",) * context.golden + ("raft_few",) * (len(context.documents) < DOCUMENTS)
        user = f"{context.text}\n\n{sample.question}"
        return self._row("p10_raft", sample.id, user, sample.answer, metadata, unmask=False, notes=notes)

    def _skill(self, sample: Candidate) -> Row:
        user = f"{sample.context}\n\n{sample.question}" if sample.context.strip() else sample.question
        metadata = {"task_description": sample.task_description}
        return self._row("skill", sample.id, user, sample.answer, metadata, unmask=False)

    def _auxiliary(self, one: Augmentation, use: RowUse) -> Row:
        chunk = one.source.chunk
        user = f"{chunk}\n\n{choose_instruction(one.augmentation, chunk, one.id)}"
        domain = self._leaf.survey.domain
        metadata = {
            **_describe_knowledge(one.source, domain, one.text, f"document_{one.augmentation}"),
            "raw_document": chunk,
            "dataset_type": one.augmentation,
        }
        return self._row(use, one.id, user, one.text, metadata, unmask=use == "p07_auxiliary")

    def _row(
        self,
        use: RowUse,
        origin: str,
        user: str,
        assistant: str,
        metadata: dict[str, Any],
        *,
        unmask: bool,
        notes: tuple[str, ...] = (),
    ) -> Row:
        messages = [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
        if self._system.strip():
            messages.insert(0, {"role": "system", "content": self._system})
        origin_key = "augmentation" if use.endswith("auxiliary") else "sample"
        record = {
            # The path is in it because two leaves may hold the same sample.
            "id": str(uuid.uuid5(_NAMESPACE, f"{self._leaf.part.path}\n{origin}\n{use}")),
            "messages": messages,
            "metadata": canonical_json({**metadata, **self._about, origin_key: origin}).decode(),
            "unmask": unmask,
        }
        return Row(use, record, notes)


def _describe_leaf(leaf: LeafPart) -> dict[str, str]:
    return {
        "leaf": leaf.part.path,
        "leaf_node_type": leaf.part.kind,
        "leaf_digest": leaf.part.leaf_digest,
        "leaf_commit": leaf.survey.commit,
    }


def _describe_knowledge(source: Source, domain: str, document: str, dataset: str) -> dict[str, Any]:
    metadata = {"sdg_document": document, "domain": domain, "dataset": dataset}
    if source.augmentation:
        metadata |= {"raw_document": source.chunk, "dataset_type": source.augmentation}
    return metadata
