"""One YAML file as plain data, with the place of every value. Knows no schema and never builds an object."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from seedbed.kernel.formats.yaml_bounds import Meter, Refused
from seedbed.taxonomy.lint.findings import Place, error, warning
from seedbed.taxonomy.v1.taxonomy_service_pb2 import Finding

MAX_BYTES = 1 << 20

Path = tuple[str | int, ...]

# The C loader is several times as fast; its findings and places are the same.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRING = "tag:yaml.org,2002:str"


@dataclass(frozen=True)
class NonText:
    """A value that YAML 1.1 reads as something other than text: what it was, and as what."""

    text: str
    kind: str


@dataclass
class Parsed:
    """Data with its places. `data` is None where the file could not be read."""

    data: Any = None
    # Where a value begins, and where its key does.
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    # What was written where the value is not text.
    non_text: dict[Path, NonText] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Where a value begins, or the nearest thing around it that has a place."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Place())

    def key(self, path: Path) -> Place:
        """Where a value's key stands."""
        return self.keys.get(path) or self.place(path)


def read_yaml(raw: bytes, file: str) -> Parsed:
    """Read a file's bytes. What is wrong comes as findings, never as an exception."""
    parsed = Parsed()
    text = decode(raw, file, parsed.findings)
    if text is None:
        return parsed
    parsed.findings += _look(text, file)
    try:
        root = _compose(text)
        parsed.values[()] = _place(root.start_mark)
        parsed.data = _walk(root, (), parsed, file)
    except Refused as refused:
        parsed.findings.append(error(file, _place(refused.mark), refused.rule, refused.message))
    except yaml.reader.ReaderError as broken:
        place = Place(*_line_column(text, text.find(chr(broken.character))))
        message = f"the character U+{broken.character:04X} is not allowed in YAML; take it out"
        parsed.findings.append(error(file, place, "yaml-syntax", message))
    except yaml.MarkedYAMLError as broken:
        place = _place(broken.problem_mark or broken.context_mark)
        # Its scanner reads ahead, and may refuse a depth before we have seen of it.
        rule = "yaml-depth" if "nesting depth" in str(broken.problem) else "yaml-syntax"
        parsed.findings.append(error(file, place, rule, _words(broken, text, place)))
    return parsed


def decode(raw: bytes, file: str, findings: list[Finding]) -> str | None:
    """Bytes as text; None, and a finding, where they are not UTF-8."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        findings.append(error(file, Place(), "encoding", "the file is UTF-16; save it as UTF-8"))
        return None
    if raw.startswith(b"\xef\xbb\xbf"):
        findings.append(warning(file, Place(), "byte-order-mark", "a byte-order mark begins the file"))
    try:
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as broken:
        before = raw[: broken.start].decode()
        line, column = _line_column(before, len(before))
        message = f"byte {broken.start} (0x{raw[broken.start]:02x}) is not UTF-8; save the file as UTF-8"
        findings.append(error(file, Place(line, column), "encoding", message))
        return None


def _line_column(text: str, index: int) -> tuple[int, int]:
    before = text[: max(index, 0)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _look(text: str, file: str) -> Iterator[Finding]:
    """Untidy, but harmless."""
    if not text.strip():
        return
    lines = text.split("\n")
    crlf = next((n for n, line in enumerate(lines, 1) if line.endswith("\r")), 0)
    if crlf:
        yield warning(file, Place(crlf), "line-endings", "lines end in CR LF; LF alone is usual")
    bare = [line.rstrip("\r") for line in lines]
    trailing = [number for number, line in enumerate(bare, 1) if line != line.rstrip(" \t")]
    if trailing:
        place = Place(trailing[0], len(bare[trailing[0] - 1].rstrip(" \t")) + 1)
        more = f" and {len(trailing) - 1} more" if len(trailing) > 1 else ""
        yield warning(file, place, "trailing-spaces", f"white space ends this line{more}")
    if lines[-1]:
        yield warning(file, Place(len(lines), len(bare[-1]) + 1), "no-newline", "no newline ends the file")
    last = len(text.rstrip().split("\n"))
    if len(lines) > last + 1:
        yield warning(file, Place(last + 1), "trailing-lines", "blank lines end the file")


def _compose(text: str) -> yaml.Node:
    meter = Meter()
    documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise Refused("yaml-documents", "a second YAML document begins here", event.start_mark)
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", _STRING):
            raise Refused("yaml-tag", f"the tag {tag} is not read: write plain values", event.start_mark)
        meter.count(event)
    root = yaml.compose(text, Loader=_Loader)
    if root is None:
        raise Refused("empty-file", "the file is empty")
    return root


def _walk(node: yaml.Node, path: Path, parsed: Parsed, file: str) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_enter(child, (*path, index), parsed, file) for index, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, parsed, file)
    return _scalar(node, path, parsed) if isinstance(node, yaml.ScalarNode) else None


def _enter(node: yaml.Node, path: Path, parsed: Parsed, file: str) -> Any:
    parsed.values[path] = _place(node.start_mark)
    return _walk(node, path, parsed, file)


def _mapping(node: yaml.MappingNode, path: Path, parsed: Parsed, file: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        place = _place(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            message = "a key must be a word, not a list or mapping"
            parsed.findings.append(error(file, place, "yaml-key", message))
            continue
        key = key_node.value
        if key in found:
            message = f"`{_short(key)}` stands twice; the first is in line {parsed.keys[*path, key].line}"
            parsed.findings.append(error(file, place, "duplicate-key", message))
            continue
        parsed.keys[*path, key] = place
        found[key] = _enter(value_node, (*path, key), parsed, file)
    return found


def _scalar(node: yaml.ScalarNode, path: Path, parsed: Parsed) -> Any:
    kind = node.tag.rpartition(":")[2]
    text: str = node.value
    # `=` and `<<` are signs of YAML 1.1 that nobody means here.
    if kind in ("str", "value", "merge"):
        return text
    names = {"bool": "a boolean", "int": "a number", "float": "a number", "timestamp": "a date"}
    non_text = NonText(text, names.get(kind, "nothing"))
    parsed.non_text[path] = non_text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("yes", "true", "on")
    if kind == "int" and re.fullmatch(r"[-+]?\d{1,9}", text):
        return int(SafeConstructor().construct_yaml_int(node))
    # Anything else is wrong wherever it stands, so what was written is all that matters.
    return non_text


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place()


def _words(broken: yaml.MarkedYAMLError, text: str, place: Place) -> str:
    said = ", ".join(part for part in (broken.context, broken.problem) if part)
    if "\t" in (text.split("\n")[place.line - 1 : place.line] or [""])[0][: place.column]:
        said += " (YAML is indented with spaces, not tabs)"
    elif "mapping values are not allowed" in said:
        said += " (text with `: ` in it needs quotes, or `|` and a line of its own)"
    return f"not YAML: {said}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
