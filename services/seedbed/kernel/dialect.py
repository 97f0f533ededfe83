"""What an endpoint speaks beyond the common form: how it binds a reply to a schema, and who goes first.

A vLLM server binds by `structured_outputs`, and takes priorities where it was started with
`--scheduling-policy priority`; it refuses them otherwise, so this is never guessed.
"""

from typing import Any, Literal

from seedbed.kernel.prompt import Prompt
from seedbed.kernel.step import Role

Dialect = Literal["openai", "vllm"]

BINDINGS = ("response_format", "structured_outputs")
"""The fields of a request that bind its reply to a schema."""


def bind_reply(prompt: Prompt[Any], dialect: Dialect) -> dict[str, Any]:
    """What a request carries so that its reply has the prompt's schema."""
    if dialect == "vllm":
        return {"structured_outputs": {"json": prompt.schema}}
    return {"response_format": prompt.response_format}


def priority_of(role: Role, dialect: Dialect) -> int:
    """The lower, the sooner: judging ends what generating began. 0, as without any, for all but vLLM."""
    return 1 if dialect == "vllm" and role == "teacher" else 0
