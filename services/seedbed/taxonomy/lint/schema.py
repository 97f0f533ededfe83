"""The schemas of `qna.yaml`, versions 1 to 3, and their failures in words. Knows no file system.

Version 1 asks least; 2 and 3 are the same for skills. For knowledge only 3 is
read. Our own addition: `document` may name files of the taxonomy itself, without `repo` and `commit`.
"""

import difflib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from seedbed.taxonomy.lint.findings import error
from seedbed.taxonomy.lint.positions import NonText, Parsed, Path
from seedbed.taxonomy.v1.taxonomy_service_pb2 import Finding

VERSIONS = (1, 2, 3)
KNOWLEDGE_VERSION = 3
_DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

# A text of white space alone teaches nothing: it counts as empty.
_TEXT: Schema = {"type": "string", "pattern": r"\S"}
_ANY_TEXT: Schema = {"type": "string"}


def _object(required: Schema, optional: Schema | None = None, *, open_: bool = False) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": open_,
    }


def _list(items: Schema, least: int, *, unique: bool = True) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "uniqueItems": unique}


_PAIR: Schema = {"question": _TEXT, "answer": _TEXT}
_DOCUMENT = _object({"patterns": _list(_TEXT, 1)}, {"repo": _ANY_TEXT, "commit": _ANY_TEXT})


def _version(number: int) -> tuple[Schema, Schema]:
    """What is required, and what may stand, of the version itself."""
    const: Schema = {"version": {"type": "integer", "const": number}}
    return ({}, const) if number == 1 else (const, {})


def _skill(number: int) -> Schema:
    required, optional = _version(number)
    strict = number > 1
    examples = _list(_object(_PAIR, {"context": _TEXT}), 5 if strict else 1, unique=strict)
    task = _TEXT if strict else _ANY_TEXT
    return _object(
        {**required, "created_by": _TEXT, "task_description": task, "seed_examples": examples}, optional
    )


def _knowledge() -> Schema:
    # Other keys in a pair are allowed by the schema; the rules warn of them.
    pairs = _list(_object(_PAIR, open_=True), 3)
    examples = _list(_object({"context": _TEXT, "questions_and_answers": pairs}), 5)
    texts = {"created_by": _TEXT, "domain": _TEXT, "document_outline": _TEXT}
    required, _ = _version(KNOWLEDGE_VERSION)
    return _object({**required, **texts, "seed_examples": examples, "document": _DOCUMENT})


@cache
def _validator(branch: str, version: int) -> Draft202012Validator:
    schema = _knowledge() if branch == "knowledge" else _skill(version)
    return Draft202012Validator({"$schema": _DRAFT, **schema})


def check_schema(parsed: Parsed, branch: str, file: str) -> Iterator[Finding]:
    """Every way in which a file is not what its version asks for."""
    if not isinstance(parsed.data, dict):
        yield error(file, parsed.place(()), "not-a-mapping", "the file must be `key: value` pairs")
        return
    version = parsed.data.get("version", 1)
    place = parsed.place(("version",))
    if type(version) is not int or version not in VERSIONS:
        yield error(file, place, "version", _wrong_version(version))
        return
    if branch == "knowledge" and version != KNOWLEDGE_VERSION:
        said = (
            f"version {version} is" if "version" in parsed.data else "a file without one counts as version 1,"
        )
        message = f"knowledge needs version {KNOWLEDGE_VERSION}; {said} no longer read"
        # What else an old form lacks would be asked of the wrong schema.
        yield error(file, place, "knowledge-version", message)
        return
    for failure in _validator(branch, version).iter_errors(parsed.data):
        yield from _tell(failure, parsed, file)


def _wrong_version(version: object) -> str:
    if isinstance(version, str) and version.strip() in map(str, VERSIONS):
        return f"the version is text here: write `version: {version.strip()}` without quotes"
    said = version.text if isinstance(version, NonText) else version
    return f"there is no version {said}: 1, 2 and 3 are, 3 is the current one"


def _tell(failure: ValidationError, parsed: Parsed, file: str) -> Iterator[Finding]:
    path: Path = tuple(failure.absolute_path)
    place = parsed.place(path)
    name = _name(path)
    instance: Any = failure.instance
    match failure.validator:
        case "required":
            # One failure a missing key; only the message names it.
            key = failure.message.split("'")[1]
            yield error(file, place, "missing-key", f"{name or 'the file'} misses `{key}`")
        case "additionalProperties":
            schema: Any = failure.schema
            for key in sorted(set(instance) - set(schema["properties"])):
                message = f"unknown key `{key}`{_meant(key, schema['properties'])}"
                yield error(file, parsed.key((*path, key)), "unknown-key", message)
        case "type":
            yield error(file, place, "wrong-type", _wrong_type(failure, parsed, path))
        case "pattern":
            yield error(file, place, "empty-text", f"{name} is empty")
        case "minItems":
            yield error(file, parsed.key(path), "too-few", _too_few(failure, path))
        case "uniqueItems":
            for first, second in _twice(instance):
                message = f"{name}[{second + 1}] says the same as {name}[{first + 1}]"
                yield error(file, parsed.place((*path, second)), "twice", message)
        case _:
            yield error(file, place, "schema", failure.message[:200])


def _meant(key: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, list(allowed), 1)
    return f": is `{close[0]}` meant?" if close else f"; there may be {', '.join(sorted(allowed))}"


def _wrong_type(failure: ValidationError, parsed: Parsed, path: Path) -> str:
    name = _name(path) or "the value"
    wanted = str(failure.validator_value)
    non_text = parsed.non_text.get(path)
    if wanted == "string" and non_text:
        if failure.instance is None:
            return f"{name} is empty"
        text = non_text.text if len(non_text.text) <= 40 else non_text.text[:37] + "…"
        return f'{name} must be text, and `{text}` is read as {non_text.kind}: put it in quotes, "{text}"'
    words = {"string": "text", "array": "a list", "object": "`key: value` pairs", "integer": "a whole number"}
    found = {str: "text", list: "a list", dict: "`key: value` pairs", type(None): "empty"}
    return (
        f"{name} must be {words[wanted]}, not {found.get(type(failure.instance), non_text and non_text.kind)}"
    )


def _too_few(failure: ValidationError, path: Path) -> str:
    nouns = {"seed_examples": "seed example", "questions_and_answers": "question-and-answer pair"}
    noun = nouns.get(str(path[-1]), "pattern")
    items: Any = failure.instance
    has, least = len(items), failure.validator_value
    where = _name(path[:-1]) or "the leaf"
    return f"{where} has {has} {noun}{'' if has == 1 else 's'}, needs at least {least}"


def _twice(items: list[Any]) -> Iterator[tuple[int, int]]:
    for second, item in enumerate(items):
        first = items.index(item)
        if first < second:
            yield first, second


def _name(path: Path) -> str:
    """`seed_examples[2].answer`: people count from 1."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
