"""How a model is talked to: in one way by training, evaluation and serving.

Of a chat template no more is known than what it makes of a small conversation.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from seedbed.kernel.errors import InputError

Message = dict[str, str]

_QUESTION, _ANSWER = "seedquestion", "seedanswer"


@dataclass(frozen=True, slots=True)
class ChatForm:
    """What a chat template puts around an answer."""

    frame: str = ""
    """All that it writes beside question and answer, but for the lead."""
    lead: str = ""
    """Between the generation prompt and the answer, such as the marks of a thought that is empty."""
    closing: str = ""
    """From the answer's end to the end of the conversation."""
    prompted: bool = False
    """Whether it begins the assistant's turn where an answer is asked for."""
    end: int | None = None
    """The token that ends an answer."""
    written: str = ""
    """By which words it ends one, where it has no token for it."""
    first: int | None = None
    """The lead's first token."""
    sign: int | None = None
    """Its last one, if it is a token of its own: after it comes the answer, whatever was thought before."""
    parts: bool = False
    """Whether it wants each message's content as a list of parts, as those do that show pictures, too."""


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


def form_of(tokenizer: Any) -> ChatForm:
    """What the tokenizer's chat template puts around an answer; nothing where it cannot be seen."""
    return _look(tokenizer, str(tokenizer.chat_template or ""))


def write_chat(tokenizer: Any, messages: Sequence[Message], *, asking: bool = False) -> str:
    """A conversation as text, up to the beginning of an answer where one is asked for. Raises InputError."""
    try:
        return _apply(tokenizer, messages, asking=asking, parts=form_of(tokenizer).parts)
    except Exception as error:
        # Templates refuse what they do not know by errors of their own.
        raise InputError(f"the chat template refuses it: {error}") from error


@lru_cache(maxsize=8)
def _look(tokenizer: Any, template: str) -> ChatForm:
    if not template:
        return ChatForm()
    for parts in (False, True):
        # A template that wants something else fails, or leaves out what it does not understand.
        with suppress(Exception):
            return _try(tokenizer, parts=parts)
    return ChatForm()


def _try(tokenizer: Any, *, parts: bool) -> ChatForm:
    question = {"role": "user", "content": _QUESTION}
    talk = [question, {"role": "assistant", "content": _ANSWER}]
    bare, asked = (
        _apply(tokenizer, [question], asking=asking, parts=parts).replace(_QUESTION, " ")
        for asking in (False, True)
    )
    text = _apply(tokenizer, talk, asking=False, parts=parts)
    if _QUESTION not in text or _ANSWER not in text:
        raise ValueError("it leaves out what is said")
    before, _, closing = text.replace(_QUESTION, " ").partition(_ANSWER)
    shown = before.startswith(asked)
    frame, lead = (asked, before[len(asked) :]) if shown else (before, "")
    end = _last_token(tokenizer, closing.rstrip())
    return ChatForm(
        f"{frame} {closing}",
        lead,
        closing,
        prompted=asked != bare,
        end=end,
        written="" if end is not None else closing.strip(),
        first=next(iter(tokenizer(lead, add_special_tokens=False)["input_ids"]), None) if lead else None,
        sign=_last_token(tokenizer, lead.rstrip()),
        parts=parts,
    )


def _apply(tokenizer: Any, messages: Sequence[Message], *, asking: bool, parts: bool) -> str:
    said: list[Any] = list(messages)
    if parts:
        said = [{**one, "content": [{"type": "text", "text": one["content"]}]} for one in messages]
    return str(tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=asking))


def added_tokens(tokenizer: Any) -> dict[str, int]:
    """Tokens that stand for themselves wherever they are in a text, with their numbers."""
    return {token.content: number for number, token in tokenizer.added_tokens_decoder.items()}


def end_tokens(tokenizer: Any, configs: Iterable[Any]) -> list[int]:
    """Every token that ends an answer, as the tokenizer, its template and the configurations name them."""
    named = [tokenizer.eos_token_id, form_of(tokenizer).end]
    for config in configs:
        found = getattr(config, "eos_token_id", None)
        named += found if isinstance(found, list | tuple) else [found]
    return list(dict.fromkeys(int(number) for number in named if number is not None))


def configs_of(model: Any) -> list[Any]:
    """Where a model names its ends."""
    return [model.config, model.config.get_text_config(), model.generation_config]


def read_answer(tokenizer: Any, tokens: Sequence[int], *, whole: bool = True) -> str:
    """What an answer says, without what comes before it by the template, thoughts among it.

    Of one that is not whole yet nothing is said before it is known whether it begins so.
    """
    form = form_of(tokenizer)
    said = list(tokens)
    if form.sign in said:
        said = said[len(said) - said[::-1].index(form.sign) :]
    elif not whole and form.sign is not None and said[:1] == [form.first]:
        return ""
    text = str(tokenizer.decode(said, skip_special_tokens=True))
    if form.sign is None and form.lead:
        if not whole and form.lead.strip().startswith(text.strip()):
            return ""
        text = text.strip().removeprefix(form.lead.strip())
    return (text.partition(form.written)[0] if form.written else text).strip()


def _last_token(tokenizer: Any, text: str) -> int | None:
    """The token of its own that a text ends with; None where it ends with ordinary words."""
    fitting = [(len(name), number) for name, number in added_tokens(tokenizer).items() if text.endswith(name)]
    return max(fitting)[1] if fitting else None
