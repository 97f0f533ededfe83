"""Kinds of documents: by name, and whether the bytes are what the name says. Pure."""

import re
from pathlib import PurePosixPath

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
PDF = "application/pdf"

_TYPES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".html": HTML,
    ".htm": HTML,
    ".pdf": PDF,
    ".docx": DOCX,
}
SUFFIXES = tuple(_TYPES)

_MAGIC = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x7fELF": "a program",
}
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=", re.IGNORECASE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Control characters that text may well hold: tab, line ends, form feed, escape of the terminal.
_PLAIN = frozenset(range(32, 256)) | set(b"\t\n\r\f\x0b\x1b")
_LFS = b"version https://git-lfs.github.com/spec/"


def media_type(path: str) -> str:
    """The media type by the name's end, or nothing where such files are not read."""
    return _TYPES.get(PurePosixPath(path).suffix.lower(), "")


def content_fault(data: bytes, kind: str) -> str:
    """Why a document's bytes are not used, or nothing."""
    if data.startswith(_LFS):
        return "is a pointer of Git LFS, not the document: commit the file itself"
    if not data.strip(b"\x00 \t\r\n\f\v\xef\xbb\xbf"):
        return "is empty"
    if kind == PDF:
        return "" if b"%PDF-" in data[:1024] else "is named as a PDF and is none"
    if kind == DOCX:
        return _docx_fault(data)
    # A page may say itself which letters its bytes are.
    named = kind == HTML and _CHARSET.search(data[:2048]) and b"\x00" not in data
    return "" if named and not data.startswith(_UTF16) else _text_fault(data)


def _docx_fault(data: bytes) -> str:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return "is locked with a password, or in Word's old format: save it as .docx without a password"
    return "" if data.startswith(b"PK\x03\x04") else "is named as a DOCX and is none"


def _text_fault(data: bytes) -> str:
    if data.startswith(_UTF16):
        return "is UTF-16: save it as UTF-8"
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            return f"is named as text and is {what}"
    if b"\x00" in data:
        return f"is named as text and is binary: byte {data.index(0)} is 0x00"
    try:
        text = data.decode()
    except UnicodeDecodeError as broken:
        if sum(byte not in _PLAIN for byte in data[:8192]) > len(data[:8192]) // 20:
            return "is named as text and is binary"
        line = data[: broken.start].count(b"\n") + 1
        byte = data[broken.start]
        return f"is not UTF-8: byte {broken.start} (0x{byte:02x}, line {line}); save it as UTF-8"
    return "" if text.strip("\ufeff \t\r\n\f\v\u200b\u00a0") else "is empty"
