"""The pages in docs/: their links, and what of them is to be run.

A comment before a block says what becomes of it: `<!-- run -->`, `<!-- run: exit status 2 -->`, or
`<!-- shows -->`, whose lines stand in what the block before it says. A block with a title is a file.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
NAMES = [str(page.relative_to(ROOT / "docs").with_suffix("")) for page in PAGES]

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>run|shows)(?:: exit status (?P<status>\d+))? -->\n)?"
    r'```\w+(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')


@dataclass(frozen=True)
class Block:
    """A block of a page: a file (`title`), what is run, or what is shown."""

    text: str
    mark: str
    status: int
    title: str


def blocks(page: Path) -> list[Block]:
    """The blocks that something is done with, in order."""
    found = (
        Block(match["text"], match["mark"] or "", int(match["status"] or 0), match["title"] or "")
        for match in _BLOCK.finditer(page.read_text())
    )
    return [block for block in found if block.mark or block.title]


def links(page: Path) -> list[str]:
    """Where a page leads, within the project."""
    return [link for link in _LINK.findall(page.read_text()) if "://" not in link]


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether there is a file, and in it the heading that is named."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    text = page.read_text()
    headings = (
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)
    )
    return {*headings, *_ANCHOR.findall(text)}
