"""The package of a DOCX: a zip that is measured before it is opened, and its parts as trees.

Files in the strict form differ from the usual ones in their namespaces, so both are read by the same short
names: `name(element)` is `w:p` in either.
"""

import io
import posixpath
import zipfile
import zlib
from functools import lru_cache
from typing import Any

from lxml import etree

from seedbed.knowledge.documents.reading import UnreadableError

# An element of lxml, which comes without types.
Element = Any

MAX_MEMBER = 100 * 2**20
MAX_UNPACKED = 200 * 2**20
MAX_MEMBERS = 10_000

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_OPEN = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
_PREFIXES = {
    f"{_OPEN}wordprocessingml/2006/main": "w",
    f"{_STRICT}wordprocessingml/main": "w",
    f"{_OPEN}officeDocument/2006/math": "m",
    f"{_STRICT}officeDocument/math": "m",
    f"{_OPEN}drawingml/2006/main": "a",
    f"{_STRICT}drawingml/main": "a",
    f"{_OPEN}drawingml/2006/picture": "pic",
    f"{_STRICT}drawingml/picture": "pic",
    f"{_OPEN}drawingml/2006/chart": "c",
    f"{_STRICT}drawingml/chart": "c",
    f"{_OPEN}drawingml/2006/diagram": "dgm",
    f"{_STRICT}drawingml/diagram": "dgm",
    f"{_OPEN}markup-compatibility/2006": "mc",
    "http://schemas.microsoft.com/office/drawing/2014/chartex": "c",
    "urn:schemas-microsoft-com:vml": "v",
    "urn:schemas-microsoft-com:office:office": "o",
}
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@lru_cache(4096)
def _short(tag: str) -> str:
    space, _, local = tag.rpartition("}")
    return f"{_PREFIXES.get(space[1:], '?')}:{local}"


def name(element: Element) -> str:
    """The element's short name; `?:x` in a namespace that is not known."""
    return _short(element.tag)


def attribute(element: Element, wanted: str, default: str = "") -> str:
    """An attribute by its local name: strict files put it into another namespace."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == wanted:
            return str(value)
    return default


def child(element: Element | None, wanted: str) -> Element | None:
    """The first child of a name."""
    if element is not None:
        for inner in element:
            if name(inner) == wanted:
                return inner
    return None


def value(element: Element | None, wanted: str, default: str = "") -> str:
    """What the first child of a name has as its `val`."""
    inner = child(element, wanted)
    return default if inner is None else attribute(inner, "val", default)


def number(text: str, default: int = 0) -> int:
    """A whole number as it stands in an attribute."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        return default
    return int(text)


def is_on(element: Element | None) -> bool:
    """Whether a switch that is there is on: `<w:vanish/>`, but not `<w:vanish w:val="0"/>`."""
    return element is not None and attribute(element, "val", "true") not in ("0", "false", "off")


class Package:
    """The parts of a DOCX. Raises UnreadableError."""

    def __init__(self, content: bytes) -> None:
        check_zip(content)
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self._names = {_fold(member): member for member in self._archive.namelist()}
        targets = self._relationships("")
        self._main = targets.get("officeDocument", "word/document.xml")
        self._targets = self._relationships(self._main)

    def main(self) -> Element:
        """The root of the document's XML. Raises UnreadableError where there is none."""
        root = self._parse(self._main)
        if root is None:
            raise UnreadableError("it is not a DOCX file that can be opened: it has no document in it")
        if name(root) != "w:document":
            kind = etree.QName(root).localname
            raise UnreadableError(f"it is not a DOCX file that can be opened: its document is a {kind}")
        return root

    def related(self, kind: str) -> Element | None:
        """The part that the document names as its `styles`, `numbering`, `footnotes` and so on."""
        target = self._targets.get(kind)
        return self._parse(target) if target else None

    def _relationships(self, part: str) -> dict[str, str]:
        folder, file = posixpath.split(part)
        root = self._parse(posixpath.join(folder, "_rels", f"{file}.rels"))
        found: dict[str, str] = {}
        for relationship in root if root is not None else ():
            kind = relationship.get("Type", "").rpartition("/")[2]
            if relationship.get("TargetMode") != "External":
                target = relationship.get("Target", "").replace("\\", "/")
                found.setdefault(kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))
        return found

    def _parse(self, part: str) -> Element | None:
        member = self._names.get(_fold(part))
        if member is None:
            return None
        try:
            data = self._archive.read(member)
        except _BROKEN as error:
            raise UnreadableError(f"its part {part} cannot be unpacked: {error}") from None
        # No entities, no network, and libxml2's own limits of depth and length.
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise UnreadableError(f"its part {part} is not sound XML: {error}") from None
        if root.getroottree().docinfo.internalDTD is not None:
            raise UnreadableError(f"its part {part} defines entities, which no DOCX may")
        return root


def _fold(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").lower()


def check_zip(content: bytes) -> None:
    """Refuse an archive that would unpack beyond all measure."""
    if content.startswith(_OLD_OFFICE):
        raise UnreadableError(
            "it is not a DOCX file: it is locked with a password, or in Word's old format; "
            "save it as .docx without a password"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = [member.file_size for member in archive.infolist()]
    except _BROKEN as error:
        raise UnreadableError(f"it is not a DOCX file: {error}") from None
    if len(sizes) > MAX_MEMBERS or max(sizes, default=0) > MAX_MEMBER or sum(sizes) > MAX_UNPACKED:
        raise UnreadableError(
            f"it would unpack to {sum(sizes) / 2**20:.0f} MiB in {len(sizes)} parts; "
            f"at most {MAX_UNPACKED // 2**20} MiB, {MAX_MEMBER // 2**20} MiB a part, are opened"
        )
