"""YAML and JSON that callers send, such as recipes: measured before anything is built from it. Pure.

An error names its field's path, line and column, and for an unknown name the nearest that there is.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.formats.yaml_bounds import Meter, Refused

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path = tuple[int | str, ...]


class StrictModel(BaseModel):
    """Ground for configurations and their parts: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Config = TypeVar("Config", bound=StrictModel)


def read_config(
    text: str, what: str, model: type[Config], *, example: str, over: Mapping[str, Any] | None = None
) -> Config:
    """A configuration; `what` is what messages call it, and what is in `over` wins. Raises InputError.

    A text that says nothing is one without keys; `example` shows how keys are written.
    """
    values, root = _load(text, f"the {what}")
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise InputError(f"the {what} must be keys and values, such as `{example}`")
    over = over or {}
    try:
        return model.model_validate(_lay_over(values, over))
    except ValidationError as error:
        found = [_violation(what, model, one, over, root) for one in error.errors()]
        raise InputError(f"the {what} is not valid", found) from error


def read_yaml(text: str, what: str) -> Any:
    """The values of a text; `what` is what messages call it. Raises InputError."""
    return _load(text, what)[0]


def _load(text: str, what: str) -> tuple[Any, yaml.Node | None]:
    """The values, and the nodes that they were built from, which know their places."""
    try:
        _measure(text)
        # A SafeLoader: nothing but plain values is built.
        loader = _Loader(text)
        try:
            root: yaml.Node | None = loader.get_single_node()
            return None if root is None else loader.construct_document(root), root
        finally:
            loader.dispose()
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


def _fault(what: str, mark: yaml.Mark | None, problem: str) -> InputError:
    where = _place(mark) if mark else "the whole"
    return InputError(f"{what} is not YAML", [Violation(where, problem)])


def _place(mark: yaml.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _lay_over(values: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """The values with others over them; parts that are in both are merged."""
    merged = dict(values)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, dict):
            merged[key] = _lay_over(below, value)
        else:
            merged[key] = value
    return merged


def _is_in(over: Mapping[str, Any], path: Path) -> bool:
    """Whether what stands at a path came from there, and so has no place in the text."""
    value: object = over
    for step in path:
        if not isinstance(value, Mapping):
            return True
        if step not in value:
            return False
        value = value[step]
    return not isinstance(value, Mapping)


def _violation(
    what: str, model: type[BaseModel], found: ErrorDetails, over: Mapping[str, Any], root: yaml.Node | None
) -> Violation:
    path, unknown = found["loc"], found["type"] == "extra_forbidden"
    said = _advise(model, path) if unknown else found["msg"].removeprefix("Value error, ")
    mark = _find(root, path, of_key=unknown) if root and not _is_in(over, path) else None
    return Violation(".".join((what, *map(str, path))), f"{said} ({_place(mark)})" if mark else said)


def _find(root: yaml.Node, path: Path, *, of_key: bool) -> yaml.Mark | None:
    """Where a value or its key stands, or else what is nearest around it; None for the whole."""
    node, mark = root, None
    for step in path:
        match node:
            # Of keys that stand twice the last is the one that was read.
            case yaml.MappingNode():
                entries = [entry for entry in node.value if entry[0].value == str(step)]
            case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                entries = [(node.value[step], node.value[step])]
            case _:
                entries = []
        # What is missing has no place, nor has the name of one of several forms of a part.
        for key, value in entries[-1:]:
            node, mark = value, key.start_mark if of_key else value.start_mark
    return mark


def _advise(model: type[BaseModel], path: Path) -> str:
    """What to write instead of an unknown key."""
    known = _keys_at(model, path[:-1])
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"no such key; did you mean `{near[0]}`?" if near else f"no such key; there are {', '.join(known)}"


def _keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys there may be at a place."""
    models = [model]
    for step in path:
        fields = [field for one in models if (field := one.model_fields.get(str(step)))]
        models = [inner for field in fields for inner in _models_in(field.annotation)] or models
    return list(
        dict.fromkeys(field.alias or key for one in models for key, field in one.model_fields.items())
    )


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Those that an annotation names, such as the one in `tuple[Phase, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
