"""Footnotes and endnotes of a DOCX: numbered as they are met, and read once each."""

from dataclasses import dataclass

from seedbed.knowledge.documents.numerals import write_numeral

from .package import Element, attribute, name

_SEPARATORS = ("separator", "continuationSeparator", "continuationNotice")


@dataclass(frozen=True, slots=True)
class Note:
    """A note that a text refers to."""

    label: str
    content: Element


class Notes:
    """Footnotes and endnotes, numbered apart, each in the order of its first mark."""

    def __init__(self, footnotes: Element | None, endnotes: Element | None) -> None:
        self._contents = {
            **_read(footnotes, "w:footnote", "w:footnoteReference"),
            **_read(endnotes, "w:endnote", "w:endnoteReference"),
        }
        self._labels: dict[tuple[str, str], str] = {}
        self._counts = {"w:footnoteReference": 0, "w:endnoteReference": 0}
        self._due: list[Note] = []

    def refer(self, mark: Element) -> str:
        """What stands in the text for a mark; the note is due after it."""
        kind = name(mark)
        key = (kind, attribute(mark, "id"))
        content = self._contents.get(key)
        if content is None:
            return ""
        if key not in self._labels:
            self._counts[kind] += 1
            form = "decimal" if kind == "w:footnoteReference" else "lowerRoman"
            self._labels[key] = write_numeral(self._counts[kind], form)
            self._due.append(Note(self._labels[key], content))
        return f"[^{self._labels[key]}]"

    def take_due(self) -> list[Note]:
        """The notes referred to since the last call."""
        due, self._due = self._due, []
        return due


def _read(root: Element | None, wanted: str, reference: str) -> dict[tuple[str, str], Element]:
    return {
        (reference, attribute(note, "id")): note
        for note in (root if root is not None else ())
        if name(note) == wanted and attribute(note, "type", "normal") not in _SEPARATORS
    }
