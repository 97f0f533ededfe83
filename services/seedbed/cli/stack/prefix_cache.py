"""What a vLLM server had read before, as its own counters say: what prompts share is computed once."""

import re

import aiohttp

_LOOK = aiohttp.ClientTimeout(total=2)
_COUNTER = r"^vllm:prefix_cache_{}_total(?:{{.*}})? (\S+)$"


async def ask_prefixes(url: str) -> str:
    """How much of what a server was asked came from its prefix cache; "" where it cannot say."""
    metrics = url.removesuffix("/v1") + "/metrics"
    try:
        async with aiohttp.ClientSession(timeout=_LOOK) as session, session.get(metrics) as answer:
            return describe_prefixes(await answer.text())
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        return ""


def describe_prefixes(metrics: str) -> str:
    """The same from the text of its metrics."""
    hits, asked = _count("hits", metrics), _count("queries", metrics)
    return f"{hits:,.0f} of {asked:,.0f} tokens of prompts ({hits / asked:.0%})" if asked else ""


def _count(what: str, metrics: str) -> float:
    """Over all engines of the server."""
    return sum(map(float, re.findall(_COUNTER.format(what), metrics, re.MULTILINE)))
