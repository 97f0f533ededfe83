"""The git command line, held short: no hook, no prompt, no submodule, no checkout, and always an end.

Every call names a repository of ours, so git looks for none: one that others may have written is read through
a view (`repositories.py`). Reading has no configuration and reaches nobody. Fetching has the user's own, so
that `insteadOf` and credentials work. Addresses that come from a taxonomy are looked at before git sees them.
"""

import contextlib
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

QUICK = 30.0
LONG = 600.0
MOST_BYTES = 256 << 20
"""Of what git prints: a tree can be made that lists more files than there are atoms, in a few kilobytes."""
NOWHERE = Path(os.devnull)
"""The repository of calls that need none."""
BLOCK = 512
"""What the shell counts a file's size in."""
_MOST_WORDS = 16384

_SAFE = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "fetch.recurseSubmodules": "false",
    # What is fetched stays one pack, whose size is limited, however few objects it has.
    "fetch.unpackLimit": "1",
    "gc.auto": "0",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.ext.allow": "never",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
}
# A hook that lints has these set, for another repository than ours.
_MISLEADING = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
_ALWAYS = {
    "LC_ALL": "C",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
# No protocol: older versions of git, which do not know of GIT_NO_LAZY_FETCH, fetch nothing either.
_READING = {"GIT_ALLOW_PROTOCOL": "none", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
# `file` and `http` are for `insteadOf`, which git applies before it looks here.
_FETCHING = {"GIT_ALLOW_PROTOCOL": "https:ssh:file:http", "SSH_ASKPASS_REQUIRE": "never"}
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REVISION = re.compile(r"[\w@][\w./@{}~^+-]*")


class GitFailed(Exception):
    """Git could not; `str()` is what it said."""


def git(
    repository: Path,
    *arguments: str,
    data: bytes = b"",
    timeout: float = QUICK,
    room: int = 0,
    fetching: bool = False,
) -> bytes:
    """Run git on a repository of ours and return what it prints. Raises GitFailed.

    `room` is the size that a file it writes may have: a repository comes as one.
    """
    options = [part for key, value in _SAFE.items() for part in ("-c", f"{key}={value}")]
    # By the shell, as a limit set here would be this process's own.
    limited = ["sh", "-c", 'ulimit -f "$0" && exec "$@"', str(max(1, room // BLOCK))] if room else []
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(data)
        given.seek(0)
        environment = {**_environment(fetching=fetching), "GIT_DIR": str(repository.absolute())}
        process = _start([*limited, "git", *options, *arguments], environment, given, said)
        try:
            out = _read(process, timeout)
        except BaseException:
            _end(process)
            raise
        if process.returncode:
            said.seek(max(0, said.seek(0, os.SEEK_END) - _MOST_WORDS))
            raise GitFailed(_words(said.read()))
        return out


def _start(
    command: list[str], environment: dict[str, str], given: IO[bytes], said: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            # Where nobody's files lie.
            cwd="/",
            env=environment,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=said,
            # Its helpers die with it, and none finds a terminal to ask at.
            start_new_session=True,
        )
    except FileNotFoundError as missing:
        raise GitFailed("git is not installed") from missing
    except OSError as broken:
        raise GitFailed(str(broken)) from broken


def _read(process: subprocess.Popen[bytes], timeout: float) -> bytes:
    """All that it prints, if that is not without end."""
    assert process.stdout is not None  # noqa: S101  it was asked for
    deadline = time.monotonic() + timeout
    parts, size = [], 0
    with process.stdout as stdout, selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while selector.select(max(0, deadline - time.monotonic())):
            part = os.read(stdout.fileno(), 1 << 20)
            if not part:
                break
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise GitFailed(
                    f"it holds more than {MOST_BYTES:,} bytes where so many are not to be expected"
                )
    try:
        process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise GitFailed(f"no answer within {timeout:.0f} s") from None
    return b"".join(parts)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(*, fetching: bool) -> dict[str, str]:
    if fetching:
        own = {key: value for key, value in os.environ.items() if key not in _MISLEADING}
        return {**_FETCHING, **own, **_ALWAYS}
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**own, **_ALWAYS, **_READING}


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
    if re.match(r"(?:[^/]*://)?(?:[^/@]*@)?-", address):
        return f"`{address}` names no host"
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
