"""What the mock endpoint says: a minimal valid reply to each schema, as a function of the request alone.

Pairs are made of words drawn from a hash of the request, so that none is a near duplicate; evidence is cut
from the `<document>`. Works on the bytes, as reading the JSON would cost more than the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from zlib import crc32

MODEL = "mock"
_SYLLABLES = [a + b + c for a in "bdfgklmnprstvz" for b in "aeiou" for c in "lmnrst"]
_HANGUL = [chr(0xAC00 + 28 * number) for number in range(19 * 21)]
_NAME = re.compile(rb'"name":\s*"([A-Za-z]+)"')
_COUNT = re.compile(rb"<count>(?:\\n|\s)*(\d+)")
# How most Hangul begins, escaped and in UTF-8.
_HANGUL_BYTES = (b"\\ub", b"\\uc", b"\xeb", b"\xec")
_ENOUGH_HANGUL = 80

_ENVELOPE = (
    b'{"id":"mock","object":"chat.completion","created":0,"model":"mock","system_fingerprint":"mock","choices":['
    b'{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":%b}}],'
    b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}'
)

Maker = Callable[[bytes, int, float], dict[str, Any]]


def complete(body: bytes, acceptance: float = 1.0) -> tuple[str, bytes]:
    """The schema's name and the completion's JSON; a share of `acceptance` of the verdicts pass."""
    found = _NAME.search(body, max(0, body.rfind(b'"json_schema"')))
    name = found[1].decode() if found else ""
    digest, make = crc32(body), _REPLIES.get(name)
    content = json.dumps(make(body, digest, acceptance) if make else _generic(body, digest))
    asked, told = len(body) // 4, len(content) // 4
    return name, _ENVELOPE % (json.dumps(content).encode(), asked, told, asked + told)


def _words(digest: int, number: int, *, korean: bool) -> str:
    """Words that no other digest or number shares many of."""
    letters = _HANGUL if korean else _SYLLABLES
    state, words = (digest * 2654435761 + number * 40503 + 12345) & 0xFFFFFFFF, []
    for _ in range(8):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        first, second = (state >> 8) % len(letters), (state >> 17) % len(letters)
        words.append(letters[first] + letters[second])
    return " ".join(words)


def _is_korean(body: bytes) -> bool:
    return sum(body.count(start) for start in _HANGUL_BYTES) > _ENOUGH_HANGUL


def _number(body: bytes, default: int) -> int:
    found = _COUNT.search(body, max(0, body.rfind(b"<count>")))
    return int(found[1]) if found else default


def _pairs(body: bytes, digest: int, _acceptance: float) -> dict[str, Any]:
    korean = _is_korean(body)
    ask, tell = ("{} 무엇입니까?", "{} 입니다.") if korean else ("What is {}?", "It is {}.")
    made = [
        (_words(digest, 2 * n, korean=korean), _words(digest, 2 * n + 1, korean=korean))
        for n in range(_number(body, 3))
    ]
    return {"pairs": [{"question": ask.format(q), "answer": tell.format(a)} for q, a in made]}


def _instructions(body: bytes, digest: int, _acceptance: float) -> dict[str, Any]:
    korean = _is_korean(body)
    frame = "{} 설명해 주세요." if korean else "Explain {}."
    return {"instructions": [frame.format(_words(digest, n, korean=korean)) for n in range(_number(body, 5))]}


def _text(name: str) -> Maker:
    def make(body: bytes, digest: int, _acceptance: float) -> dict[str, Any]:
        korean = _is_korean(body)
        return {name: f"{_words(digest, 0, korean=korean)}. {_words(digest, 1, korean=korean)}."}

    return make


def _passes(digest: int, acceptance: float) -> bool:
    return (digest * 2654435761 & 0xFFFFFFFF) < acceptance * 0x100000000


def _instruction_verdict(_body: bytes, digest: int, acceptance: float) -> dict[str, Any]:
    good = int(_passes(digest, acceptance))
    return {"explanation": "Mock.", "answerable": 1, "well_formed": 1, "safe": 1, "relevant": good}


def _pair_verdict(_body: bytes, digest: int, acceptance: float) -> dict[str, Any]:
    return {"explanation": "Mock.", "score": 2 + digest % 2 if _passes(digest, acceptance) else 1}


def _grounded_verdict(body: bytes, digest: int, acceptance: float) -> dict[str, Any]:
    good = int(_passes(digest, acceptance))
    verdict = {"explanation": "Mock.", "evidence": _quote(body), "faithful": good, "relevancy": 2 * good}
    return {**verdict, "standalone": 1}


def _quote(body: bytes) -> str:
    """The longest of the document's first lines, cut out of the JSON without reading the rest."""
    start = body.rfind(b"<document>\\n") + len(b"<document>\\n")
    end = body.find(b"</document>", start)
    line = max(body[start : min(end, start + 2000)].split(b"\\n")[:8], key=len)
    if end > start + 2000:
        line = line.rpartition(b" ")[0] or line
    try:
        return str(json.loads(b'"' + line + b'"')).strip()
    except ValueError:
        return ""


_REPLIES: dict[str, Maker] = {
    "KnowledgePairs": _pairs,
    "Instructions": _instructions,
    "Augmentation": _text("text"),
    "SkillContext": _text("context"),
    "SkillResponse": _text("response"),
    "InstructionJudgement": _instruction_verdict,
    "PairJudgement": _pair_verdict,
    "GroundedJudgement": _grounded_verdict,
}


def _generic(body: bytes, digest: int) -> Any:
    """A minimal instance of an unknown schema."""
    form = json.loads(body).get("response_format") or {}
    schema = (form.get("json_schema") or {}).get("schema")
    return _instance(schema, schema, digest) if schema else {"text": _words(digest, 0, korean=False)}


def _instance(schema: dict[str, Any], root: dict[str, Any], digest: int) -> Any:
    if "$ref" in schema:
        return _instance(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root, digest)
    if "const" in schema or schema.get("enum"):
        return schema.get("const", (schema.get("enum") or [None])[0])
    if schema.get("anyOf"):
        return _instance(schema["anyOf"][0], root, digest)
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        parts = schema.get("properties", {}).items()
        return {name: _instance(part, root, digest + place) for place, (name, part) in enumerate(parts)}
    if kind == "array":
        return [
            _instance(schema.get("items", {"type": "string"}), root, digest + n)
            for n in range(schema.get("minItems", 1))
        ]
    plain = {"string": _words(digest, 0, korean=False), "integer": schema.get("minimum", 0), "boolean": True}
    return plain.get(str(kind), schema.get("minimum", 0.0) if kind == "number" else None)
