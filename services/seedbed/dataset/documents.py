"""The documents a dataset rests on: where each is from, whose it is and under what licence. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from seedbed.dataset.parts import LeafPart

_SIGN_IN = re.compile(r"^(?:(https?://)[^/@]*|([a-z][a-z0-9+.-]*://)[^/@:]*:[^/@]*)@", re.IGNORECASE)
_LICENCE_LINE = re.compile(r"^\W*licen[cs]e[^:\n]*:[ \t]*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
# Names the hub knows, by what people write once case, spaces and a word for "licence" are gone.
_KNOWN = {
    "cc0": "cc0-1.0",
    "apache": "apache-2.0",
    **{
        name: name
        for name in (
            *("apache-2.0", "mit", "cc0-1.0", "bsd-2-clause", "bsd-3-clause", "gfdl", "mpl-2.0"),
            *(
                f"cc-by{terms}-{number}"
                for terms in ("", "-sa", "-nc", "-nc-sa")
                for number in ("3.0", "4.0")
            ),
        )
    },
}


@dataclass(frozen=True, slots=True, order=True)
class Document:
    """One source document as the taxonomy names it."""

    repo: str
    path: str
    commit: str
    blob: str
    attribution: str

    @property
    def licence(self) -> str:
        """The licence its attribution states, as it is written; "" where it states none."""
        found = _LICENCE_LINE.search(self.attribution)
        return found[1] if found else ""


@dataclass(slots=True)
class Documents:
    """All documents of a dataset, each with the leaves that rest on it."""

    _leaves: dict[Document, set[str]] = field(default_factory=dict)

    def add(self, leaf: LeafPart) -> None:
        """Take in the documents of one leaf's candidates and augmentations."""
        for source in leaf.survey.documents.values():
            document = Document(
                repo=hide_sign_in(source.repo),
                path=source.document,
                commit=source.commit,
                blob=source.blob,
                attribution=source.attribution.strip(),
            )
            self._leaves.setdefault(document, set()).add(leaf.part.path)

    def __iter__(self) -> Iterator[tuple[Document, list[str]]]:
        """Each document with its leaves, in an order of their own."""
        return iter([(document, sorted(self._leaves[document])) for document in sorted(self._leaves)])

    def common_licence(self) -> str:
        """The hub's name of the licence that all of them state; "" where they differ or we do not know it."""
        names = {normalise_licence(document.licence) for document in self._leaves}
        return names.pop() if len(names) == 1 else ""


def normalise_licence(text: str) -> str:
    """The hub's name for a licence as people write it; "" where it is not one we know."""
    words = re.sub(r"\b(licen[cs]e|version)\b", " ", text.casefold())
    return _KNOWN.get(re.sub(r"[\s_-]+", "-", words).strip("-., "), "")


def hide_sign_in(address: str) -> str:
    """A git address without the token, or user and password, in it."""
    return _SIGN_IN.sub(r"\1\2", address)
