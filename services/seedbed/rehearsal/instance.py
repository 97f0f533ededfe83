"""The smallest instance of a JSON schema: the answer to schemas that the rehearsal has no rule for.

Knows the part of JSON Schema that reply schemas are written in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seedbed.rehearsal.seeded_random import SeededRandom

_TEXTS = ("A rehearsed text, number {}.", "Text {} stands here for the trial.", "Rehearsal line {}.")
_DEEPEST = 24
Schema = Mapping[str, Any]


def make_instance(schema: Schema, rng: SeededRandom) -> Any:
    """A value that the schema allows."""
    return _value(schema, schema, rng, 0)


def _value(schema: Schema, root: Schema, rng: SeededRandom, depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    fixed = [schema[key] for key in ("const", "default") if key in schema]
    if fixed or schema.get("enum"):
        return fixed[0] if fixed else rng.pick(list(schema["enum"]))
    inner = _inner(schema, root)
    if inner is not None:
        return _value(inner, root, rng, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "null")
    return _typed(kind[0] if isinstance(kind, list) and kind else kind, schema, root, rng, depth)


def _inner(schema: Schema, root: Schema) -> Schema | None:
    """The schema that this one stands for, where it only points or chooses."""
    if "$ref" in schema:
        return _follow(str(schema["$ref"]), root)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return dict(schema[key][0])
    if schema.get("allOf"):
        merged = {name: part for each in schema["allOf"] for name, part in each.items()}
        return {**merged, **{name: part for name, part in schema.items() if name != "allOf"}}
    return None


def _typed(kind: str, schema: Schema, root: Schema, rng: SeededRandom, depth: int) -> Any:
    value: Any = None
    match kind:
        case "object":
            properties = schema.get("properties", {})
            wanted = schema.get("required", list(properties))
            value = {name: _value(properties.get(name, {}), root, rng, depth + 1) for name in wanted}
        case "array":
            entry, number = schema.get("items", {"type": "string"}), max(int(schema.get("minItems", 1)), 0)
            value = [_value(entry, root, rng, depth + 1) for _ in range(number)]
        case "string":
            value = _text(schema, rng)
        case "integer":
            value = int(_number(schema))
        case "number":
            value = float(_number(schema))
        case "boolean":
            value = bool(rng.below(2))
    return value


def _text(schema: Schema, rng: SeededRandom) -> str:
    if schema.get("format") in ("date", "date-time"):
        return "2000-01-01" if schema["format"] == "date" else "2000-01-01T00:00:00Z"
    text = rng.pick(_TEXTS).format(rng.below(100_000))
    while len(text) < int(schema.get("minLength", 0)):
        text += " " + rng.pick(_TEXTS).format(rng.below(100_000))
    return text[: int(schema["maxLength"])] if "maxLength" in schema else text


def _number(schema: Schema) -> float:
    step = float(schema.get("multipleOf", 1))
    if "exclusiveMinimum" in schema:
        return float(schema["exclusiveMinimum"]) + step
    least = float(schema.get("minimum", 0))
    return min(least, float(schema["maximum"])) if "maximum" in schema else least


def _follow(reference: str, root: Schema) -> Schema:
    found: Any = root
    for part in re.sub(r"^#/?", "", reference).split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if part else found
    return found if isinstance(found, Mapping) else {}
