"""YAML and JSON that callers send, such as recipes: measured before anything is built from it. Pure."""

from typing import Any

import yaml

from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.formats.yaml_bounds import Meter, Refused

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str, what: str) -> Any:
    """The values of a text; `what` is what messages call it. Raises InputError."""
    try:
        _measure(text)
        # A SafeLoader: nothing but plain values is built.
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except Refused as refused:
        raise _fault(what, refused.mark, refused.message) from refused
    except yaml.MarkedYAMLError as error:
        raise _fault(what, error.problem_mark or error.context_mark, error.problem or str(error)) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # Such as a number with more digits than Python reads, or the 31st of February.
        raise InputError(f"{what} is not YAML: {error}") from error


def _measure(text: str) -> None:
    meter = Meter()
    for event in yaml.parse(text, Loader=_Loader):
        meter.count(event)
        if isinstance(event, yaml.ScalarEvent) and (fault := _fault_of(event.value)):
            raise Refused("yaml-character", fault, event.start_mark)


def _fault_of(value: str) -> str:
    """Characters that only escapes can bring in, and that nothing behind us takes."""
    for character in value:
        code = ord(character)
        if (code < 32 and character not in "\n\r\t") or 0xD800 <= code <= 0xDFFF:
            return f"the character U+{code:04X} cannot stand in a text"
    return ""


def _fault(what: str, mark: Any, problem: str) -> InputError:
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the whole"
    return InputError(f"{what} is not YAML", [Violation(where, problem)])
