"""What of an HTML page is content: not its navigation, scripts and controls, but what it hides to be opened.

Every element is looked at once; what is known of it is kept by its place in memory.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    "address article aside blockquote body button caption center dd details dialog dir div dl dt fieldset "
    "figcaption figure form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu ol p pre "
    "search section summary table tbody td tfoot th thead tr ul".split()
)
_DROPPED = frozenset(
    "script style noscript template nav footer head svg iframe object canvas audio video input select "
    "datalist textarea dialog progress meter".split()
)
_STRUCK_OUT = frozenset(("del", "s", "strike"))
_ROLES = frozenset("navigation contentinfo search dialog alertdialog tooltip".split())
_TITLES = frozenset((*HEADINGS, "summary", "dt"))
# What a button, or what it opens, is called on pages of questions and answers.
_OPENS = re.compile(
    r"accordion|faq|question|answer|collaps|disclosure|expand|panel|tab-?content", re.IGNORECASE
)
_LINE_NUMBERS = re.compile(r"line-?no|line-?num|gutter|blob-num|ln-numbers|\blnt?\b", re.IGNORECASE)
_NUMBERS = re.compile(r"[\d\s]*")
_QUESTION = re.compile(r"[?？؟;]\s*$")
_SENTENCE = re.compile(r"[.!?。！？؟।۔]")
_WORD = re.compile(r"\w+")
_MANY_LETTERS = 12
# So much of a hidden text shows whether it says something.
_BEGINNING = 1000
# So far up a button looks for the heading that it stands in.
_FEW_STEPS = 4
_POINTERS = ("aria-controls", "data-target", "data-bs-target")


class Page:
    """What is known of a page's elements below a root."""

    def __init__(self, tree: LexborHTMLParser, root: LexborNode) -> None:
        self.struck_out = 0
        """Passages that a page shows, and takes back."""
        self._opened = _find_opened(tree)
        self._left_out: set[int] = set()
        self._holding: set[int] = set()
        self._layouts: set[int] = set()
        self._with_head: set[int] = set()
        self._headed: set[int] = set()
        self._survey(root, None, "")

    def is_content(self, node: LexborNode) -> bool:
        """Whether a node belongs to the text."""
        return not node.is_comment_node and node.mem_id not in self._left_out

    def is_block(self, node: LexborNode) -> bool:
        """Whether a node is a block, or holds one."""
        return node.tag in BLOCKS or node.mem_id in self._holding

    def is_layout(self, table: LexborNode) -> bool:
        """Whether a table only lays out the page."""
        return table.mem_id in self._layouts

    def has_headings(self, node: LexborNode) -> bool:
        """Whether there are headings below a node."""
        return node.mem_id in self._headed

    def _survey(self, node: LexborNode, table: LexborNode | None, cell: str) -> tuple[bool, bool]:
        """Look at all below a node; whether it holds blocks, and whether headings."""
        holds = headed = False
        last = ""
        for child in node.iter():
            tag = child.tag or ""
            if tag in _STRUCK_OUT or not self._is_shown(child, tag):
                self._left_out.add(child.mem_id)
                self.struck_out += tag in _STRUCK_OUT
                continue
            if table is not None:
                if tag == "th":
                    self._with_head.add(table.mem_id)
                apart = tag == "p" == last and table.mem_id not in self._with_head
                if apart or _lays_out(child, tag, cell):
                    self._layouts.add(table.mem_id)
            inside = self._survey(
                child, child if tag == "table" else table, tag if tag in ("td", "th") else cell
            )
            if inside[0] or is_code(child):
                self._holding.add(child.mem_id)
            if inside[1]:
                self._headed.add(child.mem_id)
            holds |= inside[0] or tag in BLOCKS
            headed |= inside[1] or tag in HEADINGS
            last = tag
        return holds, headed

    def _is_shown(self, node: LexborNode, tag: str) -> bool:
        attributes = node.attributes
        if tag == "script":
            return (attributes.get("type") or "").startswith("math/tex")
        if tag in _DROPPED or attributes.get("role") in _ROLES or _is_line_number(node, tag, attributes):
            return False
        if tag == "button":
            return _is_title(node, attributes)
        if "hidden" in attributes or attributes.get("aria-hidden") == "true":
            return self._is_answer(node, attributes)
        return True

    def _is_answer(self, node: LexborNode, attributes: dict[str, str | None]) -> bool:
        """Whether something is hidden only until a reader opens it."""
        if attributes.get("hidden") == "until-found" or attributes.get("id") in self._opened:
            return True
        if attributes.get("role") in ("region", "tabpanel") or _OPENS.search(attributes.get("class") or ""):
            return True
        if node.tag not in BLOCKS:
            # A sign, or what a sighted reader sees in another form.
            return False
        before = _element_before(node)
        if before is not None and (before.tag in _TITLES or before.css_first("button") is not None):
            return True
        text = node.text(separator=" ")[:_BEGINNING]
        return bool(_SENTENCE.search(text)) and _says_much(text, 5)


def _lays_out(node: LexborNode, tag: str, cell: str) -> bool:
    """Whether what stands in a table shows that it is no table of data."""
    if tag == "table":
        return True
    if cell != "td":
        return False
    lines = is_code(node) and (
        "\n" in node.text().strip() or node.css_first("br, div, p, li, tr, code + code") is not None
    )
    return tag in HEADINGS or lines


def is_code(node: LexborNode) -> bool:
    """Whether the lines of an element are to be kept."""
    if node.tag in ("code", "samp"):
        return node.css_first("br") is not None
    return node.tag in ("pre", "listing")


def _find_opened(tree: LexborHTMLParser) -> set[str]:
    """The ids of what the page's controls open."""
    found: set[str] = set()
    for node in tree.css(", ".join(f"[{name}]" for name in _POINTERS)):
        for name in _POINTERS:
            found.update((node.attributes.get(name) or "").replace("#", " ").split())
    return found


def _is_title(button: LexborNode, attributes: dict[str, str | None]) -> bool:
    """Whether a button is the question or the title of what it opens, and not a control."""
    if attributes.get("type") in ("submit", "reset"):
        return False
    if attributes.get("role") == "tab":
        return True
    parent = button.parent
    for _ in range(_FEW_STEPS):
        if parent is None:
            break
        if parent.tag in _TITLES:
            return True
        parent = parent.parent
    text = button.text(separator=" ")
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return (
        bool(_QUESTION.search(text))
        or bool(_OPENS.search(names))
        or ("aria-expanded" in attributes and _says_much(text, 3))
    )


def _says_much(text: str, words: int) -> bool:
    found = _WORD.findall(text)
    # Scripts without spaces have few words, and long ones.
    return len(found) >= words or (not text.isascii() and sum(map(len, found)) >= _MANY_LETTERS)


def _is_line_number(node: LexborNode, tag: str, attributes: dict[str, str | None]) -> bool:
    if tag not in ("td", "th", "span", "a", "div", "pre") or not (name := attributes.get("class")):
        return False
    return bool(_LINE_NUMBERS.search(name)) and bool(_NUMBERS.fullmatch(node.text()))


def _element_before(node: LexborNode) -> LexborNode | None:
    before = node.prev
    while before is not None and not before.is_element_node:
        before = before.prev
    return before
