"""What an endpoint speaks beyond the common form: how it binds a reply to a schema, and who goes first.

A vLLM server binds by `structured_outputs`, and takes priorities where it was started with
`--scheduling-policy priority`; it refuses them otherwise, so this is never guessed.
"""

from typing import Literal

from seedbed.pipeline.kinds import Role

Dialect = Literal["openai", "vllm"]


def priority_of(role: Role, dialect: Dialect) -> int:
    """The lower, the sooner: judging ends what generating began. 0, as without any, for all but vLLM."""
    return 1 if dialect == "vllm" and role == "teacher" else 0
