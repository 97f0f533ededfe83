"""Prompts: a versioned template and the schema its reply must have."""

import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Generic, TypeVar

from jinja2 import Environment, StrictUndefined, Template
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from seedbed.kernel.endpoint.openai.reasoning import find_answers
from seedbed.kernel.errors import MalformedReply
from seedbed.kernel.identity import canonical_json, sha256_hex

ReplyT = TypeVar("ReplyT", bound=BaseModel)
_ReplyT_co = TypeVar("_ReplyT_co", bound=BaseModel, covariant=True)
Message = dict[str, str]

# As loosely as a model might read one: `</ Document >` ends a section in its eyes.
_TAG = re.compile(r"<(?=\s*/?\s*[a-z_]+\s*/?>)", re.IGNORECASE)


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
class Prompt(Generic[_ReplyT_co]):
    """A template with the blocks `system` and `user`, and the model of its reply."""

    name: str
    source: str
    reply: type[_ReplyT_co]

    @staticmethod
    def load(package: str, name: str, reply: type[ReplyT]) -> "Prompt[ReplyT]":
        """Read `prompts/<name>.jinja` of a package."""
        source = files(package).joinpath("prompts", f"{name}.jinja").read_text("utf-8")
        return Prompt(name, source, reply)

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
        schema = {"name": self.schema["title"], "schema": self.schema, "strict": True}
        return {"type": "json_schema", "json_schema": schema}

    @cached_property
    def _template(self) -> Template:
        return _ENVIRONMENT.from_string(self.source)

    def render(self, **values: object) -> list[Message]:
        """The messages of one request."""
        context = self._template.new_context(values)
        system, user = ("".join(self._template.blocks[b](context)).strip() for b in ("system", "user"))
        return [{"role": "system", "content": system}, {"role": "user", "content": user}]

    def parse_whole(self, text: str) -> _ReplyT_co:
        """Read a reply that is the object and nothing else. Raises MalformedReply."""
        try:
            return self._checked(self.reply.model_validate_json(text))
        except ValidationError as error:
            raise self._malformed(_brief(error)) from error

    def parse(self, text: str) -> _ReplyT_co:
        """Read a reply: all of it, or the last object that follows its reasoning. Raises MalformedReply."""
        try:
            return self._checked(self.reply.model_validate_json(text))
        except ValidationError as error:
            fault = _brief(error)
        found = find_answers(text)
        # What has none of the reply's fields is no try at it, but an example or a remark.
        tries = [one for one in found.objects if not one.keys().isdisjoint(self.reply.model_fields)]
        if tries and not found.cut:
            try:
                return self._checked(self.reply.model_validate(tries[-1]))
            except ValidationError as error:
                fault = _brief(error)
        elif found.thinking:
            fault = "its reasoning never ends"
        raise self._malformed(fault)

    def _checked(self, reply: ReplyT) -> ReplyT:
        try:
            # Half of a surrogate pair: JSON can say it, UTF-8 and so our messages cannot.
            reply.model_dump_json()
        except PydanticSerializationError as error:
            raise self._malformed("it is not Unicode") from error
        return reply

    def _malformed(self, fault: str) -> MalformedReply:
        return MalformedReply(f"the reply is not a {self.reply.__name__}: {fault}")


def _brief(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
