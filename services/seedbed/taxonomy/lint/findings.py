"""Findings: what is wrong in a taxonomy, where, and in which words. Knows no file and no rule."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from seedbed.kernel.errors import InputError, Violation
from seedbed.taxonomy.v1.taxonomy_service_pb2 import (
    SEVERITY_ERROR,
    SEVERITY_WARNING,
    Finding,
)

# An error's details travel in a header of gRPC, which holds 8 KiB.
_LISTED = 40
_ROOM = 5000


class Place(NamedTuple):
    """A place in a file; lines and columns count from 1."""

    line: int = 1
    column: int = 1


def error(file: str, place: Place, rule: str, message: str) -> Finding:
    """Something that refuses the taxonomy."""
    return _finding(file, place, SEVERITY_ERROR, rule, message)


def warning(file: str, place: Place, rule: str, message: str) -> Finding:
    """Something to know."""
    return _finding(file, place, SEVERITY_WARNING, rule, message)


def _finding(file: str, place: Place, severity: int, rule: str, message: str) -> Finding:
    return Finding(
        file=printable(file),
        line=place.line,
        column=place.column,
        severity=severity,  # type: ignore[arg-type]
        rule=rule,
        message=printable(message),
    )


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """Those that refuse the taxonomy."""
    return [finding for finding in findings if finding.severity == SEVERITY_ERROR]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By file and place, each once."""
    once = {(f.file, f.line, f.column, -f.severity, f.rule, f.message): f for f in findings}
    return [once[key] for key in sorted(once)]


def refusal(errors: list[Finding]) -> InputError:
    """The error that carries findings to a caller."""
    files = len({finding.file for finding in errors})
    count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    violations: list[Violation] = []
    room = _ROOM
    for finding in errors[:_LISTED]:
        room -= finding.ByteSize()
        if violations and room < 0:
            break
        violations.append(Violation(f"{finding.file}:{finding.line}:{finding.column}", finding.message))
    listed = f"; the first {len(violations)} are listed" if len(violations) < len(errors) else ""
    return InputError(
        f"the taxonomy has {count} in {files} file{'s' if files > 1 else ''}{listed}",
        violations,
        hint="mend what is listed; `seedbed taxonomy lint` lists all",
    )


def printable(text: str) -> str:
    """Text with everything a terminal would act on, and every broken character, shown as an escape."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )


def severity_name(finding: Finding) -> str:
    """`error` or `warning`."""
    return "error" if finding.severity == SEVERITY_ERROR else "warning"


def format_text(findings: Iterable[Finding]) -> str:
    """One line each: `file:line:column: severity: message [rule]`."""
    return "".join(
        f"{f.file}:{f.line}:{f.column}: {severity_name(f)}: {f.message} [{f.rule}]\n" for f in findings
    )


def format_json(findings: Iterable[Finding]) -> str:
    """A JSON list of objects."""
    rows = [
        {
            "file": f.file,
            "line": f.line,
            "column": f.column,
            "severity": severity_name(f),
            "rule": f.rule,
            "message": f.message,
        }
        for f in findings
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"


_DATA: Mapping[int, str] = {ord("%"): "%25", ord("\r"): "%0D", ord("\n"): "%0A"}
_PROPERTY: Mapping[int, str] = {**_DATA, ord(":"): "%3A", ord(","): "%2C"}


def format_github(findings: Iterable[Finding]) -> str:
    """Workflow commands that GitHub shows beside the lines of a change."""
    return "".join(
        f"::{severity_name(f)} file={f.file.translate(_PROPERTY)},line={f.line},col={f.column},"
        f"title={f.rule.translate(_PROPERTY)}::{f.message.translate(_DATA)}\n"
        for f in findings
    )
