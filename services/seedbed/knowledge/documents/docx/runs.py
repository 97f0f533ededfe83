"""The text of a DOCX's paragraphs as a reader sees it: runs, fields, symbols, equations, marks of notes.

What is tracked as inserted stays, what is tracked as deleted or is struck out goes; of two alternatives one
is taken. Text boxes are handed back, as their text is no part of the line; what is left out is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from seedbed.knowledge.documents import latex
from seedbed.knowledge.documents.superscripts import Level, Piece

from . import equations
from .fields import Fields
from .notes import Notes
from .package import Element, attribute, child, name, value
from .styles import Style, Styles, hidden_of, level_of, struck_of
from .symbols import read_private, sign

_DELETED = frozenset(("w:del", "w:moveFrom"))
_SKIPPED = frozenset(
    "w:pPr w:rPr w:sdtPr w:sdtEndPr w:smartTagPr w:customXmlPr w:tblPr w:trPr w:tcPr w:tblGrid w:instrText "
    "w:delText w:delInstrText w:fldData w:sectPr w:rt w:rubyPr ?:docPr ?:cNvPr".split()
)
_SIGNS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}
_DRAWINGS = ("w:drawing", "w:pict", "w:object")
_TEXT = ("w:t", "m:t", "w:txbxContent", "w:sym", "a:t")
_OBJECTS = {
    "pic:pic": "picture",
    "v:imagedata": "picture",
    "c:chart": "chart",
    "dgm:relIds": "diagram",
    "w:commentReference": "comment",
    "w:subDoc": "embedded document",
    "w:altChunk": "embedded document",
    "w:contentPart": "ink drawing",
}


class Runs:
    """Reads paragraphs in their order."""

    def __init__(self, root: Element, styles: Styles, notes: Notes, left_out: Counter[str]) -> None:
        self._styles = styles
        self._left_out = left_out
        self._fields = Fields(root)
        self._shapes: list[Iterable[Element]] = []
        self._writers: dict[str, Callable[[Element], str]] = {
            **dict.fromkeys(_SIGNS, lambda sign: _SIGNS[name(sign)]),
            **dict.fromkeys(_DRAWINGS, lambda drawing: "".join(self._drawn(drawing))),
            "w:sym": self._symbol,
            "w:footnoteReference": notes.refer,
            "w:endnoteReference": notes.refer,
        }

    def read(self, elements: Iterable[Element], style: str) -> list[Piece]:
        """The pieces of a line: of a paragraph of a style, which is its elements, or of a few of them."""
        return list(self._inside(elements, style))

    def take_shapes(self) -> list[Iterable[Element]]:
        """The blocks of the text boxes met since the last call, box by box."""
        shapes, self._shapes = self._shapes, []
        return shapes

    def skip(self, element: Element, what: str) -> None:
        """Note that an element was left out, if there was something in it."""
        if any(True for _ in _texts(element)):
            self._left_out[what] += 1

    def _inside(self, elements: Iterable[Element], style: str) -> Iterator[Piece]:
        for inner in elements:
            kind = name(inner)
            if kind in _SKIPPED:
                continue
            if kind in _DELETED:
                self.skip(inner, "tracked deletion")
            elif kind == "w:r":
                yield from self._run(inner, style)
            elif kind == "mc:AlternateContent":
                yield from self._inside(choose(inner), style)
            elif kind == "m:oMathPara":
                yield Piece("\n" + latex.display(equations.write(inner)) + "\n")
            elif kind == "m:oMath":
                yield Piece(latex.inline(equations.write(inner)))
            elif kind in ("w:p", "w:tbl"):
                self._shapes.append([inner])
            elif kind in _OBJECTS:
                self._left_out[_OBJECTS[kind]] += 1
            else:
                # Links, content controls, smart tags, insertions and whatever else only holds runs.
                yield from self._inside(inner, style)

    def _run(self, run: Element, style: str) -> Iterator[Piece]:
        properties = child(run, "w:rPr")
        own, around = self._styles.get(value(properties, "w:rStyle")), self._styles.get(style)
        shown = [piece for piece in self._run_content(run, style, properties) if piece.text]
        if what := _is_not_for_reading(properties, own, around):
            self._left_out[what] += any(piece.text.strip() for piece in shown)
            return
        level = level_of(properties) or own.level or around.level or Level.BASE
        for piece in shown:
            yield piece if piece.level is not Level.BASE else Piece(piece.text, level)

    def _run_content(self, run: Element, style: str, properties: Element | None) -> Iterator[Piece]:
        for inner in run:
            kind = name(inner)
            if kind == "w:fldChar":
                yield Piece(self._fields.take(inner))
            elif kind in _SKIPPED or not self._fields.showing:
                continue
            elif kind == "mc:AlternateContent":
                yield from self._run_content(choose(inner), style, properties)
            elif kind == "w:t":
                yield Piece(read_private(inner.text or "", _font(properties)))
            elif kind == "w:ruby":
                yield from self._ruby(inner, style)
            elif write := self._writers.get(kind):
                yield Piece(write(inner))
            elif kind in _OBJECTS:
                self._left_out[_OBJECTS[kind]] += 1
            else:
                yield from self._inside(inner, style)

    def _symbol(self, element: Element) -> str:
        place = attribute(element, "char")
        try:
            found = sign(attribute(element, "font"), int(place, 16))
        except ValueError:
            found = ""
        if not found:
            self._left_out["unknown symbol"] += 1
        return found

    def _ruby(self, element: Element, style: str) -> Iterator[Piece]:
        yield from self._inside(element, style)
        if (above := child(element, "w:rt")) is not None:
            reading = "".join(piece.text for piece in self._inside(above, style))
            yield Piece(f"({reading})" if reading.strip() else "")

    def _drawn(self, drawing: Element) -> Iterator[str]:
        """The text that a drawing itself shows; its text boxes are put aside."""
        for inner in drawing:
            kind = name(inner)
            if kind == "mc:AlternateContent":
                yield from self._drawn(choose(inner))
            elif kind == "w:txbxContent":
                self._shapes.append(inner)
            elif kind == "o:OLEObject":
                equation = attribute(inner, "ProgID").startswith("Equation")
                self._left_out["equation object" if equation else "embedded object"] += 1
            elif kind == "v:imagedata" and child(drawing.getparent(), "o:OLEObject") is not None:
                # The picture of the object, which is counted already.
                continue
            elif kind in _OBJECTS:
                self._left_out[_OBJECTS[kind]] += 1
            elif kind == "v:textpath":
                yield attribute(inner, "string")
            elif kind == "a:t":
                yield f"{inner.text or ''} "
            else:
                yield from self._drawn(inner)


def _is_not_for_reading(properties: Element | None, own: Style, around: Style) -> str:
    """What a run is that is hidden, or struck out: by itself, its style, or its paragraph's."""
    hidden, struck = hidden_of(properties), struck_of(properties)
    # A style's switch turns that of the style around it.
    if hidden is None:
        hidden = bool(own.hidden) != bool(around.hidden)
    if struck is None:
        struck = bool(own.struck) != bool(around.struck)
    return "hidden passage" if hidden else "struck-out passage" if struck else ""


def choose(alternatives: Element) -> Element:
    """The one of two alternatives that is read: the newer form, unless only the older holds text."""
    options = [inner for inner in alternatives if name(inner) in ("mc:Choice", "mc:Fallback")]
    with_text = (option for option in options if any(True for _ in _texts(option)))
    return next(with_text, options[0] if options else alternatives)


def _texts(element: Element) -> Iterator[Element]:
    """What in an element shows text."""
    return (inner for inner in element.iter() if name(inner) in _TEXT or name(inner) == "w:delText")


def _font(properties: Element | None) -> str:
    fonts = child(properties, "w:rFonts")
    return "" if fonts is None else attribute(fonts, "ascii")
