"""Where the assistant's turns begin and end in a conversation that a template has rendered."""

from collections.abc import Sequence
from typing import Any

from seedbed.kernel.chat_templates import Message, form_of, write_chat
from seedbed.kernel.errors import InputError
from seedbed.trainer.data.marks import Marks, NotRendered, Places
from seedbed.trainer.data.special_tokens import SpecialTokens, special_tokens_of

_SHOWN = 40
"""Characters of a template's text in a message, at most."""


class ShownOtherwise(NotRendered):
    """The template shows an answer otherwise than it asks for it, or does not say where it ends."""


def write(tokenizer: Any, messages: Sequence[Message], *, asking: bool = False) -> str:
    """A conversation as text. Raises NotRendered."""
    try:
        return write_chat(tokenizer, messages, asking=asking)
    except InputError as error:
        raise NotRendered(error.message) from error


class Turns:
    """Where the turns of a rendered conversation begin and end, found by rendering it with marks as well."""

    def __init__(
        self, tokenizer: Any, marks: Marks, marked: Sequence[Message], text: str, places: Places
    ) -> None:
        self._tokenizer = tokenizer
        self._marks = marks
        self._marked = marked
        self._text = text
        self._places = places
        self._special = special_tokens_of(tokenizer)
        self._form = form_of(tokenizer)
        self.passing: list[str] = []
        """What comes where an answer ends that is not the last."""
        self.open = False
        """Whether the last message is an answer that no token ends."""

    def start(self, number: int) -> int:
        """Where what the student has to say begins: after what it is asked with. Raises NotRendered."""
        asked = write(self._tokenizer, self._marked[:number], asking=True)
        prompt, places = self._marks.find(asked)
        before = max((place for place in places if place[1] == "content"), default=None)
        tail = prompt[places[before][-1][1] :] if before else prompt
        begun = self._places[before][-1][1] if before in self._places else 0
        first = min(found[0][0] for (one, _), found in self._places.items() if one == number)
        late = [one for (one, _), found in self._places.items() if one < number and found[0][0] > first]
        if late:
            raise ShownOtherwise(f"the chat template shows message {late[0] + 1} after message {number + 1}")
        start = begun + len(tail)
        if start > first or not self._text.startswith(tail, begun):
            raise ShownOtherwise(
                f"the chat template asks for message {number + 1} with {tail[-_SHOWN:]!r}, "
                f"and shows it after {self._text[begun:first][-_SHOWN:]!r}"
            )
        # A template that knows no generation prompt begins the turn itself.
        return start if self._form.prompted or not self._text[start:first].strip() else first

    def end(self, number: int) -> tuple[int, list[str]]:
        """Where the turn ends, and the token that ends it, where there is one. Raises NotRendered."""
        text, special = self._text, self._special
        content = self._places[number, "content"][-1][1]
        rest = text[content:]
        lead = content + len(rest) - len(rest.lstrip())
        if number + 1 == len(self._marked):
            run = special.run.match(text, lead)
            end = run.end() if run else len(text.rstrip())
            end = max(end, content)
            closed = _closed(special, text[content:end])
            self.open = not closed
            return end, closed
        closing = self._form.closing.rstrip()
        if closing and rest.startswith(closing):
            return content + len(closing), []
        sign = special.one.match(text, lead)
        if sign is None:
            raise ShownOtherwise(f"the chat template does not say where message {number + 1} ends")
        self.passing.append(sign[0])
        return sign.end(), []


def _closed(special: SpecialTokens, closing: str) -> list[str]:
    """The token that a turn's closing ends with, where it ends with one."""
    fitting = [name for name in special.added if closing.endswith(name)]
    return [max(fitting, key=len)] if fitting else []
