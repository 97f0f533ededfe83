from hypothesis import given
from hypothesis import strategies as st

from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.telemetry.context import (
    Context,
    by_chance,
    is_chosen,
    of_item,
    of_leaf,
    of_run,
    read,
    span_of,
)


def ids(size):
    return st.binary(min_size=size, max_size=size).filter(any)


@given(ids(16), ids(8), st.booleans())
def test_a_context_comes_back_from_its_header(trace, span, sampled):
    context = Context(trace, span, sampled)
    assert read(str(context)) == context


@given(st.text())
def test_a_header_that_cannot_be_read_is_none(text):
    assert read(text) is None or str(read(text)) == text


def test_headers_of_nobody_and_of_other_versions_are_none():
    assert read(f"00-{'0' * 32}-{'1' * 16}-01") is None
    assert read(f"00-{'1' * 32}-{'0' * 16}-01") is None
    assert read(f"cc-{'1' * 32}-{'1' * 16}-01") is None
    assert read(None) is None


def test_a_name_has_one_trace_and_every_name_its_own():
    assert of_item("r1", "ab") == of_item("r1", "ab")
    assert len({of_item("r1", "ab"), of_item("r2", "ab"), of_run("r1"), of_leaf("r1", "ab")}) == 4


def test_a_span_of_a_name_stays_in_its_trace_and_each_delivery_is_another():
    trace = of_item("r1", "ab")
    first, again = span_of(trace, "ab", "1"), span_of(trace, "ab", "2")
    assert first.trace == again.trace == trace.trace
    assert len({first.span, again.span, trace.span}) == 3


def test_a_share_is_chosen_by_digest_and_a_larger_share_holds_the_smaller():
    digests = [sha256_hex(str(number)) for number in range(20_000)]
    hundredth = {digest for digest in digests if is_chosen(digest, 0.01)}
    tenth = {digest for digest in digests if is_chosen(digest, 0.1)}
    assert 120 < len(hundredth) < 280
    assert hundredth < tenth
    assert all(is_chosen(digest, 1) for digest in digests)
    assert not any(is_chosen(digest, 0) for digest in digests)


def test_by_chance_all_or_none_or_a_share():
    assert all(by_chance(1).sampled for _ in range(100))
    assert not any(by_chance(0).sampled for _ in range(100))
    assert 300 < sum(by_chance(0.5).sampled for _ in range(1000)) < 700
