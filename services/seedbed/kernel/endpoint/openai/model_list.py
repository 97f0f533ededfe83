"""The models that an endpoint lists, in whichever form, and which of them is meant by a name. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

# What a model's context window is called: by vLLM, OpenRouter and Together, Mistral and LM Studio, Groq.
_WINDOWS = ("max_model_len", "context_length", "max_context_length", "context_window")


@dataclass(frozen=True, slots=True)
class Row:
    """A model of the list. `context` is its window in tokens, 0 where the list does not say."""

    name: str
    context: int = 0


def rows_of(listed: Any) -> dict[str, Row]:
    """The models of a list by name; none where it is of no form that is known."""
    rows = listed
    if isinstance(listed, Mapping):
        rows = listed.get("data", listed.get("models"))
    if not isinstance(rows, list):
        return {}
    return {row.name: row for one in rows if isinstance(one, Mapping) for row in _read(one)}


def _read(one: Mapping[str, Any]) -> Iterable[Row]:
    context = next((value for name in _WINDOWS if isinstance(value := one.get(name), int)), 0)
    names = [one.get("id") or one.get("name") or one.get("model"), *(one.get("aliases") or ())]
    return [Row(name, context) for name in names if isinstance(name, str)]


def find_model(model: str, rows: Mapping[str, Row]) -> Row | None:
    """The model that is meant: by its name, without a prefix or tag of the list, or by a wildcard."""
    if model in rows:
        return rows[model]
    wanted = _plain(model)
    alike = [row for row in rows.values() if wanted in (plain := _plain(row.name), plain.partition(":")[0])]
    base = [row for row in rows.values() if _plain(row.name).partition(":")[0] == wanted.partition(":")[0]]
    wild = [row for row in rows.values() if "*" in row.name and fnmatchcase(wanted, _plain(row.name))]
    return next(iter(alike or base or wild), None)


def _plain(name: str) -> str:
    return name.casefold().removeprefix("models/").removesuffix(":latest")
