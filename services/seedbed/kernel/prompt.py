"""Prompts: a versioned template and the schema its reply must have."""

import contextlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Generic, TypeVar

from jinja2 import Environment, StrictUndefined, Template
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from seedbed.kernel.digest import canonical_json, sha256_hex
from seedbed.kernel.errors import MalformedReply

ReplyT = TypeVar("ReplyT", bound=BaseModel)
Message = dict[str, str]

# As loosely as a model might read one: `</ Document >` ends a section in its eyes.
_TAG = re.compile(r"<(?=\s*/?\s*[a-z_]+\s*/?>)", re.IGNORECASE)
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
# A reply that opens more objects than this is noise, and reading on costs seconds.
_MOST_STARTS = 1000


def neutralise(text: str) -> str:
    """Put a space into whatever looks like one of our tags, so that data cannot end its own section."""
    # `str` makes a value that is missing say its name.
    return _TAG.sub("< ", str(text))


_ENVIRONMENT = Environment(
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=False,
    autoescape=False,  # noqa: S701  prompts are plain text; `data` is their guard
)
_ENVIRONMENT.filters["data"] = neutralise


@dataclass(frozen=True)
class Prompt(Generic[ReplyT]):
    """A template with the blocks `system` and `user`, and the model of its reply."""

    name: str
    source: str
    reply: type[ReplyT]

    @classmethod
    def load(cls, package: str, name: str, reply: type[ReplyT]) -> "Prompt[ReplyT]":
        """Read `prompts/<name>.jinja` of a package."""
        source = files(package).joinpath("prompts", f"{name}.jinja").read_text("utf-8")
        return cls(name, source, reply)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the reply."""
        return self.reply.model_json_schema()

    @cached_property
    def hash(self) -> str:
        """sha256 of template and schema: what makes two prompts different."""
        return sha256_hex(self.source.encode() + b"\0" + canonical_json(self.schema))

    @cached_property
    def response_format(self) -> dict[str, Any]:
        """The OpenAI field that binds a reply to the schema."""
        schema = {"name": self.reply.__name__, "schema": self.schema, "strict": True}
        return {"type": "json_schema", "json_schema": schema}

    @cached_property
    def _template(self) -> Template:
        return _ENVIRONMENT.from_string(self.source)

    def render(self, **values: Any) -> list[Message]:
        """The messages of one request."""
        context = self._template.new_context(values)
        system, user = ("".join(self._template.blocks[b](context)).strip() for b in ("system", "user"))
        return [{"role": "system", "content": system}, {"role": "user", "content": user}]

    def parse(self, text: str) -> ReplyT:
        """Read a reply; finds the object in fences and chatter. Raises MalformedReply."""
        try:
            return self._check(self.reply.model_validate_json(text))
        except ValidationError as error:
            first = error
        for found in _objects(text):
            with contextlib.suppress(ValidationError):
                return self._check(self.reply.model_validate(found))
        raise MalformedReply(f"the reply is not a {self.reply.__name__}: {_brief(first)}")

    def _check(self, reply: ReplyT) -> ReplyT:
        try:
            # Half of a surrogate pair: JSON can say it, UTF-8 and so our messages cannot.
            reply.model_dump_json()
        except PydanticSerializationError as error:
            raise MalformedReply(f"the reply is not a {self.reply.__name__}: it is not Unicode") from error
        return reply


def _objects(text: str) -> list[Any]:
    """Every JSON object that stands in `text`, fenced ones first."""
    decoder = json.JSONDecoder()
    found = []
    for part in [*_FENCE.findall(text), text]:
        start, tries = part.find("{"), 0
        while start >= 0 and tries < _MOST_STARTS:
            tries += 1
            try:
                value, end = decoder.raw_decode(part, start)
            except (ValueError, RecursionError):
                start = part.find("{", start + 1)
                continue
            found.append(value)
            start = part.find("{", end)
    return found


def _brief(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
