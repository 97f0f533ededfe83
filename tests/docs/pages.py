"""The pages in docs/: their links, and the blocks in them that are to be run."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))

_BLOCK = re.compile(r"^```sh test\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')


def blocks(page: Path) -> list[str]:
    """What is to be run, in order."""
    return _BLOCK.findall(page.read_text())


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
