"""Patterns of paths: `*` stays in a folder, `**` crosses folders, hidden names are meant only when written.

Pure.
"""

import fnmatch
import re
from collections.abc import Iterable
from functools import lru_cache

from seedbed.kernel.formats.file_names import composed

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
    """The paths that a pattern means, in their order; a file of that very name is meant before all others."""
    parts = tuple(part for part in composed(pattern).split("/") if part not in ("", "."))
    names = [(path, composed(path)) for path in paths]
    wanted = "/".join(parts)
    exact = [path for path, name in names if name == wanted]
    if exact or is_literal(pattern):
        return exact
    if parts[-1] == "**":
        parts += ("*",)
    return [path for path, name in names if _matches(parts, name.split("/"))]


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
    # A folder `Reports [2024]` is meant by its name, too.
    return pattern == name or bool(_compiled(pattern).match(name))


@lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))
