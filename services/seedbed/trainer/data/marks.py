"""Marks at both ends of messages' texts, by which they are found in what a template makes of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from seedbed.kernel.chat_templates import Message

THOUGHTS = ("reasoning_content", "thinking")
_PRIVATE = range(0xE000, 0xF8FF)
_NAMES = {name[0]: name for name in ("content", *THOUGHTS)}
Places = dict[tuple[int, str], list[tuple[int, int]]]
"""Where a message's text stands, by the message's number and what it is called."""


class NotRendered(Exception):
    """The template refuses a conversation, or leaves out or alters a part of it; says which."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Two characters that stand nowhere in some messages."""

    opening: str
    closing: str

    @classmethod
    def beside(cls, messages: Sequence[Message]) -> "Marks":
        """Marks of two characters that none of these messages holds."""
        texts = [text for message in messages for text in message.values()]
        free = (mark for mark in map(chr, _PRIVATE) if not any(mark in text for text in texts))
        return cls(next(free), next(free))

    def put(self, messages: Sequence[Message]) -> list[Message]:
        """The messages with marks, within the white space at their texts' ends, which templates trim."""
        return [self._mark(message, number) for number, message in enumerate(messages)]

    def find(self, text: str) -> tuple[str, Places]:
        """A text without marks, and where what they marked stands. Raises NotRendered."""
        plain: list[str] = []
        length = 0
        open_at: dict[str, int] = {}
        places: Places = {}
        for kind, piece in self._split(text):
            if not kind:
                plain.append(piece)
                length += len(piece)
            elif kind == self.opening:
                open_at[piece] = length
            elif piece in open_at:
                key = (int(piece[:-1]), _NAMES[piece[-1]])
                places.setdefault(key, []).append((open_at.pop(piece), length))
            else:
                raise NotRendered(
                    f"the chat template cuts off the beginning of message {int(piece[:-1]) + 1}"
                )
        for name in open_at:
            raise NotRendered(f"the chat template cuts off the end of message {int(name[:-1]) + 1}")
        return "".join(plain), places

    def _mark(self, message: Message, number: int) -> Message:
        marked = dict(message)
        for name in ("content", *THOUGHTS):
            text = message.get(name, "")
            core = text.strip()
            if core:
                start = text.index(core)
                name_of = f"{number}{name[0]}"
                before, after = (f"{mark}{name_of}{mark}" for mark in (self.opening, self.closing))
                marked[name] = f"{text[:start]}{before}{core}{after}{text[start + len(core) :]}"
        return marked

    def _split(self, text: str) -> list[tuple[str, str]]:
        """Stretches of plain text and names of marks, in order. Raises NotRendered."""
        pieces = []
        at = 0
        while at < len(text):
            marks = [place for mark in (self.opening, self.closing) if (place := text.find(mark, at)) >= 0]
            if not marks:
                break
            start = min(marks)
            kind = text[start]
            end = text.find(kind, start + 1)
            name = text[start + 1 : end] if end >= 0 else ""
            if not name[:-1].isdecimal() or name[-1:] not in _NAMES:
                raise NotRendered("the chat template alters the text of a message")
            pieces += [("", text[at:start]), (kind, name)]
            at = end + 1
        return [*pieces, ("", text[at:])]
