"""The bounds of requests: what the contracts declare for each field, held before a service sees one. Pure.

A field that declares nothing is bounded by defaults, so none is forgotten.
"""

import math
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from seedbed.bounds.v1.bounds_pb2 import Bounds
from seedbed.bounds.v1.bounds_pb2 import bounds as declared
from seedbed.kernel.errors import InputError, Violation

STRING_BYTES = 1024
BYTES = 1 << 20
ITEMS = 1000
NUMBER = 2**31 - 1
_MOST_REPORTED = 20
"""Violations that are looked for: of a thousand equal ones nobody reads the rest."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check_bounds(request: Message) -> None:
    """Raises InputError where a field holds what it may not."""
    found = list(islice(_find_in_message(request, ""), _MOST_REPORTED))
    if found:
        first = found[0]
        more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
        raise InputError(f"{first.field} {first.description}{more}", found)


def _find_in_message(message: Message, place: str) -> Iterator[Violation]:
    for field, bounds in _bounded_fields(message.DESCRIPTOR):
        where, value = f"{place}{field.name}", getattr(message, field.name)
        if field.is_repeated:
            yield from _find_in_list(field, bounds, value, where)
        elif field.message_type is None:
            yield from _find_in_value(field, bounds, value, where)
        elif message.HasField(field.name):
            yield from _find_in_message(value, f"{where}.")
        elif bounds.required:
            yield Violation(where, "must be given")


def _find_in_list(field: FieldDescriptor, bounds: Bounds, values: Any, where: str) -> Iterator[Violation]:
    most = bounds.max_items or ITEMS
    if bounds.required and not values:
        yield Violation(where, "must have at least one entry")
    if len(values) > most:
        yield Violation(where, f"must have at most {most:,} entries, not {len(values):,}")
        return
    # Of a map there are its keys; no request has one with messages.
    for index, value in enumerate(values):
        at = f"{where}[{index}]"
        if isinstance(value, Message):
            yield from _find_in_message(value, f"{at}.")
        else:
            yield from _find_in_value(field, bounds, value, at)


def _find_in_value(field: FieldDescriptor, bounds: Bounds, value: Any, where: str) -> Iterator[Violation]:
    if not value and not field.is_repeated:
        if bounds.required:
            yield Violation(where, "must be given")
    elif isinstance(value, str):
        yield from _find_in_string(bounds, value, where)
    elif isinstance(value, bytes):
        yield from _find_too_long(len(value), bounds.max_bytes or BYTES, where)
    elif field.enum_type is not None:
        if value not in field.enum_type.values_by_number:
            yield Violation(where, f"must be a value of {field.enum_type.name}, not {value}")
    else:
        yield from _find_in_number(bounds, value, where)


def _find_in_string(bounds: Bounds, value: str, where: str) -> Iterator[Violation]:
    size = len(value.encode("utf-8", "replace"))
    if size > (most := bounds.max_bytes or STRING_BYTES):
        yield from _find_too_long(size, most, where)
    elif not bounds.text and (found := _CONTROL.search(value)):
        yield Violation(where, f"must have no control characters, as U+{ord(found[0]):04X}")
    elif bounds.text and (found := _CONTROL_IN_TEXT.search(value)):
        yield Violation(where, f"must have no control characters but line breaks, as U+{ord(found[0]):04X}")
    elif bounds.pattern and not re.fullmatch(bounds.pattern, value):
        yield Violation(where, f"must be of the form {bounds.pattern}, not {_short(value)}")


def _find_too_long(size: int, most: int, where: str) -> Iterator[Violation]:
    if size > most:
        yield Violation(where, f"must have at most {most:,} bytes, not {size:,}")


def _find_in_number(bounds: Bounds, value: float, where: str) -> Iterator[Violation]:
    most = bounds.max or NUMBER
    if not math.isfinite(value):
        yield Violation(where, f"must be a number, not {value}")
    elif not 0 <= value <= most:
        yield Violation(where, f"must be 0 to {most:,.0f}, not {value:,}")


def _short(value: str) -> str:
    return repr(value if len(value) <= 80 else f"{value[:79]}…")


@cache
def _bounded_fields(descriptor: Descriptor) -> list[tuple[FieldDescriptor, Bounds]]:
    return [(field, _bounds_of(field)) for field in descriptor.fields]


def _bounds_of(field: FieldDescriptor) -> Bounds:
    # Google's own messages declare nothing of ours.
    if field.full_name in ("google.protobuf.Duration.nanos", "google.protobuf.Timestamp.nanos"):
        return Bounds(max=999_999_999)
    return field.GetOptions().Extensions[declared]
