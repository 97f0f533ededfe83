"""Which tokens of a conversation count, for any chat template.

Every message's text is marked at both ends and rendered by the template; where the marks come out is where
the text stands. So nothing needs to be known of a template, and one that leaves out or alters a turn is found
out. Of an answer all counts that the student has to say, from the end of what it is asked with to the end of
its turn. What is learnt from is the text without marks, cut into tokens as it will be when it is asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from seedbed.kernel.chat_templates import Message, prepare_messages
from seedbed.kernel.errors import ItemError
from seedbed.trainer.data.marks import THOUGHTS, Marks, NotRendered, Places
from seedbed.trainer.data.rows import Row
from seedbed.trainer.data.special_tokens import SpecialTokens, special_tokens_of
from seedbed.trainer.data.turns import ShownOtherwise, Turns, write

__all__ = [
    "NoTemplate",
    "NotRendered",
    "Rendered",
    "Sample",
    "ShownOtherwise",
    "check_template",
    "encode",
    "make_sample",
    "make_samples",
    "prepare_messages",
    "render",
]


class NoTemplate(ItemError):
    """The model cannot be talked to."""

    code = "INVALID_ARGUMENT"
    reason = "NO_CHAT_TEMPLATE"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as text, and the stretches of it that count."""

    text: str
    spans: tuple[tuple[int, int], ...]
    contents: tuple[tuple[int, int], ...] = ()
    """What stands in the messages themselves."""
    ends: tuple[str, ...] = ()
    """Tokens that end an answer."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation as tokens. `counted[i]` says whether predicting token `i` counts."""

    ids: tuple[int, ...]
    counted: tuple[bool, ...]
    ends: tuple[int, ...] = field(default=(), compare=False)
    """Tokens that end an answer."""

    @property
    def counted_tokens(self) -> int:
        """How many count; the first is never predicted."""
        return sum(self.counted[1:])


def render(tokenizer: Any, messages: Sequence[Message], *, unmask: bool, since: int = 0) -> Rendered:
    """Render a conversation, of which what comes from message `since` on counts. Raises NotRendered."""
    marks = Marks.beside(messages)
    marked = marks.put(messages)
    text, places = marks.find(write(tokenizer, marked))
    if text != write(tokenizer, messages):
        raise NotRendered("the chat template alters the text of a message")
    _check_places(messages, places)
    spans: list[tuple[int, int]] = []
    ends: list[str] = []
    turns = Turns(tokenizer, marks, marked, text, places)
    for number, message in enumerate(messages[since:], since):
        found = places.get((number, "content"), [])
        if message["role"] == "assistant" and found:
            start = turns.start(number)
            end, closed = turns.end(number)
            spans.append((start, end))
            ends += closed
        elif unmask and message["role"] != "system":
            spans += found
    if turns.open and tokenizer.eos_token:
        # It ends without a token that ends it: a student would never learn to stop.
        start, end = spans.pop()
        text = text[:end] + tokenizer.eos_token
        spans.append((start, len(text)))
        ends = [tokenizer.eos_token, *turns.passing]
    contents = sorted(place for found in places.values() for place in found)
    return Rendered(text, tuple(sorted(spans)), tuple(contents), tuple(ends))


def encode(tokenizer: Any, rendered: Rendered) -> Sample:
    """Cut a rendered conversation into tokens; one counts where any of its characters does.

    Raises NotRendered where a message holds what ends a turn, and cannot be taken for plain text.
    """
    special = special_tokens_of(tokenizer)
    ids, offsets = _cut(tokenizer, special, rendered)
    counted, seen, place = [], 0, 0
    spans = rendered.spans
    for first, last in offsets:
        # Byte-level tokenizers leave the white space before a word out of its offsets.
        start = min(first, seen) if last > seen else first
        seen = max(seen, last)
        while place < len(spans) and spans[place][1] <= start:
            place += 1
        counted.append(start < last and place < len(spans) and spans[place][0] < last)
    ends = tuple(tokenizer.convert_tokens_to_ids(list(dict.fromkeys(rendered.ends))))
    return Sample(tuple(ids), tuple(counted), ends)


def make_sample(tokenizer: Any, row: Row, system: str) -> Sample:
    """A row as tokens. Raises NotRendered."""
    messages = prepare_messages(row.messages, system)
    return encode(tokenizer, render(tokenizer, messages, unmask=row.unmask))


def make_samples(tokenizer: Any, row: Row, system: str) -> list[Sample]:
    """A row as tokens: in one, or in one for each answer where the template shows earlier ones otherwise.

    Raises NotRendered.
    """
    try:
        return [make_sample(tokenizer, row, system)]
    except ShownOtherwise:
        messages = prepare_messages(row.messages, system)
        answers = [number for number, message in enumerate(messages) if message["role"] == "assistant"]
        if answers == [len(messages) - 1]:
            raise
    samples, since = [], 0
    for number in answers:
        rendered = render(tokenizer, messages[: number + 1], unmask=row.unmask, since=since)
        samples.append(encode(tokenizer, rendered))
        since = number + 1
    return samples


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
    for fault in _find_faults(tokenizer):
        raise NoTemplate(
            f"the chat template of {name} cannot be trained with: {fault}",
            hint="give another as `chat_template` in the training recipe",
        )


def _find_faults(tokenizer: Any) -> Iterator[str]:
    question, answer = {"role": "user", "content": "seed"}, {"role": "assistant", "content": "root"}
    try:
        rendered = render(tokenizer, [question, answer], unmask=False)
    except ShownOtherwise as error:
        try:
            render(tokenizer, [question, {**answer, **dict.fromkeys(THOUGHTS, "water")}], unmask=False)
        except NotRendered:
            yield str(error)
        return  # It is for answers with thoughts.
    except NotRendered:
        return  # It wants other turns than these; which rows it takes is seen as they come.
    asked = len(write(tokenizer, [question], asking=True))
    if rendered.text[asked : rendered.spans[0][0]].strip():
        yield "it knows no `add_generation_prompt`, so that the student would have to begin its turn itself"
    if not rendered.ends:
        yield "it ends no answer by a token, and the tokenizer has no end of its own (`eos_token`)"


def _check_places(messages: Sequence[Message], places: Places) -> None:
    """See that each message stands there once, in order. Raises NotRendered."""
    for number, message in enumerate(messages):
        found = places.get((number, "content"), [])
        if len(found) != 1 and message["content"].strip():
            what = "leaves out" if not found else "repeats"
            raise NotRendered(f"the chat template {what} message {number + 1}, of the {message['role']}")
    starts = [
        found[0][0]
        for (number, name), found in sorted(places.items())
        # Some show the system's words in the last turn of the user, wherever they were said.
        if name == "content" and messages[number]["role"] != "system"
    ]
    if starts != sorted(starts):
        raise NotRendered("the chat template changes the order of the messages")


def _cut(
    tokenizer: Any, special: SpecialTokens, rendered: Rendered
) -> tuple[list[int], list[tuple[int, int]]]:
    """Tokens, and where they stand; a special token inside a message is plain text. Raises NotRendered."""
    text = rendered.text
    cuts = [cut for start, end in rendered.contents for cut in special.cuts(text, start, end)]
    if special.written and any(special.written in text[start:end] for start, end in rendered.contents):
        raise NotRendered(f"a message holds {special.written!r}, by which the chat template ends a turn")
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    for start, end in pairwise([0, *cuts, len(text)]):
        try:
            piece = tokenizer(text[start:end], add_special_tokens=False, return_offsets_mapping=True)
        except Exception as error:
            # Tokenizers refuse what they cannot read by errors of their own.
            raise NotRendered(f"the tokenizer refuses it: {error}") from error
        ids += piece["input_ids"]
        offsets += [(start + first, start + last) for first, last in piece["offset_mapping"]]
    if cuts and _forged(special, rendered, ids, offsets):
        raise NotRendered("a message holds a token that begins or ends turns")
    return ids, offsets


def _forged(
    special: SpecialTokens, rendered: Rendered, ids: list[int], offsets: list[tuple[int, int]]
) -> bool:
    """Whether a special token is still found inside a message."""
    own = [place for token, place in zip(ids, offsets, strict=True) if token in special.tokens]
    return any(start <= first and last <= end for first, last in own for start, end in rendered.contents)
