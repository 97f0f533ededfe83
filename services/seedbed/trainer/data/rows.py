"""Rows to train on, as files of records have them: one JSON object a line.

A row that cannot be read is left out and counted, with where it stands and what is wrong; the rest is good.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from seedbed.kernel.errors import InputError
from seedbed.trainer.data.marks import THOUGHTS

_ROLES = ("system", "user", "assistant", "tool")
_HALF = "holds half a character: a surrogate without its other half"
_SHOWN = 200
"""Characters of a complaint, at most: it may cite what it complains of."""
MOST_BYTES, MOST_LINE, MOST_TEXT = 2**32, 2**24, 1_000_000
"""Of a file from elsewhere and of a line in it, in bytes; of a text, in characters."""


class Malformed(Exception):
    """A row that is none; says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation or one text, and where it came from."""

    id: str
    messages: tuple[dict[str, str], ...]
    unmask: bool
    """Whether the loss is over all turns but the system's, instead of the assistant's alone."""
    leaf: str = ""
    """Path of its leaf; empty for rows from elsewhere."""
    leaf_digest: str = ""
    kind: str = ""
    """`knowledge`, `foundational` or `compositional`."""
    form: str = ""
    """`short` or `long` for knowledge."""
    use: str = ""
    """What kind of row it is, as recipes select them."""
    text: str = ""
    """What a row without messages is: all of it counts."""


@dataclass
class Rows:
    """What was read, and what could not be."""

    rows: list[Row] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)
    """Where, and what is wrong."""


def read_external(path: Path, name: str) -> Rows:
    """All rows of a file from elsewhere. Raises InputError where it cannot be read."""
    found = Rows()
    found.rows += map(make_row, read_external_lines(path, found, name))
    return found


def read_external_lines(path: Path, found: Rows, name: str) -> Iterator[dict[str, Any]]:
    """Its records, one after the other. Raises InputError where it cannot be read."""
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise InputError(f"{name} has more than {MOST_BYTES:,} bytes", hint="cut it into several files")
    yield from read_lines(path, found, name)


def read_lines(path: Path, found: Rows, name: str = "") -> Iterator[dict[str, Any]]:
    """The records of a file, all that can be read. Raises InputError where the file itself cannot."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file), 1):
                if not line.strip():
                    continue
                try:
                    record = _parse(line, "utf-8-sig" if number == 1 else "utf-8")
                except (ValueError, RecursionError, Malformed) as error:
                    found.malformed.append(f"{name or path.name}:{number}: {str(error)[:_SHOWN]}")
                else:
                    yield record
    except OSError as error:
        raise InputError(f"{name or path} cannot be read: {error.strerror or error}") from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Its lines; of one that is too long only the beginning, as it may be all of a large file."""
    while line := file.readline(MOST_LINE + 1):
        yield line
        while len(line) > MOST_LINE and not line.endswith(b"\n"):
            line = file.readline(MOST_LINE + 1)


def _parse(line: bytes, encoding: str) -> dict[str, Any]:
    """The record of a line. Raises Malformed, ValueError, RecursionError."""
    if len(line) > MOST_LINE:
        raise Malformed(f"it has more than {MOST_LINE:,} bytes")
    # Not read by json itself: it lets halves of characters through.
    record = json.loads(line.decode(encoding))
    if not isinstance(record, dict):
        raise Malformed("it is no JSON object")
    if not is_whole(f"{record.get('id', '')}{record.get('metadata', '')}"):
        raise Malformed(f"its `id` or `metadata` {_HALF}")
    if _is_text(record):
        _check_text(record["text"])
    else:
        _check_talk(record)
    return record


def _is_text(record: dict[str, Any]) -> bool:
    """Whether it is a text; beside messages one is a remark like any other key, and null is none."""
    return record.get("messages") is None and record.get("text") is not None


def _check_text(text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise Malformed("its `text` is no text, or an empty one")
    if len(text) > MOST_TEXT:
        raise Malformed(f"its `text` has {len(text):,} characters, of which {MOST_TEXT:,} fit: cut it")
    if not is_whole(text):
        raise Malformed(f"its `text` {_HALF}")


def _check_talk(record: dict[str, Any]) -> None:
    messages = record.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Malformed("it has neither `messages` nor `text`")
    for number, message in enumerate(messages, 1):
        _check_message(message, number)
    if not any(message["role"] == "assistant" for message in messages):
        raise Malformed("no message is the assistant's")
    if not isinstance(record.get("unmask") or False, bool):
        raise Malformed("`unmask` is neither true nor false")


def _check_message(message: Any, number: int) -> None:
    if not isinstance(message, dict) or not isinstance(message.get("content"), str):
        raise Malformed(f"message {number} has no text as its `content`")
    if message.get("role") not in _ROLES:
        raise Malformed(f"message {number} has the role {message.get('role')!r}")
    # One that is null is none: so writes whoever writes all rows with the same keys.
    thoughts = [message[name] for name in THOUGHTS if message.get(name) is not None]
    if not all(isinstance(thought, str) for thought in thoughts):
        raise Malformed(f"message {number} has a thought that is no text")
    if not all(map(is_whole, (message["content"], *thoughts))):
        raise Malformed(f"message {number} {_HALF}")


def is_whole(text: str) -> bool:
    """Whether a text can be written: halves of characters cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def make_row(record: dict[str, Any], **more: str) -> Row:
    """The row of a record; `more` says where it came from."""
    if _is_text(record):
        return Row(str(record.get("id", "")), (), unmask=False, text=record["text"], **more)
    names = ("role", "content", *THOUGHTS)
    messages = tuple(
        {name: message[name] for name in names if message.get(name) is not None}
        for message in record["messages"]
    )
    return Row(str(record.get("id", "")), messages, record.get("unmask") or False, **more)
