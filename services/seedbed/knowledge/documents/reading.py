"""What a reader gives, what it refuses, and which reader takes which media type.

A reader's own version is raised whenever its code changes the text it gives; together with its library's
version it names the converter, so that a stored text always says what made it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import cast

# Exit statuses of the child process for what is the document's fault.
UNREADABLE = 65
OUT_OF_MEMORY = 66


class UnreadableError(Exception):
    """The document cannot become text; the message says why, and what to do."""


@dataclass(frozen=True)
class Reading:
    """A document's text, where in it each page starts (none where the source has no pages), and notes.

    A note is a sentence about what of the document is not in the text, and what to do: it is reported with
    the run, after the document's name, so it begins in lower case and names no document.
    """

    text: str
    pages: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def note_left_out(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The note on what was left out of a text, by what it is called: `comment`, `picture`."""
    found = sorted((what, count) for what, count in counts.items() if count)
    parts = [f"{count:,} {what}{'s' if count > 1 else ''}" for what, count in found]
    return (f"left out: {', '.join(parts)}",) if parts else ()


@dataclass(frozen=True)
class Converter:
    """One reader: the module that holds its `read`, its version, and the distribution it stands on."""

    module: str
    version: int
    library: str = ""

    @property
    def name(self) -> str:
        """Name and version, fit for a key in the store: `pdf-1+pypdfium2-5.15.2`."""
        name = f"{self.module}-{self.version}"
        return f"{name}+{self.library}-{_installed(self.library)}" if self.library else name

    def read(self, content: bytes) -> Reading:
        """Turn a document's bytes into text; raises UnreadableError."""
        return cast(Callable[[bytes], Reading], self.load().read)(content)

    def load(self) -> ModuleType:
        """Its module, imported only here, so that a Markdown file never pays for the PDF library."""
        return import_module(f"seedbed.knowledge.documents.{self.module}")


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

CONVERTERS = {
    "text/markdown": Converter("plain", 2),
    "text/plain": Converter("plain", 2),
    "text/html": Converter("html", 2, "selectolax"),
    "application/pdf": Converter("pdf", 2, "pypdfium2"),
    DOCX: Converter("docx", 2, "lxml"),
}


def converter_for(media_type: str) -> Converter:
    """Find the reader of a media type; raises UnreadableError for one that none takes."""
    essence = media_type.partition(";")[0].strip().lower()
    if essence not in CONVERTERS:
        raise UnreadableError(
            f"media type {media_type or '(none)'} is not one that can be read: {', '.join(CONVERTERS)}"
        )
    return CONVERTERS[essence]


def _installed(library: str) -> str:
    # A third of the time that a stem takes to start, and it asks for no version.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version(library)
    except PackageNotFoundError:
        raise UnreadableError(
            f"{library} is not installed: install seedbed with its `documents` extra"
        ) from None
