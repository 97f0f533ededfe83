"""Markdown and plain text: kept as they are, but for what is no text or makes equal texts unequal.

Front matter and files written into the text as data URIs are left out. The policy: UTF-8 (or UTF-16 with its
mark), no byte order mark, line ends as LF, Unicode in NFC, no control characters but tab and LF. Spans count
in the text that comes out.
"""

import codecs
import re
import unicodedata

from . import data_uris, front_matter
from .reading import Reading, UnreadableError

_LINE_END = re.compile(r"\r\n?|\f")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def read(content: bytes) -> Reading:
    text = normalise(decode(content))
    return Reading(data_uris.leave_out(text[front_matter.length(text) :]))


def decode(content: bytes) -> str:
    """Decode a text file, or say on which line it is not text."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\x00" in content:
        raise UnreadableError(f"it is binary, not text (a zero byte at {content.index(0)})")
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            f"line {line} is not valid {encoding.removesuffix('-sig').upper()} (byte {error.start}); "
            "save the file as UTF-8"
        ) from None


def normalise(text: str) -> str:
    """Apply the policy to a text already decoded."""
    return unicodedata.normalize("NFC", _CONTROL.sub("", _LINE_END.sub("\n", text)))
