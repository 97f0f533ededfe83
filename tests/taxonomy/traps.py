"""Taxonomies of strangers that make git run a command of theirs, each by another way that git has for it.

A trap is set in a folder for a program to be run, and names a git command that falls into it: so a test can
show that it works.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.taxonomy.gardens import commit, garden, git, plant, skill

SUMS = "compositional_skills/sums/qna.yaml"
# What it takes for git to be led through a door that it guards by itself.
_UNGUARDED = {"protocol.allow": "always", "protocol.ext.allow": "always"}

Trap = Callable[[Path, str], list[str]]
"""Set in an empty folder, with the program to be run; returns what of git's falls into it there."""


def _repository(root: Path) -> Path:
    garden(root)
    commit(root)
    plant(root, {SUMS: skill(6)})
    commit(root)
    return root / ".git"


def _lose(root: Path, folder: Path) -> str:
    """Take an object away, as a partial clone lacks it, and return its name."""
    name = git(root, "rev-parse", f"HEAD~1:{SUMS}")
    (folder / "objects" / name[:2] / name[2:]).unlink()
    return name


def _configure(folder: Path, **settings: str) -> None:
    for key, value in settings.items():
        git(folder.parent, "config", "--file", str(folder / "config"), key.replace("__", "."), value)


def _promise(folder: Path, url: str, settings: dict[str, str]) -> None:
    remote = {"remote.origin.url": url, "remote.origin.promisor": "true", **_UNGUARDED, **settings}
    for key, value in remote.items():
        git(folder.parent, "config", "--file", str(folder / "config"), key, value)


def _promisor(url: str, key: str = "") -> Trap:
    """What is missing is asked of a remote in a way that the configuration says."""

    def trap(root: Path, run: str) -> list[str]:
        folder = _repository(root)
        missing = _lose(root, folder)
        _promise(folder, url.format(run=run), {key: run} if key else {})
        return ["cat-file", "blob", missing]

    return trap


def _bare(*, beside: bool, above: bool) -> Trap:
    """A bare repository for whoever stands in it: the taxonomy itself, or a folder above."""

    def trap(root: Path, run: str) -> list[str]:
        top = root.parent if above else root
        top.mkdir(parents=True, exist_ok=True)
        _repository(top / "made")
        missing = _lose(top / "made", top / "made" / ".git")
        for part in ("HEAD", "config", "objects", "refs"):
            (top / "made" / ".git" / part).rename(top / part)
        (top / "made").rename(top.parent / f"rest of {top.name}")
        _configure(top, core__bare="true")
        _promise(top, "/nowhere", {"remote.origin.uploadpack": run})
        if beside:
            garden(root)
        return ["cat-file", "blob", missing]

    return trap


def _setting(key: str, *command: str, attributes: str = "") -> Trap:
    def trap(root: Path, run: str) -> list[str]:
        _repository(root)
        git(root, "config", key, run)
        if attributes:
            plant(root, {".gitattributes": f"* {attributes}\n"})
        os.utime(root / SUMS, (1, 1))
        return list(command)

    return trap


def _hook(root: Path, run: str) -> list[str]:
    folder = _repository(root)
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        shutil.copy(run, plant(folder, {f"hooks/{name}": ""}) / "hooks" / name)
    return ["checkout", "--quiet", "-b", "other"]


def _attributes_of_the_repository(root: Path, run: str) -> list[str]:
    folder = _repository(root)
    git(root, "config", "diff.read.textconv", run)
    plant(folder, {"info/attributes": "* diff=read\n"})
    return ["log", "-p"]


def _included(root: Path, run: str) -> list[str]:
    _repository(root)
    plant(root, {"docs/more": f'[core]\n\tfsmonitor = "{run}"\n'})
    git(root, "config", "include.path", "../docs/more")
    return ["status"]


def _of_one_worktree(root: Path, run: str) -> list[str]:
    folder = _repository(root)
    _configure(folder, core__repositoryformatversion="1", extensions__worktreeConfig="true")
    plant(folder, {"config.worktree": f'[core]\n\tfsmonitor = "{run}"\n\tworktree = {root}\n'})
    return ["status"]


def _led_elsewhere(root: Path, run: str) -> list[str]:
    """`.git` is a file that names another folder of the tree."""
    folder = _repository(root)
    git(root, "config", "core.fsmonitor", run)
    folder.rename(root / "docs")
    plant(root, {".git": "gitdir: docs\n"})
    return ["status"]


def _submodule(root: Path, run: str) -> list[str]:
    _repository(root)
    garden(root / "knowledge" / "birds")
    commit(root / "knowledge" / "birds")
    git(root / "knowledge" / "birds", "config", "core.fsmonitor", run)
    git(
        root,
        "-c",
        "core.fsmonitor=false",
        "submodule",
        "--quiet",
        "add",
        "./knowledge/birds",
        "knowledge/birds",
    )
    return ["status"]


def _borrowed(root: Path, run: str) -> list[str]:
    """Objects of another repository, whose references are asked for by a command."""
    folder = _repository(root)
    garden(root / "docs")
    commit(root / "docs")
    plant(folder, {"objects/info/alternates": f"{root}/docs/.git/objects\n"})
    git(root, "config", "core.alternateRefsCommand", run)
    garden(root / "another")
    commit(root / "another", "another")
    return ["fetch", "--quiet", str(root / "another")]


def _signed(root: Path, run: str) -> list[str]:
    _repository(root)
    raw = git(root, "cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    plant(root.parent, {"signed": raw + "\n"})
    name = git(root, "hash-object", "-t", "commit", "-w", str(root.parent / "signed"))
    git(root, "update-ref", "HEAD", name)
    git(root, "config", "gpg.program", run)
    git(root, "config", "log.showSignature", "true")
    return ["log"]


TRAPS: dict[str, Trap] = {
    "a bare repository that is the taxonomy": _bare(beside=True, above=False),
    "a bare repository without leaves beside it": _bare(beside=False, above=False),
    "a bare repository above the taxonomy": _bare(beside=True, above=True),
    "a promisor's upload-pack": _promisor("/nowhere", "remote.origin.uploadpack"),
    "a promisor through core.sshCommand": _promisor("ssh://host.invalid/x", "core.sshCommand"),
    "a promisor through core.gitProxy": _promisor("git://host.invalid/x", "core.gitProxy"),
    "a promisor through ext::": _promisor("ext::{run}"),
    "core.fsmonitor": _setting("core.fsmonitor", "status"),
    "hooks": _hook,
    "a clean filter": _setting("filter.run.clean", "status", attributes="filter=run"),
    "a smudge filter": _setting("filter.run.smudge", "checkout", "HEAD~1", attributes="filter=run"),
    "a filter that stays": _setting("filter.run.process", "status", attributes="filter=run"),
    "textconv": _setting("diff.read.textconv", "log", "-p", attributes="diff=read"),
    "an external diff": _setting("diff.external", "diff", "HEAD~1"),
    "an external diff by attribute": _setting("diff.read.command", "diff", "HEAD~1", attributes="diff=read"),
    "attributes in the repository": _attributes_of_the_repository,
    "an included file": _included,
    "the configuration of a work tree": _of_one_worktree,
    "a .git that leads elsewhere": _led_elsewhere,
    "a submodule": _submodule,
    "alternates": _borrowed,
    "a signature's program": _signed,
}
