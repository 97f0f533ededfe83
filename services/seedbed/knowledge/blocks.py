"""The blocks of a Markdown text with their exact spans and the headings above them. Pure.

Only markdown-it's block rules run: they say on which lines a block stands, which is all that is asked here.
Long texts are parsed stretch by stretch, so that memory follows the stretch and not the text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.token import Token

Span = tuple[int, int]

STRETCH = 200_000
_BLANK_LINE = 200
_LONGEST_TITLE = 300

# Not `str.splitlines`, which also breaks where markdown-it does not.
_LINE_END = re.compile(r"\r\n|\n|\r")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"#{1,6}(?:\s|$)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(?<!\\)(?:\*{1,3}|`+|(?<!\w)_{1,3}|_{1,3}(?!\w))")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its span, the headings above, the number of its section, and spans it may be cut into.

    Of a table, the span of its head, which the rows cut off from it need.
    """

    start: int
    end: int
    headings: tuple[str, ...]
    section: int
    parts: tuple[Span, ...] = ()
    head: Span = (0, 0)


def blocks(text: str) -> Iterator[Block]:
    """Every block that says something; headings are listed with it, not given as blocks."""
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.at("reference", _link_definition)
    path: list[tuple[int, str]] = []
    section = 0
    for begin, stop in stretches(text):
        part = text[begin:stop]
        lines = [begin, *(begin + found.end() for found in _LINE_END.finditer(part))]
        lines = [*lines, stop] if lines[-1] != stop else lines
        tokens = parser.parse(part)
        for index, token in enumerate(tokens):
            if token.level or not token.map:
                continue
            start, end = _span(token.map, lines)
            if token.type == "heading_open" and _is_title(tokens[index + 1].content):
                level = int(token.tag[1])
                path = [(above, title) for above, title in path if above < level]
                path.append((level, plain_heading(tokens[index + 1].content)))
                section += 1
            elif token.type != "hr" and _says_something(text, start, end):
                headings = tuple(title for _, title in path if title)
                yield Block(start, end, headings, section, *_parts(tokens, index, lines))


def _link_definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """A definition says nothing, but that of a footnote is its text, even where it is one word."""
    place = state.bMarks[start] + state.tShift[start]
    return not state.src.startswith("[^", place) and reference(state, start, end, silent)


def _is_title(source: str) -> bool:
    """Whether a heading is one: a rule right under a paragraph makes all of it a heading, too."""
    return "\n" not in source.strip() and len(source) <= _LONGEST_TITLE


def plain_heading(source: str) -> str:
    """A heading as a reader sees it, without links and emphasis."""
    return " ".join(_EMPHASIS.sub("", _LINK.sub(r"\1", source)).replace("\\", "").split())


def stretches(text: str, limit: int = STRETCH) -> Iterator[Span]:
    """Spans to parse one at a time: cut at headings, or else at blank lines, or else at lines."""
    begin = place = 0
    fence, blank = "", False
    while place < len(text):
        stop = text.find("\n", place) + 1 or len(text)
        size = place - begin
        heads = not fence and _HEADING.match(text, place, stop)
        if size > (limit if heads else 2 * limit if blank and not fence else 4 * limit):
            yield begin, place
            begin = place
        if found := _FENCE.match(text, place, stop):
            fence = found[1] if not fence else "" if found[1].startswith(fence) else fence
        blank = stop - place < _BLANK_LINE and text[place:stop].isspace()
        place = stop
    if begin < len(text):
        yield begin, len(text)


def _parts(tokens: Sequence[Token], index: int, lines: Sequence[int]) -> tuple[tuple[Span, ...], Span]:
    """Where a block may be cut: the lines of code, the items of a list, the rows of a table; and its head."""
    token = tokens[index]
    if token.type in ("fence", "code_block", "html_block") and token.map:
        return tuple(_span((line, line + 1), lines) for line in range(*token.map)), (0, 0)
    if token.type not in ("bullet_list_open", "ordered_list_open", "table_open", "blockquote_open"):
        return (), (0, 0)
    parts = tuple(_span(inner.map, lines) for inner in _children(tokens, index) if inner.map)
    if token.type == "table_open" and len(parts) > 1:
        # A head says nothing without a row. The line below it, which is in no row, belongs to it.
        (start, _), (first, end), *rows = parts
        return ((start, end), *rows), (start, first)
    return parts, (0, 0)


def _children(tokens: Sequence[Token], index: int) -> Iterator[Token]:
    """The items of a list, the rows of a table, the blocks of a quote."""
    wanted = 2 if tokens[index].type == "table_open" else 1
    for inner in tokens[index + 1 :]:
        if inner.level == 0:
            return
        if inner.level == wanted and inner.nesting >= 0:
            yield inner


def _span(lines_of_token: Sequence[int], lines: Sequence[int]) -> Span:
    first, last = (min(line, len(lines) - 1) for line in lines_of_token)
    return lines[first], lines[last]


def _says_something(text: str, start: int, end: int) -> bool:
    if end - start > STRETCH:
        return True
    return bool(_WORD.search(_PICTURE.sub("", _COMMENT.sub("", text[start:end]))))
