"""Which tokens of a conversation count, for any chat template.

Every message's text is marked at both ends and rendered by the template; where the marks come out is where
the text stands. So nothing needs to be known of a template, and one that leaves out or alters a turn is found
out. What is learnt from is the text without marks, cut into tokens as it will be when the student is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2.exceptions import TemplateError

from seedbed.kernel.errors import ItemError
from seedbed.trainer.rows import Row

_PRIVATE = range(0xE000, 0xF8FF)
_THOUGHTS = ("reasoning_content", "thinking")
Message = dict[str, str]


class NotRendered(Exception):
    """The template refuses a conversation, or leaves out or alters a part of it; says which."""


class NoTemplate(ItemError):
    """The model cannot be talked to."""

    code = "INVALID_ARGUMENT"
    reason = "NO_CHAT_TEMPLATE"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as text, and the stretches of it that count."""

    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation as tokens. `counted[i]` says whether predicting token `i` counts."""

    ids: tuple[int, ...]
    counted: tuple[bool, ...]

    @property
    def counted_tokens(self) -> int:
        """How many count; the first is never predicted."""
        return sum(self.counted[1:])


def prepare_messages(messages: Sequence[Message], system: str) -> list[Message]:
    """Messages with their system messages kept, merged into the first user's, or dropped."""
    if system == "keep":
        return list(messages)
    rest = [message for message in messages if message["role"] != "system"]
    said = [message["content"] for message in messages if message["role"] == "system"]
    if system == "merge" and said:
        for number, message in enumerate(rest):
            if message["role"] == "user":
                content = "\n\n".join([*said, message["content"]])
                rest[number] = {**message, "content": content}
                break
    return rest


def render(tokenizer: Any, messages: Sequence[Message], *, unmask: bool) -> Rendered:
    """Render a conversation. Raises NotRendered."""
    opening, closing = _marks(messages)
    marked = [_mark(message, number, opening, closing) for number, message in enumerate(messages)]
    text, places = _unmark(_apply(tokenizer, marked), opening, closing)
    if text != _apply(tokenizer, messages):
        raise NotRendered("the chat template alters the text of a message")
    spans = []
    for number, message in enumerate(messages):
        found = places.get((number, "content"), [])
        if len(found) != 1 and message["content"].strip():
            what = "leaves out" if not found else "repeats"
            raise NotRendered(f"the chat template {what} message {number + 1}, of the {message['role']}")
        if not _counts(message["role"], unmask=unmask):
            continue
        spans += [place for name in _THOUGHTS for place in places.get((number, name), [])]
        spans += [(start, _end(tokenizer, text, end, message["role"])) for start, end in found]
    starts = [found[0][0] for (_, name), found in sorted(places.items()) if name == "content"]
    if starts != sorted(starts):
        raise NotRendered("the chat template changes the order of the messages")
    if messages[-1]["role"] == "assistant" and spans and not text[spans[-1][1] :].strip():
        # It ends without a word that it ends: a student would never learn to stop.
        text, spans = _close(tokenizer, text, spans)
    return Rendered(text, tuple(sorted(spans)))


def encode(tokenizer: Any, rendered: Rendered) -> Sample:
    """Cut a rendered conversation into tokens; one counts where any of its characters does."""
    encoded = tokenizer(rendered.text, add_special_tokens=False, return_offsets_mapping=True)
    counted, seen, place = [], 0, 0
    for first, last in encoded["offset_mapping"]:
        # Byte-level tokenizers leave the white space before a word out of its offsets.
        start = min(first, seen) if last > seen else first
        seen = max(seen, last)
        while place < len(rendered.spans) and rendered.spans[place][1] <= start:
            place += 1
        counted.append(start < last and place < len(rendered.spans) and rendered.spans[place][0] < last)
    return Sample(tuple(encoded["input_ids"]), tuple(counted))


def make_sample(tokenizer: Any, row: Row, system: str) -> Sample:
    """A row as tokens. Raises NotRendered."""
    messages = prepare_messages(row.messages, system)
    return encode(tokenizer, render(tokenizer, messages, unmask=row.unmask))


def check_template(tokenizer: Any, name: str) -> None:
    """Refuse a tokenizer that cannot render or mark. Raises NoTemplate."""
    if not tokenizer.chat_template:
        raise NoTemplate(
            f"{name} has no chat template, so nobody can say how it is talked to",
            hint="give `chat_template` in the training recipe, or use the model's instruct variant",
        )
    if not tokenizer.is_fast:
        raise NoTemplate(
            f"{name} has a slow tokenizer, which does not say where its tokens stand in the text",
            hint="save it with its `tokenizer.json`",
        )


def _counts(role: str, *, unmask: bool) -> bool:
    return role == "assistant" or (unmask and role != "system")


def _marks(messages: Sequence[Message]) -> tuple[str, str]:
    """Two characters that stand nowhere in the messages."""
    used = {character for message in messages for text in message.values() for character in text}
    free = (chr(code) for code in _PRIVATE if chr(code) not in used)
    return next(free), next(free)


def _mark(message: Message, number: int, opening: str, closing: str) -> Message:
    """A message whose texts have marks at both ends, within the white space there, which templates trim."""
    marked = dict(message)
    for name in ("content", *_THOUGHTS):
        text = message.get(name, "")
        core = text.strip()
        if core:
            start = text.index(core)
            name_of = f"{number}{name[0]}"
            inner = f"{opening}{name_of}{opening}{core}{closing}{name_of}{closing}"
            marked[name] = text[:start] + inner + text[start + len(core) :]
    return marked


_NAMES = {name[0]: name for name in ("content", *_THOUGHTS)}
Places = dict[tuple[int, str], list[tuple[int, int]]]


def _unmark(text: str, opening: str, closing: str) -> tuple[str, Places]:
    """The text without marks, and where what they marked stands. Raises NotRendered."""
    plain: list[str] = []
    length = 0
    open_at: dict[str, int] = {}
    places: Places = {}
    pieces = _split(text, opening, closing)
    for kind, piece in pieces:
        if not kind:
            plain.append(piece)
            length += len(piece)
        elif kind == opening:
            open_at[piece] = length
        elif piece in open_at:
            key = (int(piece[:-1]), _NAMES[piece[-1]])
            places.setdefault(key, []).append((open_at.pop(piece), length))
        else:
            raise NotRendered(f"the chat template cuts off the beginning of message {int(piece[:-1]) + 1}")
    for name in open_at:
        raise NotRendered(f"the chat template cuts off the end of message {int(name[:-1]) + 1}")
    return "".join(plain), places


def _split(text: str, opening: str, closing: str) -> list[tuple[str, str]]:
    """Stretches of plain text and names of marks, in order. Raises NotRendered."""
    pieces = []
    at = 0
    while at < len(text):
        marks = [place for mark in (opening, closing) if (place := text.find(mark, at)) >= 0]
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


def _end(tokenizer: Any, text: str, end: int, role: str) -> int:
    """Where a stretch ends: after the token that ends the assistant's turn, which it has to learn as well."""
    if role != "assistant":
        return end
    rest = text[end:]
    lead = len(rest) - len(rest.lstrip())
    for token in sorted(_special(tokenizer), key=len, reverse=True):
        if rest.startswith(token, lead):
            return end + lead + len(token)
    return end


def _special(tokenizer: Any) -> set[str]:
    added = tokenizer.added_tokens_decoder.values()
    return {token.content for token in added if token.special} | set(tokenizer.all_special_tokens)


def _close(tokenizer: Any, text: str, spans: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    start, end = spans[-1]
    token = tokenizer.eos_token or ""
    if not token or text[start:end].endswith(tuple(_special(tokenizer))):
        return text, spans
    return text[:end] + token, [*spans[:-1], (start, end + len(token))]


def _apply(tokenizer: Any, messages: Sequence[Message]) -> str:
    try:
        return str(tokenizer.apply_chat_template(list(messages), tokenize=False))
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        raise NotRendered(f"the chat template refuses it: {error}") from error
