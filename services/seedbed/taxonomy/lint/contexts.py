"""Whether the contexts of seed examples stand in the documents of their leaf, markup and white space aside.

It knows no format: whoever lints gives what reads a document. Plain text is read here.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from seedbed.kernel.errors import SeedbedError
from seedbed.pipeline.folding import Folded, fold
from seedbed.pipeline.language import STOPS
from seedbed.pipeline.quotes import find_quote
from seedbed.taxonomy.lint.check import LeafFile
from seedbed.taxonomy.lint.findings import Place, warning
from seedbed.taxonomy.lint.placeholders import find_placeholder
from seedbed.taxonomy.lint.seeds import mappings, shown
from seedbed.taxonomy.trees.tree import Tree
from seedbed.taxonomy.v1.leaf_pb2 import Document
from seedbed.taxonomy.v1.taxonomy_service_pb2 import Finding

_PLAIN = ("text/markdown", "text/plain")
# Beyond this a lint would take minutes.
_LONGEST = 5_000_000
# Marks of tables and of what is raised, which one copies and another does not.
_MARKS = re.compile(r"(?<!\S)\|?(?:\s*:?-{3,}:?\s*\|?)+(?!\S)|[|^{}]|_(?=\{)")
_DASHES = {ord(dash): "-" for dash in "\u2010\u2011\u2012\u2013\u2014\u2212"}
# At the ends of sentences, some of which need no space.
_PARTS = re.compile(rf"(?<=[{STOPS}])(?![{STOPS}])\s*|(?<=[.!?\u06d4])\s+|\n+")
_LETTERS = 12
_MOST_CONTEXTS, _MOST_PARTS = 1000, 100


@dataclass(frozen=True)
class Found:
    """A document, and where its bytes are."""

    document: Document
    tree: Tree
    path: str


@dataclass(frozen=True, slots=True)
class Text:
    """What a document says, and notes on what of it could not be read."""

    text: str
    notes: Sequence[str] = ()


ReadDocument = Callable[[Document, bytes], Text | None]
"""Reads a document; None for a kind it does not read. Raises SeedbedError where it cannot be read."""


def read_plain(document: Document, content: bytes) -> Text | None:
    """The text of a document that is one already."""
    if document.media_type not in _PLAIN:
        return None
    return Text(content.decode("utf-8", "replace"))


@dataclass
class LookUp:
    """What came of looking contexts up: findings, and notes on where they were not looked up."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look_up(leaf: LeafFile, found: Sequence[Found], read: ReadDocument) -> LookUp:
    """Look for every context of a leaf in its documents."""
    result = LookUp()
    texts: list[tuple[str, Folded]] = []
    for each in found:
        text = _read(leaf, each, read, result)
        if text is not None:
            texts.append((text, fold(text)))
    # In a document that was not read it may stand.
    if found and len(texts) == len(found):
        result.findings += _missing(leaf, [each.document.path for each in found], texts)
    return result


def _read(leaf: LeafFile, found: Found, read: ReadDocument, result: LookUp) -> str | None:
    document = found.document
    place = leaf.parsed.place(("document", "patterns"))
    try:
        text = read(document, found.tree.read(found.path))
    except SeedbedError as broken:
        result.findings.append(warning(leaf.file, place, "document", broken.message))
        return None
    if text is None or len(text.text) > _LONGEST:
        why = "is not read here" if text is None else f"has more than {_LONGEST:,} characters"
        result.notes.append(f"{leaf.file}: contexts were not looked up, as `{document.path}` {why}")
        return None
    for note in text.notes:
        result.findings.append(warning(leaf.file, place, "document", f"{document.path}: {note}"))
    return _without_marks(text.text)


def _missing(leaf: LeafFile, names: list[str], texts: list[tuple[str, Folded]]) -> Iterator[Finding]:
    where = f"`{names[0]}`" if len(names) == 1 else f"any of the {len(names)} documents"
    for index, example in islice(mappings(leaf.data.get("seed_examples")), _MOST_CONTEXTS):
        context = example.get("context")
        if not isinstance(context, str) or not context.strip() or find_placeholder(context):
            continue
        if fault := _fault(_without_marks(context), texts):
            place: Place = leaf.parsed.place(("seed_examples", index, "context"))
            message = f"the context does not stand in {where}: {fault}"
            yield warning(leaf.file, place, "context-not-found", message)


def _fault(context: str, texts: list[tuple[str, Folded]]) -> str:
    """What of a context stands in none of the texts; "" where all of it does."""
    if _stands(context, texts):
        return ""
    parts = [part for part in _PARTS.split(context) if sum(map(str.isalnum, part)) >= _LETTERS][:_MOST_PARTS]
    missing = [part for part in parts if not _stands(part, texts)]
    if not parts:
        return "nothing like it is there"
    if len(parts) == 1:
        return "it is not there word for word"
    return (
        f"{len(missing)} of its {len(parts)} parts are not there, as `{shown(missing[0])}`" if missing else ""
    )


def _stands(words: str, texts: list[tuple[str, Folded]]) -> bool:
    plain = " ".join(words.split())
    return any(find_quote(words, text, folded) is not None or plain in folded.text for text, folded in texts)


def _without_marks(text: str) -> str:
    return _MARKS.sub(" ", text.translate(_DASHES))
