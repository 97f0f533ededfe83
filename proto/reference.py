"""Write docs/reference.md from the contracts: `python proto/reference.py [--check]`."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from seedbed.bounds.v1.bounds_pb2 import bounds as declared
from seedbed.bounds.v1.bounds_pb2 import destructive

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
THIRD_PARTY = ROOT / ".build" / "third_party"
TARGET = ROOT / "docs" / "reference.md"
# The numbers under which a file keeps its services, messages and enums, and those keep their parts.
_SERVICES, _MESSAGES, _ENUMS, _PARTS = 6, 4, 5, 2

_HEADER = """\
# Reference

Written by `proto/reference.py` from the contracts in `proto/`; changes are lost. Every service also answers
to `grpc.health.v1.Health` and, unless `SEEDBED_REFLECTION` is false, to reflection. How to call them:
[api.md](api.md).

What a request's field may hold is in *italics*. Where nothing is said, a string has at most 1,024 bytes and
no control characters, bytes at most 1 MiB, a list at most 1,000 entries, and a number is finite, from 0 to
2,147,483,647.
"""


class Comments:
    """What is said in a file, by the place it is said of."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self.package = file.package
        self._said = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}

    def at(self, *path: int) -> str:
        """Of one place, as one line."""
        return " ".join(self._said.get(path, "").split())


def read_contracts() -> list[FileDescriptorProto]:
    """All contracts of ours, comments included."""
    names = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"-I{THIRD_PARTY}"]
        command += ["--include_source_info", f"--descriptor_set_out={out.name}", *names]
        subprocess.run(command, check=True)
        return list(FileDescriptorSet.FromString(Path(out.name).read_bytes()).file)


def write(files: Sequence[FileDescriptorProto]) -> str:
    """The page."""
    # Services first, as they are what is looked for.
    ordered = sorted(files, key=lambda file: (file.package, not file.service, file.name))
    parts = [_HEADER]
    package = ""
    for file in ordered:
        if file.package != package:
            package = file.package
            parts.append(f"\n## {package}\n")
        parts += _file(file)
    return "\n".join(parts).rstrip("\n") + "\n"


def _file(file: FileDescriptorProto) -> Iterator[str]:
    comments = Comments(file)
    for at, service in enumerate(file.service):
        yield f"### {service.name}\n"
        yield from _said(comments.at(_SERVICES, at))
        yield "| method | takes | answers | |\n|---|---|---|---|"
        for number, method in enumerate(service.method):
            yield _method(method, comments.at(_SERVICES, at, _PARTS, number))
        yield ""
    for at, message in enumerate(file.message_type):
        yield from _message(message, comments, at)
    for at, kinds in enumerate(file.enum_type):
        yield from _enum(kinds, comments, at)


def _method(method: MethodDescriptorProto, said: str) -> str:
    takes = f"{'stream of ' if method.client_streaming else ''}{_link(method.input_type)}"
    answers = f"{'stream of ' if method.server_streaming else ''}{_link(method.output_type)}"
    admin = " *Takes an administrator's token.*" if method.options.Extensions[destructive] else ""
    return f"| `{method.name}` | {takes} | {answers} | {said}{admin} |"


def _message(message: DescriptorProto, comments: Comments, at: int) -> Iterator[str]:
    yield f'<a id="{comments.package}.{message.name}"></a>\n\n#### {message.name}\n'
    yield from _said(comments.at(_MESSAGES, at))
    if not message.field:
        yield "Holds nothing.\n"
        return
    yield "| field | type | |\n|---|---|---|"
    for number, field in enumerate(message.field):
        said = " ".join(filter(None, (comments.at(_MESSAGES, at, _PARTS, number), _bounds(field))))
        yield f"| `{field.name}` | {_type(field, message)} | {said} |"
    yield ""


def _enum(kinds: EnumDescriptorProto, comments: Comments, at: int) -> Iterator[str]:
    yield f'<a id="{comments.package}.{kinds.name}"></a>\n\n#### {kinds.name}\n'
    yield from _said(comments.at(_ENUMS, at))
    yield "| value | number | |\n|---|---|---|"
    for number, value in enumerate(kinds.value):
        yield f"| `{value.name}` | {value.number} | {comments.at(_ENUMS, at, _PARTS, number)} |"
    yield ""


def _bounds(field: FieldDescriptorProto) -> str:
    """What a request's field may hold, where it is declared."""
    found = field.options.Extensions[declared]
    # In a table a bar ends the cell.
    pattern = found.pattern.replace("|", "\\|")
    parts = (
        "must be given" if found.required else "",
        f"at most {found.max_items:,} entries" if found.max_items else "",
        f"at most {found.max_bytes:,} bytes" if found.max_bytes else "",
        f"matches `{pattern}`" if pattern else "",
        f"at most {found.max:,.0f}" if found.max else "",
    )
    said = "; ".join(filter(None, parts))
    return f"*{said}*" if said else ""


def _said(text: str) -> Iterator[str]:
    if text:
        yield f"{text}\n"


def _type(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    entry = next((inner for inner in message.nested_type if field.type_name.endswith(f".{inner.name}")), None)
    if entry and entry.options.map_entry:
        key, value = entry.field
        return f"map of {_plain(key)} to {_plain(value)}"
    one_of = field.HasField("oneof_index") and not field.proto3_optional
    repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
    return f"{'repeated ' if repeated else 'one of: ' if one_of else ''}{_plain(field)}"


def _plain(field: FieldDescriptorProto) -> str:
    if field.type_name:
        return _link(field.type_name)
    return FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def _link(name: str) -> str:
    short = name.rpartition(".")[2]
    return f"[{short}](#{name[1:]})" if name.startswith(".seedbed.") else f"`{name[1:]}`"


if __name__ == "__main__":
    page = write(read_contracts())
    if "--check" in sys.argv:
        if not TARGET.exists() or TARGET.read_text() != page:
            sys.exit("docs/reference.md: not what the contracts give; run `make gen`")
    else:
        TARGET.write_text(page)
