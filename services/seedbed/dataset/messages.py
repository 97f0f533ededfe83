"""Training rows in upstream's record form: `id`, `messages`, `metadata` as a JSON string, `unmask`. Pure.

Knowledge goes out twice. p07 teaches the text itself (loss on the question, too); p10 has the same rows, and
asks again among other documents, with loss on the answer only. Skills are plain questions and answers.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seedbed.dataset.augmentation_rows import choose_instruction
from seedbed.dataset.parts import LeafPart
from seedbed.dataset.raft import DOCUMENTS, GOLDEN_SHARE, ChunkShelf
from seedbed.dataset.survey import KNOWLEDGE
from seedbed.kernel.identity import canonical_json
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Source

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "dataset.seedbed")
_GROUNDED_QA = "document_knowledge_qa"


@dataclass(frozen=True, slots=True)
class Row:
    """One training row; `use` names what it is counted as."""

    use: str
    record: dict[str, Any]
    notes: tuple[str, ...] = ()


class RowWriter:
    """Makes the rows of one leaf. `system` is the system message; empty for none."""

    def __init__(self, leaf: LeafPart, system: str) -> None:
        self._leaf = leaf
        self._system = system
        self._about = _describe_leaf(leaf)

    def knowledge_rows(self) -> Iterator[Row]:
        """The rows of `knowledge_train_msgs.jsonl` (p07)."""
        if self._leaf.part.kind == KNOWLEDGE:
            yield from (self._qa(sample, "p07_qa") for sample in self._leaf.samples)
            yield from (
                self._auxiliary(one, "p07_auxiliary", unmask=True) for one in self._leaf.augmentations
            )

    def skills_rows(self) -> Iterator[Row]:
        """The rows of `skills_train_msgs.jsonl`: skills, or knowledge as p10."""
        if self._leaf.part.kind != KNOWLEDGE:
            yield from (self._skill(sample) for sample in self._leaf.samples)
            return
        shelf = ChunkShelf(self._leaf.survey.chunks)
        for sample in self._leaf.samples:
            yield self._raft(sample, shelf)
            yield self._qa(sample, "p10_qa")
        yield from (self._auxiliary(one, "p10_auxiliary", unmask=False) for one in self._leaf.augmentations)

    def _qa(self, sample: Candidate, use: str) -> Row:
        document = sample.source.augmented or sample.source.chunk
        user = f"{document}\n\n{sample.question}"
        metadata = _describe_knowledge(sample.source, sample.domain, document, _GROUNDED_QA)
        return self._row(use, sample.id, user, sample.answer, metadata, unmask=True)

    def _raft(self, sample: Candidate, shelf: ChunkShelf) -> Row:
        # The chunk, not an augmentation of it: among chunks, a summary would give itself away.
        chunk = sample.source.chunk
        context = shelf.draw(sample.id, chunk)
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

    def _auxiliary(self, one: Augmentation, use: str, *, unmask: bool) -> Row:
        chunk = one.source.chunk
        user = f"{chunk}\n\n{choose_instruction(one.augmentation, chunk, one.id)}"
        domain = self._leaf.survey.domain
        metadata = {
            **_describe_knowledge(one.source, domain, one.text, f"document_{one.augmentation}"),
            "raw_document": chunk,
            "dataset_type": one.augmentation,
        }
        return self._row(use, one.id, user, one.text, metadata, unmask=unmask)

    def _row(
        self,
        use: str,
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
