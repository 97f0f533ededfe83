"""Counts of tokens, as an endpoint reports them."""

from typing import Any


def tokens_spent(reply: dict[str, Any], name: str) -> int:
    """What a reply says was spent: `prompt_tokens` or `completion_tokens`."""
    # Not every endpoint counts, and what some count is no number.
    spent = reply.get("usage")
    count = spent.get(name) if isinstance(spent, dict) else 0
    return count if isinstance(count, int) and count > 0 else 0
