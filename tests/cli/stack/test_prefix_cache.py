"""How much of its prompts a vLLM server had read before."""

from seedbed.cli.stack.prefix_cache import ask_prefixes, describe_prefixes
from tests.cli.stage import open_teacher


def metrics(*engines):
    """As vLLM writes them."""
    lines = ["# HELP vllm:prefix_cache_hits_total Prefix cache hits, in terms of number of cached tokens."]
    for number, (queries, hits) in enumerate(engines):
        labels = f'{{engine="{number}",model_name="org/m"}}'
        lines += [f"vllm:prefix_cache_queries_total{labels} {queries}"]
        lines += [f"vllm:prefix_cache_hits_total{labels} {hits}"]
    return "\n".join(lines)


def test_engines_are_added_up():
    assert describe_prefixes(metrics((1000.0, 250.0))) == "250 of 1,000 tokens of prompts (25%)"
    assert describe_prefixes(metrics((1.5e6, 1e6), (5e5, 5e5))).startswith("1,500,000 of 2,000,000")


def test_nothing_is_said_of_a_server_that_was_not_asked_or_does_not_count():
    assert describe_prefixes(metrics((0.0, 0.0))) == ""
    assert describe_prefixes("") == ""


async def test_nothing_is_said_where_nothing_answers_or_another_kind_of_server():
    async with open_teacher(0) as teacher:
        assert await ask_prefixes(teacher.url) == ""
    assert await ask_prefixes(teacher.url) == ""
