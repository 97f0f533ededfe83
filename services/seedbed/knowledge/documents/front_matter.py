"""Front matter: what a text file says of itself before its text, in YAML, TOML or JSON. Pure."""

import json
import re

# So far its end is looked for.
_LONGEST = 65_536
# What opens one must be followed by a key, or it is a rule in the text.
_FENCED = re.compile(
    r"""
      ---[ \t]*(?:ya?ml)?[ \t]*\n(?=[ \t]*(?:\#|[\w"'.-]+[ \t]*:))(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)
    | \+\+\+[ \t]*\n(?=\s*(?:\#|\[|[\w"'.-]+[ \t]*=))(?:.*\n)*?\+\+\+[ \t]*(?:\n|\Z)
    | ---[ \t]*(?:toml|json)[ \t]*\n(?:.*\n)*?---[ \t]*(?:\n|\Z)
    | ;;;[ \t]*\n(?=\s*[{"])(?:.*\n)*?;;;[ \t]*(?:\n|\Z)
    """,
    re.VERBOSE,
)


def length(text: str) -> int:
    """How many characters of a text are front matter, with its last line end."""
    if found := _FENCED.match(text, 0, _LONGEST):
        return found.end()
    return _json(text) if text.startswith("{") else 0


def _json(text: str) -> int:
    """An object in JSON that a line ends, and text after it: a file of nothing else is its own text."""
    try:
        value, end = json.JSONDecoder().raw_decode(text[:_LONGEST])
    except (ValueError, RecursionError):
        return 0
    rest = text[end:]
    line = rest[: rest.find("\n") + 1]
    if not (isinstance(value, dict) and value and line and line.isspace() and rest.strip()):
        return 0
    return end + len(line)
