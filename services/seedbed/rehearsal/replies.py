"""Which rule answers which schema, and the chat completion around the answer.

A reply is a function of the request alone; knows nothing of HTTP.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from seedbed.rehearsal.instance import make_instance
from seedbed.rehearsal.rules.marks import judge_instruction, judge_pair, rate
from seedbed.rehearsal.rules.multiple_choice import make_choices
from seedbed.rehearsal.rules.pairs import make_pairs
from seedbed.rehearsal.rules.retelling import retell, retell_whole
from seedbed.rehearsal.rules.skills import make_context, make_instructions, make_response
from seedbed.rehearsal.rules.verdicts import judge_grounded
from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.tags import Tags, read_tags, user_text

MODEL = "rehearsal"
_TOKEN = re.compile(r"[가-힣]|[^\W\d_]{1,6}|\d{1,3}|[^\w\s]")
_IN_WORDS = re.compile(r"of this schema[^\n]*:\n(?=\{)")
_PLAIN = "This is the rehearsal teacher: it answers by rules, where a JSON schema tells it what is wanted."

Rule = Callable[[Tags, SeededRandom], dict[str, object]]


class BadRequestError(Exception):
    """The request cannot be answered; the message says why."""


def _pairs(tags: Tags, rng: SeededRandom) -> dict[str, object]:
    return {"pairs": [pair._asdict() for pair in make_pairs(tags, rng)]}


_RULES: Mapping[str, tuple[tuple[str, ...], Rule]] = {
    "KnowledgePairs": (("document",), _pairs),
    "Augmentation": (("document",), lambda tags, rng: {"text": retell(tags, rng)}),
    "Retelling": (("document",), lambda tags, rng: {"lines": retell_whole(tags, rng)}),
    "SkillContext": ((), lambda tags, rng: {"context": make_context(tags, rng)}),
    "Instructions": ((), lambda tags, rng: {"instructions": make_instructions(tags, rng)}),
    "SkillResponse": (("instruction",), lambda tags, rng: {"response": make_response(tags, rng)}),
    "InstructionJudgement": (("instruction",), lambda tags, _: judge_instruction(tags)),
    "PairJudgement": (("instruction",), lambda tags, _: judge_pair(tags)),
    "GroundedJudgement": (("document",), lambda tags, _: judge_grounded(tags)),
    "ChoiceQuestions": (("document",), lambda tags, rng: {"questions": make_choices(tags, rng)}),
    "Rating": (("instruction",), lambda tags, _: rate(tags)),
}


def complete(request: Mapping[str, Any]) -> dict[str, Any]:
    """The chat completion for a request, or BadRequestError."""
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequestError("`messages` must be a list with at least one message")
    if request.get("stream"):
        raise BadRequestError("the rehearsal teacher does not stream: leave `stream` out")
    asked = "\n".join(str(message.get("content", "")) for message in messages if isinstance(message, Mapping))
    content = answer(request, user_text(messages), asked)
    used, made = count_tokens(asked), count_tokens(content)
    digest = hashlib.blake2b(f"{request.get('seed')}\n{asked}".encode(), digest_size=12).hexdigest()
    return {
        "id": f"rehearsal-{digest}",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "system_fingerprint": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made},
    }


def answer(request: Mapping[str, Any], prompt: str, asked: str = "") -> str:
    """What the rehearsal says to a prompt; `asked` is all of it, which may tell the schema in words."""
    name, schema = _wanted(request.get("response_format"), asked)
    if schema is None:
        return _PLAIN
    rng = SeededRandom(name, str(request.get("seed")), prompt)
    needed, rule = _RULES.get(name, ((), None))
    tags = read_tags(prompt) if rule else None
    if rule is None or tags is None or any(tag not in tags.values for tag in needed):
        return json.dumps(make_instance(schema, rng), ensure_ascii=False)
    reply = rule(tags, rng)
    known = schema.get("properties", reply)
    if set(known) != set(reply):
        return json.dumps(make_instance(schema, rng), ensure_ascii=False)
    return json.dumps(reply, ensure_ascii=False)


def _schema_in_words(asked: str) -> Mapping[str, Any] | None:
    """The schema that a prompt gives where a request cannot."""
    for match in _IN_WORDS.finditer(asked):
        try:
            schema, _ = json.JSONDecoder().raw_decode(asked, match.end())
        except ValueError:
            continue
        if isinstance(schema, dict):
            return schema
    return None


def count_tokens(text: str) -> int:
    """About as many tokens as a common tokenizer would count."""
    return len(_TOKEN.findall(text))


def _wanted(form: object, asked: str) -> tuple[str, Mapping[str, Any] | None]:
    """Name and schema of the reply that is asked for; no schema where none is."""
    if not isinstance(form, Mapping) or form.get("type") == "json_object":
        schema = _schema_in_words(asked)
        if schema is None and isinstance(form, Mapping):
            schema = {"type": "object"}
        return str(schema.get("title", "")) if schema else "", schema
    wanted = form.get("json_schema")
    if form.get("type") != "json_schema" or not isinstance(wanted, Mapping):
        return "", None
    schema = wanted.get("schema", {})
    if not isinstance(schema, Mapping):
        raise BadRequestError("`response_format.json_schema.schema` must be an object")
    return str(wanted.get("name", "")), schema
