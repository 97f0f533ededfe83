"""The styles of a DOCX: what they say of headings, lists, and raised, lowered, hidden or struck-out text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from seedbed.knowledge.documents.superscripts import Level

from .package import Element, attribute, child, is_on, name, number, value

# Every style rests on another; so many steps are followed.
_LONGEST_CHAIN = 20
_HEADING = re.compile(r"heading\s*([1-9])", re.IGNORECASE)
_BODY_LEVEL = 9
# In half points: less is for looks.
_SHIFT = 4
_ALIGNED = {"superscript": Level.RAISED, "subscript": Level.LOWERED, "baseline": Level.BASE}


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says, with all that it rests on; None where it says nothing."""

    name: str = ""
    heading: int | None = None
    """0 for the title."""
    list_id: str | None = None
    list_level: int | None = None
    hidden: bool | None = None
    struck: bool | None = None
    level: Level | None = None


class Styles:
    """The document's styles by their ids, each with what it takes over from the style it is based on."""

    def __init__(self, root: Element | None) -> None:
        self._elements: dict[str, Element] = {}
        self._known: dict[str, Style] = {}
        self.default = ""
        """The style of paragraphs that name none."""
        for element in root if root is not None else ():
            if name(element) != "w:style":
                continue
            key = attribute(element, "styleId")
            self._elements.setdefault(key, element)
            if attribute(element, "type") == "paragraph" and attribute(element, "default") in ("1", "true"):
                self.default = key

    def get(self, key: str) -> Style:
        """A style by its id; one that says nothing where there is none."""
        if key not in self._known:
            self._known[key] = self._read(key)
        return self._known[key]

    def _read(self, key: str) -> Style:
        chain = list(self._chain(key))
        list_id, list_level = None, None
        for element in chain:
            numbering = child(child(element, "w:pPr"), "w:numPr")
            if list_id is None and child(numbering, "w:numId") is not None:
                list_id = value(numbering, "w:numId")
            if list_level is None and child(numbering, "w:ilvl") is not None:
                list_level = number(value(numbering, "w:ilvl"))
        runs = [child(element, "w:rPr") for element in chain]
        return Style(
            name=value(chain[0], "w:name") if chain else "",
            heading=_heading(chain),
            list_id=list_id,
            list_level=list_level,
            hidden=next((hidden for run in runs if (hidden := hidden_of(run)) is not None), None),
            struck=next((struck for run in runs if (struck := struck_of(run)) is not None), None),
            level=next((level for run in runs if (level := level_of(run)) is not None), None),
        )

    def _chain(self, key: str) -> Iterator[Element]:
        """A style and those that it rests on."""
        for _ in range(_LONGEST_CHAIN):
            element = self._elements.get(key)
            if element is None:
                return
            yield element
            key = value(element, "w:basedOn")


def _heading(chain: list[Element]) -> int | None:
    for element in chain:
        title = value(element, "w:name")
        if title.casefold() == "title":
            return 0
        if match := _HEADING.fullmatch(title):
            return int(match[1])
        # Styles of one's own carry their level here.
        found = outline_of(child(element, "w:pPr"))
        if found is not None:
            return found or None
    return None


def outline_of(properties: Element | None) -> int | None:
    """The heading level that a paragraph's properties give: 0 for body text, None where they say nothing."""
    level = child(properties, "w:outlineLvl")
    if level is None:
        return None
    found = number(attribute(level, "val"), _BODY_LEVEL)
    return found + 1 if 0 <= found < _BODY_LEVEL else 0


def hidden_of(properties: Element | None) -> bool | None:
    """Whether a run's properties hide it; None where they say nothing."""
    vanish = child(properties, "w:vanish")
    return None if vanish is None else is_on(vanish)


def struck_of(properties: Element | None) -> bool | None:
    """Whether a run's properties strike it out; None where they say nothing."""
    marks = [mark for kind in ("w:strike", "w:dstrike") if (mark := child(properties, kind)) is not None]
    return any(map(is_on, marks)) if marks else None


def level_of(properties: Element | None) -> Level | None:
    """Whether a run's properties raise or lower it; None where they say nothing."""
    aligned = _ALIGNED.get(value(properties, "w:vertAlign"))
    if aligned is not None:
        return aligned
    shift = number(value(properties, "w:position"))
    if abs(shift) < _SHIFT:
        return None
    return Level.RAISED if shift > 0 else Level.LOWERED
