"""Checking a tree of files, leaf by leaf. Pure but for the tree's own reading; fetches no document."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from seedbed.kernel.errors import InputError
from seedbed.kernel.formats.file_names import is_in_folder
from seedbed.taxonomy.lint.findings import Place, error, errors_of, warning
from seedbed.taxonomy.lint.positions import MAX_BYTES, Parsed, decode, read_yaml
from seedbed.taxonomy.lint.rules import check_attribution, check_clashes, check_folders, check_rules
from seedbed.taxonomy.lint.schema import check_schema
from seedbed.taxonomy.trees.tree import ATTRIBUTION, BRANCHES, NAME, Tree, in_branch, leaf_files
from seedbed.taxonomy.v1.taxonomy_service_pb2 import Finding


@dataclass
class LeafFile:
    """One `qna.yaml` as it was read. What is wrong with it is in `findings`."""

    path: str
    file: str
    raw: bytes
    parsed: Parsed
    attribution: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def branch(self) -> str:
        """The top folder."""
        return self.path.partition("/")[0]

    @property
    def data(self) -> dict[str, Any]:
        """The data, empty where there is none."""
        return self.parsed.data if isinstance(self.parsed.data, dict) else {}

    @property
    def sound(self) -> bool:
        """Whether a leaf can be made of it."""
        return bool(self.data) and not errors_of(self.findings)


@dataclass
class Checked:
    """All leaves of a tree, and what is wrong around them."""

    leaves: list[LeafFile]
    findings: list[Finding]


def check(tree: Tree, globs: Sequence[str] = ()) -> Checked:
    """Read and check all leaves, or those whose path one of `globs` means."""
    files = _select(leaf_files(tree), globs)
    leaves = read_leaves(tree, files)
    findings = [*check_clashes(files)]
    if not globs:
        findings += _around(tree, set(files))
    if not leaves:
        message = f"no leaf: there is no {NAME} below {', '.join(BRANCHES[:2])} or {BRANCHES[2]}"
        findings.append(error(".", Place(), "no-leaf", message))
    return Checked(leaves, findings)


def read_leaves(tree: Tree, files: Sequence[str]) -> list[LeafFile]:
    """Read and check some files, each for itself."""
    wanted = [path for path in (*files, *map(_beside, files)) if path in tree.entries]
    small = [p for p in wanted if tree.entries[p].kind == "file" and tree.entries[p].size <= MAX_BYTES]
    raw = tree.read_many(small)
    return [_read_leaf(file, tree, raw) for file in files]


def _read_leaf(file: str, tree: Tree, raw: dict[str, bytes]) -> LeafFile:
    leaf = LeafFile(file.rpartition("/")[0], file, raw.get(file, b""), Parsed())
    if file not in raw:
        message = f"the file has {tree.entries[file].size:,} bytes, at most {MAX_BYTES:,} are read"
        leaf.findings.append(error(file, Place(), "file-size", message))
        return leaf
    leaf.parsed = read_yaml(leaf.raw, file)
    leaf.findings += leaf.parsed.findings
    leaf.findings += check_folders(leaf.path, file)
    if leaf.path in BRANCHES:
        leaf.findings.append(error(file, Place(), "misplaced", f"{NAME} needs a folder below {leaf.path}/"))
    if errors_of(leaf.parsed.findings) and leaf.parsed.data is None:
        return leaf
    leaf.findings += check_schema(leaf.parsed, leaf.branch, file)
    leaf.findings += check_rules(leaf.parsed, leaf.branch, file)
    _attribute(leaf, raw.get(_beside(file)))
    return leaf


def _attribute(leaf: LeafFile, raw: bytes | None) -> None:
    text = decode(raw, _beside(leaf.file), leaf.findings) if raw is not None else None
    leaf.attribution = (text or "").strip()
    version = leaf.data.get("version", 1)
    leaf.findings += check_attribution(text, version if isinstance(version, int) else 1, leaf.file)


def _beside(file: str) -> str:
    return f"{file.rpartition('/')[0]}/{ATTRIBUTION}"


def _select(files: list[str], globs: Sequence[str]) -> list[str]:
    if not globs:
        return files
    paths = {file: file.removesuffix(f"/{NAME}") for file in files}
    for glob in globs:
        if files and not any(is_in_folder(path, glob) for path in paths.values()):
            some = ", ".join(list(paths.values())[:3])
            raise InputError(f"no leaf matches `{glob}`", hint=f"there are {len(files)}, such as {some}")
    return [f for f, path in paths.items() if any(is_in_folder(path, glob) for glob in globs)]


def _around(tree: Tree, files: set[str]) -> Iterator[Finding]:
    """What looks like a leaf's file and is none."""
    for path, entry in tree.entries.items():
        folder, _, name = path.rpartition("/")
        if not in_branch(path):
            continue
        if entry.kind == "link":
            say = error if name == NAME else warning
            yield say(path, Place(), "link", "this is a link, and links are not followed")
        elif name == NAME and entry.kind == "other":
            yield error(path, Place(), "file-kind", "this is not a plain file")
        elif _misnamed(name):
            message = f"a leaf's file is named {NAME}; `{name}` is not read"
            if f"{folder}/{NAME}" in files and name.lower().startswith("qna."):
                yield error(path, Place(), "duplicate-leaf", f"{message}, and {NAME} is there, too")
            else:
                yield warning(path, Place(), "file-name", message)


def _misnamed(name: str) -> bool:
    low = name.lower()
    return name != NAME and (low in (NAME, "qna.yml") or low.endswith((".yaml", ".yml")))
