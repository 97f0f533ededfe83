import io
import zipfile

import pytest

from seedbed.taxonomy.media import DOCX, PDF, content_fault, media_type


def test_kinds_go_by_the_end_of_the_name():
    assert media_type("a/b.MD") == "text/markdown"
    assert media_type("a.pdf") == PDF
    assert media_type("a.tar.gz") == media_type("README") == media_type(".md") == ""


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        # Of a fixed date: by now, two workers would collect tests of different names.
        opened.writestr(zipfile.ZipInfo("x"), "y")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "kind", "fault"),
    [
        (b"# Birds\n", "text/markdown", ""),
        ("# 새\n".encode(), "text/plain", ""),
        (b"\xef\xbb\xbfx", "text/plain", ""),
        (b"", "text/markdown", "is empty"),
        (b" \n\n", "text/plain", "is empty"),
        ("\ufeff\u00a0\n".encode(), "text/plain", "is empty"),
        (b"", PDF, "is empty"),
        (b"\0" * 2000, "text/plain", "is empty"),
        (b"text\0text", "text/plain", "binary: byte 4"),
        (b"\x89PNG\r\n\x1a\n", "text/markdown", "a PNG image"),
        (b"%PDF-1.7\n", "text/markdown", "a PDF"),
        (archive(), "text/html", "a zip archive"),
        (bytes(range(1, 32)) * 20 + b"\xff\xfe\x80", "text/plain", "is binary"),
        ("birds".encode("utf-16"), "text/plain", "UTF-16"),
        (b"one\ntwo \xe9t\xe9\n", "text/plain", "byte 8 (0xe9, line 2)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "text/markdown", "Git LFS"),
        (b"%PDF-1.7\n", PDF, ""),
        (b"text", PDF, "is named as a PDF"),
        (archive(), DOCX, ""),
        (b"\xd0\xcf\x11\xe0" + bytes(100), DOCX, "locked with a password, or in Word's old format"),
        ("<meta charset=windows-1251><p>Насос".encode("cp1251"), "text/html", ""),
        ("<p>Насос, который работает".encode("cp1251"), "text/html", "is not UTF-8"),
        (b"<meta charset=utf-8>\0", "text/html", "binary: byte 20"),
        (b"text", DOCX, "is named as a DOCX"),
    ],
)
def test_bytes_are_what_the_name_says(data, kind, fault):
    found = content_fault(data, kind)
    assert fault in found
    assert bool(found) == bool(fault)
