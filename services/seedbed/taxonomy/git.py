"""The git command line, held short: no hook, no prompt, no submodule, no checkout, and always an end.

The user's own configuration counts, so that `insteadOf` and credentials work. Addresses that come from a
taxonomy are looked at before git sees them.
"""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

QUICK = 30.0
LONG = 600.0

_SAFE = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.ext.allow": "never",
}
# A hook that lints sets these; they would point git at the wrong repository.
_MISLEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REVISION = re.compile(r"[\w@][\w./@{}~^+-]*")


class GitFailed(Exception):
    """Git could not; `str()` is what it said."""


def git(folder: Path, *arguments: str, data: bytes = b"", timeout: float = QUICK) -> bytes:
    """Run git in a folder and return what it prints. Raises GitFailed."""
    options = [part for key, value in _SAFE.items() for part in ("-c", f"{key}={value}")]
    try:
        process = subprocess.Popen(
            ["git", *options, *arguments],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Its helpers die with it, and none finds a terminal to ask at.
            start_new_session=True,
        )
    except FileNotFoundError as missing:
        raise GitFailed("git is not installed") from missing
    except OSError as broken:
        raise GitFailed(str(broken)) from broken
    try:
        out, said = process.communicate(data, timeout=timeout)
    except subprocess.TimeoutExpired:
        _end(process)
        raise GitFailed(f"no answer within {timeout:.0f} s") from None
    except BaseException:
        _end(process)
        raise
    if process.returncode:
        raise GitFailed(_words(said))
    return out


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _environment() -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key not in _MISLEADING}
    environment |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
    }
    # `file` and `http` are for `insteadOf`, which git applies before it looks here.
    environment.setdefault("GIT_ALLOW_PROTOCOL", "https:ssh:file:http")
    environment.setdefault("SSH_ASKPASS_REQUIRE", "never")
    return environment


def _words(said: bytes) -> str:
    lines = [line.strip() for line in said.decode(errors="replace").splitlines()]
    grave = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    text = "; ".join(line.partition(": ")[2] or line for line in grave if line)
    return without_secret(text)[:500] or "git failed and did not say why"


def without_secret(text: str) -> str:
    """The text with no user or password in its addresses."""
    return re.sub(r"://[^/@\s]*@", "://", text)


def is_full_hash(revision: str) -> bool:
    """Whether it names one commit for ever."""
    return bool(_HASH.fullmatch(revision))


def is_revision(revision: str) -> bool:
    """Whether it may be given to git as a revision."""
    return bool(_REVISION.fullmatch(revision)) and ".." not in revision


def address_fault(address: str, *, local: bool) -> str:
    """Why an address from a taxonomy is not used, or nothing. `local` allows a folder of this machine."""
    scheme, _, rest = address.rpartition("://") if "://" in address else ("", "", address)
    if not re.fullmatch(r"[^\s-][^\s]*", address) or not address.isprintable() or "::" in scheme:
        return f"`{address}` is not an address of a repository"
    if scheme in ("https", "ssh"):
        secret = scheme == "https" and "@" in rest.split("/", maxsplit=1)[0]
        return f"{without_secret(address)} has a user or password in it: take it out" if secret else ""
    if scheme == "file" or (not scheme and address.startswith("/")):
        return "" if local else f"`{address}` is on this machine, and the taxonomy is not"
    if not scheme and is_ssh_short(address):
        return ""
    return f"`{address}` is not read: use https://…, ssh://… or an absolute folder"


def is_ssh_short(address: str) -> bool:
    """Whether it is of the form `user@host:path`."""
    return bool(re.match(r"[\w.-]+@[\w.-]+:(?!/?/)[^:]+$", address))


def lines_of(out: bytes) -> Sequence[str]:
    """What git printed with `-z`."""
    return [part.decode(errors="surrogateescape") for part in out.split(b"\0") if part]
