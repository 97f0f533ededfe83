"""Patterns of paths: `*` stays in a folder, `**` crosses folders, hidden names are meant only when written.

Pure.
"""

import fnmatch
import re
from collections.abc import Iterable
from functools import lru_cache

MAX_LENGTH = 500


def pattern_fault(pattern: str) -> str:
    """Why a pattern is not used, or nothing."""
    parts = pattern.split("/")
    if len(pattern) > MAX_LENGTH:
        return f"the pattern is longer than {MAX_LENGTH} characters"
    if "\\" in pattern:
        return f"`{pattern}` has a backslash: folders are separated by `/`"
    if pattern.startswith(("/", "~")) or re.match(r"[A-Za-z]:", pattern):
        return f"`{pattern}` is an absolute path: it must be relative, and stay inside"
    if ".." in parts:
        return f"`{pattern}` leads out with `..`: it must stay inside"
    if any(not part.isprintable() for part in parts):
        return "the pattern has unprintable characters"
    return ""


def is_literal(pattern: str) -> bool:
    """Whether it names one file."""
    return not re.search(r"[*?\[]", pattern)


def select(pattern: str, paths: Iterable[str]) -> list[str]:
    """The paths that a pattern means, in their order."""
    parts = tuple(part for part in pattern.split("/") if part not in ("", "."))
    if is_literal(pattern):
        wanted = "/".join(parts)
        return [path for path in paths if path == wanted]
    if parts[-1] == "**":
        parts += ("*",)
    return [path for path in paths if _matches(parts, path.split("/"))]


def _matches(pattern: tuple[str, ...], path: list[str]) -> bool:
    # Which beginnings of the pattern fit the path so far: linear in both, however many `**` there are.
    reached = _skip({0}, pattern)
    for part in path:
        following = set()
        for place in reached:
            if place == len(pattern):
                continue
            if pattern[place] == "**":
                if not part.startswith("."):
                    following.add(place)
            elif _part(pattern[place], part):
                following.add(place + 1)
        reached = _skip(following, pattern)
    return len(pattern) in reached


def _skip(places: set[int], pattern: tuple[str, ...]) -> set[int]:
    """`**` may stand for no folder at all."""
    found = set(places)
    for place in places:
        after = place
        while after < len(pattern) and pattern[after] == "**":
            after += 1
            found.add(after)
    return found


def _part(pattern: str, name: str) -> bool:
    if name.startswith(".") and not pattern.startswith("."):
        return False
    return bool(_compiled(pattern).match(name))


@lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))
