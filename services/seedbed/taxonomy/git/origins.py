"""Where git fetches from: an address as it was named, and what git is given in its place."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from seedbed.taxonomy.git.command import NOWHERE, GitFailed, git
from seedbed.taxonomy.git.hosts import HostPolicy
from seedbed.taxonomy.git.repositories import Repository, is_repository, open_repository

_BUNDLE = re.compile(rb"# v\d+ git bundle\n")
_SIGNATURE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Origin:
    """What git fetches from, and the options by which it is held to that."""

    address: str
    source: str
    options: tuple[str, ...] = ()


@contextlib.contextmanager
def open_origin(address: str, hosts: HostPolicy | None) -> Iterator[Origin]:
    """Where an address leads by the user's own redirections; a stranger's address, to what `hosts` allows."""
    where = git(NOWHERE, "ls-remote", "--get-url", "--", address, fetching=True).decode().strip()
    if path := _path_of(where):
        with _open_path(path) as source:
            yield Origin(address, source)
        return
    if hosts is None or where != address:
        # One that was sent elsewhere is this machine's own, which may name what it likes.
        yield Origin(address, address)
        return
    checked = hosts.check(address)
    if checked.fault:
        raise GitFailed(checked.fault)
    yield Origin(address, address, checked.options)


def _path_of(where: str) -> Path | None:
    """The path that git would take an address for, if for any."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", where)
    if scheme:
        return Path(unquote(urlsplit(where).path)) if scheme[1] == "file" else None
    return None if re.match(r"[^/]*:", where) else Path(where)


@contextlib.contextmanager
def _open_path(path: Path) -> Iterator[str]:
    """A repository of this machine, through a view: git would do there what it is configured to."""
    if not path.is_absolute():
        raise GitFailed(f"`{path}` is no absolute path")
    if repository := Repository.at(path) if is_repository(path) else open_repository(path):
        try:
            with repository.view() as view:
                yield str(view)
        except GitFailed as failed:
            raise repository.explain(failed) from failed
    elif _is_bundle(path):
        yield str(path)
    else:
        raise GitFailed("there is neither a repository nor a bundle")


def _is_bundle(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return bool(_BUNDLE.match(file.read(_SIGNATURE_BYTES)))
