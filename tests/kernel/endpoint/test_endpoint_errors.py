import errno
import ssl

import pytest

from seedbed.kernel.endpoint.endpoint_errors import (
    AccountFault,
    RequestRefused,
    ServerFault,
    error_of,
    excerpt,
    words,
)
from seedbed.kernel.errors import EndpointAway, EndpointBusy


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, EndpointBusy),
        (503, EndpointBusy),
        (529, EndpointBusy),
        (500, ServerFault),
        (502, ServerFault),
        (504, ServerFault),
        (401, AccountFault),
        (402, AccountFault),
        (403, AccountFault),
        (404, EndpointAway),
        (408, EndpointAway),
        (425, EndpointAway),
        (400, RequestRefused),
        (413, RequestRefused),
        (422, RequestRefused),
    ],
)
def test_a_status_says_whose_fault_it_is(status, kind):
    error = error_of(status, b"it  says\nso", {})
    assert type(error) is kind
    assert error.message == f"HTTP {status}: it says so"
    assert error.retryable == (kind is not RequestRefused)


def test_the_wait_asked_for_is_kept():
    error = error_of(429, b"", {"retry-after": "3"})
    assert isinstance(error, EndpointBusy)
    assert error.retry_after == 3


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("You exceeded your current quota, please check your plan and billing details.", AccountFault),
        ("You exceeded your current quota, check your billing. Please retry in 34.5s.", EndpointBusy),
        (
            "Rate limit reached. Try again in 1s. Add a payment method at /account/billing.",
            EndpointBusy,
        ),
        ("Rate limit reached. You can add a payment method at /account/billing.", EndpointBusy),
    ],
)
def test_a_limit_by_the_minute_is_no_end_of_money(message, kind):
    assert type(error_of(429, message.encode(), {})) is kind


def test_a_long_answer_is_cut_and_bytes_that_are_no_text_are_marked():
    assert excerpt(b"x" * 300) == "x" * 200 + "…"
    assert excerpt(b"\xff ok") == "\ufffd ok"


def test_an_error_without_words_says_what_it_is():
    assert words(TimeoutError()) == "TimeoutError"
    assert words(OSError("gone")) == "gone"


def test_of_a_refused_connection_only_what_happened_is_told():
    assert words(OSError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)")) == "Connection refused"
    tls = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong")
    assert words(tls).startswith("no TLS that can be trusted")
