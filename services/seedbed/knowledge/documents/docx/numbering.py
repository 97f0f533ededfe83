"""The numbers that a DOCX shows before its paragraphs: counted here, as no paragraph holds its own."""

from dataclasses import dataclass, field

from seedbed.knowledge.documents.numerals import write_numeral

from .package import Element, attribute, child, is_on, name, number, value

LEVELS = 9
_BULLETS = ("bullet", "none")


@dataclass(slots=True)
class _Level:
    """One level of a list, as its definition says."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    restart: int | None = None
    """After which level it begins anew, counted from 1; 0 for never, None for any above."""
    legal: bool = False
    style: str = ""


@dataclass(slots=True)
class _List:
    """A list that paragraphs point at."""

    definition: str
    levels: dict[int, _Level]
    begins: dict[int, int] = field(default_factory=dict)
    """Where levels of this list begin, though others of its definition went on before."""


class Numbering:
    """Labels of paragraphs, in their order."""

    def __init__(self, root: Element | None) -> None:
        self._definitions: dict[str, Element] = {}
        self._by_style_link: dict[str, Element] = {}
        self._elements: dict[str, Element] = {}
        self._lists: dict[str, _List | None] = {}
        self._counters: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()
        for element in root if root is not None else ():
            if name(element) == "w:abstractNum":
                self._definitions[attribute(element, "abstractNumId")] = element
                if link := value(element, "w:styleLink"):
                    self._by_style_link[link] = element
            elif name(element) == "w:num":
                self._elements[attribute(element, "numId")] = element

    def level_of_style(self, list_id: str, style: str) -> int:
        """The level that a list gives to paragraphs of a style."""
        found = self._get(list_id)
        levels = found.levels if found else {}
        return next((level for level, one in levels.items() if one.style == style), 0)

    def next_label(self, list_id: str, level: int) -> str | None:
        """The label of the next paragraph in a list: "" for a bullet, None where there is no such list."""
        found = self._get(list_id)
        if found is None:
            return None
        level = min(max(level, 0), LEVELS - 1)
        counters = self._count(list_id, found, level)
        own = found.levels.get(level, _Level())
        return "" if own.form in _BULLETS and "%" not in own.text else _write(found, own, counters)

    def _count(self, list_id: str, found: _List, level: int) -> list[int | None]:
        counters = self._counters.setdefault(found.definition, [None] * LEVELS)
        own = found.levels.get(level, _Level())
        before = counters[level]
        if level in found.begins and (list_id, level) not in self._begun:
            self._begun.add((list_id, level))
            counters[level] = found.begins[level]
        else:
            counters[level] = own.start if before is None else before + 1
        for deeper in range(level + 1, LEVELS):
            restart = found.levels.get(deeper, _Level()).restart
            if restart is None or level < restart:
                counters[deeper] = None
        return counters

    def _get(self, list_id: str) -> _List | None:
        if list_id not in self._lists:
            self._lists[list_id] = self._read(list_id)
        return self._lists[list_id]

    def _read(self, list_id: str) -> _List | None:
        element = self._elements.get(list_id)
        definition = self._definitions.get(value(element, "w:abstractNumId"))
        if element is None or definition is None:
            return None
        # A definition may stand for that of a list style.
        definition = self._by_style_link.get(value(definition, "w:numStyleLink"), definition)
        levels = dict(_levels(definition))
        found = _List(attribute(definition, "abstractNumId"), levels)
        for override in element:
            if name(override) == "w:lvlOverride":
                level = number(attribute(override, "ilvl"))
                found.levels |= dict(_levels(override))
                if child(override, "w:startOverride") is not None:
                    found.begins[level] = number(value(override, "w:startOverride"), 1)
        return found


def _levels(parent: Element) -> list[tuple[int, _Level]]:
    return [
        (number(attribute(element, "ilvl")), _read_level(element))
        for element in parent
        if name(element) == "w:lvl"
    ]


def _read_level(element: Element) -> _Level:
    restart = child(element, "w:lvlRestart")
    return _Level(
        start=number(value(element, "w:start"), 1),
        form=value(element, "w:numFmt", "decimal"),
        text=value(element, "w:lvlText"),
        restart=None if restart is None else number(attribute(restart, "val")),
        legal=is_on(child(element, "w:isLgl")),
        style=value(element, "w:pStyle"),
    )


def _write(found: _List, own: _Level, counters: list[int | None]) -> str:
    label = own.text
    for level in range(LEVELS):
        place = f"%{level + 1}"
        if place in label:
            above, counted = found.levels.get(level, _Level()), counters[level]
            form = "decimal" if own.legal else above.form
            # One that was skipped shows where it would begin.
            label = label.replace(place, write_numeral(above.start if counted is None else counted, form))
    return " ".join(label.split())
