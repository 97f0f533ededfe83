"""How long a step's prompt is: rendered as the step itself does, and counted instead of sent."""

from typing import Any

from google.protobuf.message import Message

from seedbed.judge import steps as judging
from seedbed.kernel.endpoint.prompt import Prompt, ReplyT
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.step import Step
from seedbed.knowledge import steps as knowledge
from seedbed.pipeline.plan import spec_digest
from seedbed.pipeline.tokens import count_tokens
from seedbed.skills import steps as skills

_STEPS: dict[str, Step[Any, Any]] = {
    step.name: step
    for step in (*knowledge.all_steps(), *skills.all_steps(), *judging.all_steps())
    if step.role
}

Asked = tuple[str, str]
"""A model, and the parameters that are added to what it is asked."""


def spec_digests(*, teacher: Asked, judge: Asked) -> set[str]:
    """How all steps are done that ask these models."""
    asked = {"teacher": teacher, "judge": judge}
    return {spec_digest(step.spec(*asked[step.role])) for step in _STEPS.values() if step.role}


async def weigh(step: str, value: Message) -> int:
    """About how many tokens the prompt of an item has."""
    try:
        await _STEPS[step].run(value, _Scales())
    except _Weighed as weighed:
        return weighed.tokens
    raise SeedbedError(f"the step {step} asks nobody")


class _Weighed(Exception):
    def __init__(self, tokens: int) -> None:
        super().__init__(tokens)
        self.tokens = tokens


class _Scales:
    """Tools that weigh what would be asked."""

    @property
    def store(self) -> Store:
        """There is none: a step that asks has no other source."""
        raise SeedbedError("nothing is read for an estimate")

    async def ask(self, prompt: Prompt[ReplyT], /, **values: object) -> ReplyT:
        """Render the prompt, and stop there."""
        messages = prompt.render(**values)
        raise _Weighed(sum(count_tokens(message["content"]) for message in messages))
