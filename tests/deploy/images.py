"""Reads deploy/Dockerfile: its stages, what each is made from, and what runs in the end."""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
PACKAGES = ROOT / "services" / "seedbed"
# What comes with the large ones that tests do without.
_BROUGHT = {"transformers": ["huggingface-hub", "numpy", "safetensors", "tokenizers"]}


@dataclass
class Stage:
    """One `FROM … AS name`. Instructions of the stages it stands on come first."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def last(self, word: str) -> str:
        """What the last instruction of a kind says, or nothing."""
        return next((said for kind, said in reversed(self.instructions) if kind == word), "")

    @property
    def command(self) -> list[str]:
        words: list[str] = json.loads(self.last("CMD"))
        return words

    @property
    def environment(self) -> dict[str, str]:
        pairs = [pair for kind, said in self.instructions if kind == "ENV" for pair in said.split()]
        return dict(pair.split("=", 1) for pair in pairs)


def read_stages() -> dict[str, Stage]:
    """All stages by name."""
    stages: dict[str, Stage] = {}
    lines = re.sub(r"\\\n", " ", DOCKERFILE.read_text()).splitlines()
    current = Stage("", "")
    for line in lines:
        word, _, said = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        if word == "FROM":
            base, _, name = said.partition(" AS ")
            before = stages[base].instructions if base in stages else []
            current = stages[name] = Stage(name, base, list(before))
        else:
            current.instructions.append((word, said.strip()))
    return stages


def extras_of(stage: Stage, stages: dict[str, Stage]) -> set[str]:
    """The extras that an image's Python was given."""
    [source] = [
        match[1]
        for kind, said in stage.instructions
        if kind == "COPY" and (match := re.match(r"--from=(\S+) /opt/seedbed ", said))
    ]
    installs = [said for kind, said in stages[source].instructions if kind == "RUN" and " install " in said]
    return {
        extra
        for said in installs
        for match in re.findall(r"\[([\w,-]+)\]", said)
        for extra in match.split(",")
    }


def foreign_imports(package: str) -> set[str]:
    """Distributions that the modules of a package import anywhere, and those of kernel and pipeline."""
    paths = [path for folder in (package, "kernel", "pipeline") for path in (PACKAGES / folder).rglob("*.py")]
    names = {name for path in paths for name in _imports(path)} - set(sys.stdlib_module_names) - {"seedbed"}
    known = packages_distributions()
    # What is not installed here is taken to be named as it is imported.
    return {canonicalize_name(known.get(name, [name])[0]) for name in names}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _requires(name: str) -> list[str]:
    if name == "seedbed":
        # As it is written: what is installed here may be of before an edit.
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        extras = project["optional-dependencies"].items()
        more = [f"{line}; extra == '{extra}'" for extra, lines in extras for line in lines]
        return [*project["dependencies"], *more]
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return _BROUGHT.get(name, [])


@cache
def installed_by(extras: frozenset[str], name: str = "seedbed") -> frozenset[str]:
    """Everything that comes with a distribution and these extras of it."""
    found: set[str] = set()
    for line in _requires(name):
        wanted = Requirement(line)
        marked = wanted.marker
        if marked and not any(marked.evaluate({"extra": extra}) for extra in extras or {""}):
            continue
        child = canonicalize_name(wanted.name)
        found.add(child)
        if child != name or set(wanted.extras) != extras:
            found |= installed_by(frozenset(wanted.extras), child)
    return frozenset(found)
