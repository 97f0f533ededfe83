"""Files written into a text as data URIs, such as pictures in base64: many tokens, and no word. Pure."""

import re

_DATA = re.compile(r"data:", re.IGNORECASE)
# Each stops at a sign that no data URI holds, so that none is looked through twice.
_PICTURE = re.compile(
    r"!\[([^\[\]]*)\]\(\s*<?data:[^()<>\"']*>?\s*(?:\"[^\"\n]*\"|'[^'\n]*')?\s*\)(?:\{[^{}\n]*\})?",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?:img|source|image)\b([^<>]*)>", re.IGNORECASE)
_TAG_DATA = re.compile(r"(?:src|href|srcset)\s*=\s*[\"']?\s*data:", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_DEFINITION = re.compile(
    r"^ {0,3}\[([^\[\]]+)\]:[ \t]*\n?[ \t]*(?:<data:[^<>]*>|data:[^<>\s]*)[^\n]*(?:\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_USE = re.compile(r"!\[([^\[\]]*)\](?:\[([^\[\]]*)\])?(?!\()")
# Elsewhere only one that is too long to have been written by hand.
_LONG = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.=+-]+)*;base64,[\w+/=-]{100,}", re.IGNORECASE)


def leave_out(text: str) -> str:
    """The text with its pictures named, where they have a name, but not held."""
    if not _DATA.search(text):
        return text
    text = _PICTURE.sub(lambda found: _named(found[1]), text)
    text = _TAG.sub(_without_source, text)
    labels = {_fold(found[1]) for found in _DEFINITION.finditer(text)}
    if labels:
        text = _DEFINITION.sub("", text)
        text = _USE.sub(lambda found: _without_definition(found, labels), text)
    return _LONG.sub("", text)


def _named(alt: str) -> str:
    return f"![{alt}]()" if alt.strip() else ""


def _without_source(tag: re.Match[str]) -> str:
    if not _TAG_DATA.search(tag[1]):
        return tag[0]
    alt = _ALT.search(tag[1])
    return _named((alt[1] or alt[2] or "") if alt else "")


def _without_definition(use: re.Match[str], labels: set[str]) -> str:
    alt, label = use[1], use[2]
    if _fold(label or alt) not in labels:
        return use[0]
    return _named(alt if label else "")


def _fold(label: str) -> str:
    return " ".join(label.split()).casefold()
