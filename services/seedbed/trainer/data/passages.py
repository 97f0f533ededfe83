"""The passages of a dataset as texts, and what they were retold as: rows for continued pretraining.

They are made when a dataset is read, out of the pedigree of its candidates, so that no file holds them twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet as pq

from seedbed.dataset.manifest import CANDIDATES_FILE, SAMPLES_FILE
from seedbed.pipeline.kinds import Kind
from seedbed.trainer.data.rows import Row

_KEYS = ("leaf", "leaf_digest", "document", "chunk_start", "headings")
_COLUMNS = ["leaf_kind", "chunk", *_KEYS]


@dataclass(frozen=True, slots=True, order=True)
class _Passage:
    """One chunk of one leaf, where it stands, and the headings above it."""

    leaf: str
    document: str
    start: int
    chunk: str
    headings: tuple[str, ...]
    leaf_digest: str


@dataclass(slots=True)
class Passages:
    """The different passages of each leaf that anything in the dataset was made of."""

    _found: dict[tuple[str, str], _Passage] = field(default_factory=dict)
    """By leaf and text."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Those of all candidates, the accepted ones and the others."""
        found = cls()
        for name in (SAMPLES_FILE, CANDIDATES_FILE):
            # Many candidates are of one passage: of a large dataset they are never all in memory.
            for batch in pq.ParquetFile(folder / name).iter_batches(columns=_COLUMNS):
                for row in batch.to_pylist():
                    if row["leaf_kind"] == Kind.KNOWLEDGE and row["chunk"]:
                        found._note(_passage(**row))
        return found

    def add(self, text: str, about: dict[str, Any]) -> None:
        """Take in a passage that the dataset has as such, by what is said about it."""
        known: dict[str, Any] = {name: about.get(name) for name in _KEYS}
        self._note(_passage(chunk=text, **known))

    def retelling(self, row: Row, chunk: str) -> Row:
        """What a passage was retold as, out of the row that asks for it; the passage is noted as well."""
        if chunk:
            self._note(_Passage(row.leaf, "", 0, chunk, (), row.leaf_digest))
        known = self._found.get((row.leaf, chunk))
        text = row.messages[-1]["content"]
        return _row(
            f"{row.id}/text",
            row.leaf,
            row.leaf_digest,
            "retelling_text",
            known.headings if known else (),
            text,
        )

    def rows(self) -> Iterator[Row]:
        """All passages, in the order of the documents."""
        for one in sorted(self._found.values()):
            name = f"{one.leaf}/{one.document}@{one.start}"
            yield _row(name, one.leaf, one.leaf_digest, "document_text", one.headings, one.chunk)

    def _note(self, passage: _Passage) -> None:
        self._found.setdefault((passage.leaf, passage.chunk), passage)


def _passage(
    leaf: str | None,
    leaf_digest: str | None,
    document: str | None,
    chunk: str,
    chunk_start: int | None,
    headings: Sequence[str] | None,
    **_: str,
) -> _Passage:
    return _Passage(
        leaf or "", document or "", chunk_start or 0, chunk, tuple(headings or ()), leaf_digest or ""
    )


def _row(name: str, leaf: str, leaf_digest: str, use: str, headings: Sequence[str], text: str) -> Row:
    """A text below its headings, the outermost first."""
    return Row(
        id=name,
        messages=(),
        unmask=False,
        leaf=leaf,
        leaf_digest=leaf_digest,
        kind=Kind.KNOWLEDGE,
        use=use,
        text="\n".join([*headings, "", text]) if headings else text,
    )
