"""Candidates as Parquet: one row each, with the whole pedigree in columns.

What does not apply is null. Nothing that differs between two writings of the same rows is in the file.
"""

from contextlib import suppress
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.bus.v1.bus_pb2 import Outcome
from seedbed.dataset.documents import hide_sign_in
from seedbed.pipeline.kinds import step_of
from seedbed.runs.v1.candidate_pb2 import Candidate, Making, Source

_BATCH = 1000

_TEXT, _COUNT = pa.string(), pa.uint32()
_STEP = {
    "step": _TEXT,
    "version": _COUNT,
    "prompt": _TEXT,
    "model": _TEXT,
    "temperature": pa.float64(),
    "top_p": pa.float64(),
    "max_tokens": _COUNT,
    "item": _TEXT,
}
_SCORE = pa.struct({"name": _TEXT, "value": _COUNT})
_MAKING = pa.struct({**_STEP, "outcome": _TEXT, "explanation": _TEXT})
_VERDICT = pa.struct(
    {**_STEP, "outcome": _TEXT, "scores": pa.list_(_SCORE), "explanation": _TEXT, "evidence": _TEXT}
)
_LEAF = {
    "id": _TEXT,
    "leaf": _TEXT,
    "leaf_kind": _TEXT,
    "leaf_branch": _TEXT,
    "leaf_digest": _TEXT,
    "leaf_commit": _TEXT,
    "draw": _COUNT,
    "round": _COUNT,
    "question": _TEXT,
    "answer": _TEXT,
    "context": _TEXT,
    "form": _TEXT,
    "task_description": _TEXT,
    "domain": _TEXT,
    "document_outline": _TEXT,
    "seed_index": _COUNT,
    "seed_digest": _TEXT,
}
_SOURCE = {
    "document": _TEXT,
    "document_blob": _TEXT,
    "document_repo": _TEXT,
    "document_commit": _TEXT,
    "document_attribution": _TEXT,
    "document_converter": _TEXT,
    "document_text": _TEXT,
    "chunk": _TEXT,
    "chunk_start": _COUNT,
    "chunk_end": _COUNT,
    "chunk_head_start": _COUNT,
    "chunk_head_end": _COUNT,
    "page": _COUNT,
    "headings": pa.list_(_TEXT),
    "augmentation": _TEXT,
    "augmented": _TEXT,
    "evidence_start": _COUNT,
    "evidence_end": _COUNT,
}
_MAKINGS = {
    **{f"teacher_{name}": kind for name, kind in _STEP.items()},
    "makings": pa.list_(_MAKING),
    "verdicts": pa.list_(_VERDICT),
}
_END = {"end": _TEXT, "reason": _TEXT, "duplicate_of": _TEXT}

SAMPLES = pa.schema({**_LEAF, **_SOURCE, **_MAKINGS})
CANDIDATES = pa.schema({**_END, **_LEAF, **_SOURCE, **_MAKINGS})


class Table:
    """A Parquet file being written; rows wait until a batch is full, as many small ones make a large file."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        self._waiting: list[dict[str, Any]] = []
        self._writer = pq.ParquetWriter(file, schema, version="2.6", compression="zstd", compression_level=3)
        self.rows = 0

    def add(self, candidate: Candidate) -> None:
        """Write a candidate after those before it."""
        self._waiting.append(describe_candidate(candidate))
        if len(self._waiting) == _BATCH:
            self._flush()
        self.rows += 1

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting.clear()

    def close(self) -> None:
        """Write what waits and the footer; without it the file cannot be read."""
        if self._waiting:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Let go of a file that nobody will read; does nothing to one that is closed."""
        with suppress(OSError):
            self._writer.close()


def describe_candidate(candidate: Candidate) -> dict[str, Any]:
    """A candidate as a flat row; columns a table does not have are left out by its schema."""
    judged = [making for making in candidate.makings if _weighs(making)]
    made = [making for making in candidate.makings if not _weighs(making)]
    taught = next((making for making in reversed(made) if making.spec.model), None)
    teacher = _describe_step(taught) if taught else {}
    return {
        "id": candidate.id,
        "leaf": candidate.path,
        "leaf_kind": candidate.kind,
        "leaf_branch": candidate.branch or None,
        "leaf_digest": candidate.leaf_digest,
        "leaf_commit": candidate.leaf_commit or None,
        "draw": candidate.draw,
        "round": candidate.round,
        "end": candidate.end,
        "reason": candidate.reason or None,
        "duplicate_of": candidate.duplicate_of or None,
        "question": candidate.question,
        "answer": candidate.answer or None,
        "context": candidate.context or None,
        "form": candidate.form or None,
        "task_description": candidate.task_description or None,
        "domain": candidate.domain or None,
        "document_outline": candidate.document_outline or None,
        "seed_index": candidate.seed_index,
        "seed_digest": candidate.seed_digest,
        **(_describe_source(candidate.source) if candidate.HasField("source") else {}),
        **{f"teacher_{name}": value for name, value in teacher.items()},
        "makings": [_describe_making(making) for making in made],
        "verdicts": [_describe_verdict(making) for making in judged],
    }


def _weighs(making: Making) -> bool:
    return step_of(making.spec.step).gate is not None


def _describe_source(source: Source) -> dict[str, Any]:
    found = source.evidence_end > source.evidence_start
    return {
        "document": source.document,
        "document_blob": source.blob,
        "document_repo": hide_sign_in(source.repo) or None,
        "document_commit": source.commit or None,
        "document_attribution": source.attribution or None,
        "document_converter": source.converter,
        "document_text": source.text,
        "chunk": source.chunk,
        "chunk_start": source.chunk_start,
        "chunk_end": source.chunk_end,
        "chunk_head_start": source.head_start if source.head_end else None,
        "chunk_head_end": source.head_end or None,
        "page": source.page or None,
        "headings": list(source.headings),
        "augmentation": source.augmentation or None,
        "augmented": source.augmented or None,
        "evidence_start": source.evidence_start if found else None,
        "evidence_end": source.evidence_end if found else None,
    }


def _describe_step(making: Making) -> dict[str, Any]:
    spec = making.spec
    asked = spec.HasField("sampling")
    return {
        "step": spec.step,
        "version": spec.version,
        "prompt": spec.prompt or None,
        "model": spec.model or None,
        "temperature": spec.sampling.temperature if asked else None,
        "top_p": spec.sampling.top_p if asked else None,
        "max_tokens": spec.sampling.max_tokens if asked else None,
        "item": making.digest,
    }


def _describe_making(making: Making) -> dict[str, Any]:
    outcome = Outcome.Name(making.outcome).removeprefix("OUTCOME_").lower()
    return {**_describe_step(making), "outcome": outcome, "explanation": making.explanation or None}


def _describe_verdict(making: Making) -> dict[str, Any]:
    return {
        **_describe_making(making),
        "scores": [{"name": score.name, "value": score.value} for score in making.scores],
        "evidence": making.evidence or None,
    }
