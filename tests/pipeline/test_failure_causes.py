"""Why calls were given up: like reasons together, the commonest first, and never longer than can be read."""

import pytest

from seedbed.bus.v1.bus_pb2 import Cause, StepCounts
from seedbed.pipeline.failure_causes import Causes, count_calls, explain


def common(*reasons):
    causes = Causes()
    for reason in reasons:
        causes.add(reason)
    return [(cause.reason, cause.count) for cause in causes.common()]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTP 400: the prompt has 5123 tokens", "HTTP 400: the prompt has 6001 tokens"),
        ("HTTP 400: request req_8Fa1x was refused", "HTTP 400: request req_9Zb2y was refused"),
        (
            "HTTP 400: id 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
            "HTTP 400: id 6fa459ea-ee8a-3ca4-894e-db77e160355e",
        ),
        ("HTTP 500: at 2026-11-30T16:38:52.123Z", "HTTP 500: at 2026-11-30T16:39:07.004Z"),
        ("a  reply\ncut at the limit", "a reply cut at the limit"),
    ],
)
def test_reasons_that_differ_in_numbers_ids_and_blanks_only_are_one(one, other):
    first = " ".join(min(one, other).split())
    assert common(one, other, one) == common(other, one, one)
    assert [count for _, count in common(one, other, one)] == [3]
    assert common(one, other)[0][0] in (first, " ".join(max(one, other).split()))


def test_a_status_tells_reasons_apart():
    assert common("HTTP 400: no", "HTTP 422: no", "HTTP 422: no") == [
        ("HTTP 422: no", 2),
        ("HTTP 400: no", 1),
    ]


def test_the_numbers_of_a_gate_tell_reasons_apart():
    causes = Causes()
    causes.add("score 1", exactly=True)
    causes.add("score 2", exactly=True)
    assert len(causes.common()) == 2


def test_a_reason_is_bounded_and_never_empty():
    ((long, _),) = common("x" * 5000)
    assert len(long) <= 160
    assert common("") == [("no reason was given", 1)]


def test_the_commonest_are_said_and_the_rest_is_counted():
    causes = [
        Cause(reason=f"reason {name}", count=count) for name, count in zip("abcd", (9, 5, 2, 1), strict=True)
    ]
    assert explain(causes, 20) == (
        "20 calls failed: 9 × reason a, 5 × reason b, 2 × reason c, 4 × other reasons"
    )
    assert explain(causes[:1], 9) == "9 calls failed: 9 × reason a"
    assert explain([Cause(reason="it", count=1)], 1) == "1 call failed: 1 × it"
    assert explain([], 0) == ""


def test_a_document_that_was_cut_is_no_call():
    steps = [
        StepCounts(step="knowledge.chunk", done=4, failed=1),
        StepCounts(step="knowledge.generate", done=2, malformed=3, failed=4),
    ]
    assert count_calls(steps) == (2, 7)
