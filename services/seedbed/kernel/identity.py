"""Names by content: digests, tokens, canonical JSON."""

import hashlib
import json
from typing import Any

from google.protobuf.message import Message


def sha256_hex(data: bytes | str) -> str:
    """The sha256 of `data` as 64 hex digits; text counts as UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def origin(digest: str) -> int:
    """The beginning of a digest as items and records carry it, which are many and need it in a few bytes."""
    return int(digest[:16], 16)


def leaf_token(path: str) -> str:
    """The leaf's name in subjects and keys: 16 hex digits, as a path may hold anything."""
    return sha256_hex(path)[:16]


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def message_bytes(message: Message) -> bytes:
    """A message's bytes for hashing; holds for messages without maps and unknown fields."""
    return message.SerializeToString(deterministic=True)
