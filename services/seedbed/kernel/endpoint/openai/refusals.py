"""What an endpoint says when it refuses: in OpenAI's form, FastAPI's, as a string, or nested. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_MOST = 4000
"""The most that is looked at of what it says."""
# In the order of how much they say to a person.
_SPOKEN = (
    "message",
    "msg",
    "detail",
    "error",
    "errors",
    "error_description",
    "description",
    "status_msg",
    "reason",
)
_NAMING = ("param", "loc", "field", "parameter", "property")
# A validator repeats what it was given: the prompt, which may say anything.
_ECHOED = ("input", "url", "request", "body")

_FILTER = re.compile(
    r"content[_ ](?:filter|policy|management policy|exists risk)|responsible ?ai ?polic|safety system"
    r"|moderation|was flagged|data_?inspection|(?:inappropriate|sensitive|prohibited) content|guardrail",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"parameter|argument|\bfields?\b|unsupported|not supported|unrecogni[sz]ed|unexpected|unknown|validation"
    r"|unprocessable|(?:bad|invalid|malformed) (?:request|input|value|payload|body)|^(?:error )?invalid\s*$",
    re.IGNORECASE,
)
_REQUEST_ID = re.compile(r"[\s(\[]*\b(?:request|trace)[ _-]?id\b:?\s*[\w-]{8,}[)\]]?", re.IGNORECASE)
_ACCOUNT = re.compile(
    r"credit balance|insufficient[_ ](?:balance|credits?|funds|quota)|exceeded your current quota"
    r"|check your billing|payment required"
    r"|(?:invalid|incorrect|expired|missing|valid)[_ ](?:\w+[_ ])?api[_ ]key"
    r"|api[_ ]?key[_ ](?:not|invalid|expired)"
    r"|(?:account|organi[sz]ation|project) .{0,40}(?:suspended|restricted|deactivated|disabled)"
    r"|spending limit|location is not supported",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`message` is for people, `words` all there is to look through, `names` what it says is at fault."""

    message: str = ""
    words: str = ""
    names: tuple[str, ...] = ()

    @property
    def is_filter(self) -> bool:
        """Whether a content filter refused what was asked."""
        return bool(_FILTER.search(self.words))

    @property
    def is_vague(self) -> bool:
        """Whether it is about the request's form, or says nothing at all."""
        return not self.message or self.message.startswith("<") or bool(_FORM.search(self.words))

    @property
    def is_account(self) -> bool:
        """Whether it is about money, a key or an account, and so about every request."""
        # What is long repeats the prompt, which may say anything.
        return len(self.words) < 600 and bool(_ACCOUNT.search(self.words))


def read_refusal(data: bytes) -> Refusal:
    """What an error's body says."""
    text = data[: 16 * _MOST].decode("utf-8", "replace").strip()
    value = _parse(text)
    if value is None:
        return Refusal(_line(text), text[:_MOST])
    found = list(_strings(value))
    spoken = [words for key, words in found if key in _SPOKEN and not words.isdecimal()]
    words = " \n".join(f"{key} {words}" for key, words in found)
    names = tuple(dict.fromkeys(words for key, words in found if key in _NAMING))
    message = "; ".join(dict.fromkeys(spoken)) or text
    unsaid = "" if all(name in message for name in names) else f" ({'.'.join(names)})"
    return Refusal(_line(message + unsaid), words[:_MOST], names)


def code_of(value: dict[str, Any]) -> int:
    """The HTTP status that an error inside an answer stands for; 0 where it names none."""
    error = value.get("error")
    for holder in (error if isinstance(error, dict) else {}, value):
        for key in ("code", "status", "status_code"):
            code = str(holder.get(key) or "")
            if code.isdecimal() and 400 <= int(code) < 600:
                return int(code)
    return 0


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every word with the key under which it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _ECHOED:
                yield from _strings(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, key)
    elif isinstance(value, str):
        inside = _parse(value)
        yield from _strings(inside, key) if inside is not None else [(key, value)]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, str(value)


def _parse(text: str) -> Any:
    """What a text says where it is an object or a list, as what a gateway passes on; else None."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _line(text: str) -> str:
    """The beginning of a text, on one line."""
    # Another one each time, by which nothing can be counted.
    line = _REQUEST_ID.sub("", " ".join(text.split()))
    return line if len(line) <= 300 else f"{line[:300]}…"
