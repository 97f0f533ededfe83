"""What a stack of one machine asks its callers for, so that no other user of the machine is one of them."""

import os
import secrets
import stat
from pathlib import Path

_TOKEN_BYTES = 4096


def make_secret() -> str:
    """A password or a token. A letter first: the broker reads what looks like a number as one."""
    return f"s{secrets.token_hex(24)}"


def read_token(path: Path) -> str:
    """The token that a file holds; empty where there is none."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read(_TOKEN_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def keep_token(path: Path) -> str:
    """The token that is there, or a new one where there is none or others may have read it."""
    if _is_ours_alone(path) and (kept := read_token(path)):
        return kept
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    token = make_secret()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{token}\n")
    part.replace(path)
    return token


def close_folder(folder: Path) -> None:
    """Make a folder that nobody else may enter, or close one that is there and ours."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    # One like /tmp is for all, and stays so.
    shared = found.st_mode & stat.S_ISVTX
    if found.st_uid == os.geteuid() and not shared and stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(stat.S_IMODE(found.st_mode) & 0o700)


def _is_ours_alone(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    return ours and not stat.S_IMODE(found.st_mode) & 0o077
