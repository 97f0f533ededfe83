import errno
import ssl

import pytest

from seedbed.kernel.errors import EndpointAway, EndpointBusy, Refused
from seedbed.kernel.faults import ServerFault, error_of, excerpt, is_about_schema, words


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, EndpointBusy),
        (503, EndpointBusy),
        (500, ServerFault),
        (502, ServerFault),
        (504, ServerFault),
        (401, EndpointAway),
        (403, EndpointAway),
        (404, EndpointAway),
        (408, EndpointAway),
        (425, EndpointAway),
        (400, Refused),
        (413, Refused),
        (422, Refused),
    ],
)
def test_a_status_says_whose_fault_it_is(status, kind):
    error = error_of(status, b"it  says\nso", None)
    assert type(error) is kind
    assert error.message == f"HTTP {status}: it says so"
    assert error.retryable == (kind is not Refused)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("3", 3.0), ("0.5", 0.5), ("soon", None), ("-1", None), ("inf", None), ("²", None)],
)
def test_the_wait_asked_for_is_kept(header, seconds):
    error = error_of(429, b"", header)
    assert isinstance(error, EndpointBusy)
    assert error.retry_after == seconds


def test_a_long_answer_is_cut_and_bytes_that_are_no_text_are_marked():
    assert excerpt(b"x" * 300) == "x" * 200 + "…"
    assert excerpt(b"\xff ok") == "\ufffd ok"


@pytest.mark.parametrize("message", ["unknown field response_format", "guided decoding", "json_schema?"])
def test_a_refused_schema_is_known(message):
    assert is_about_schema(message)
    assert not is_about_schema("the prompt is too long")


def test_an_error_without_words_says_what_it_is():
    assert words(TimeoutError()) == "TimeoutError"
    assert words(OSError("gone")) == "gone"


def test_of_a_refused_connection_only_what_happened_is_told():
    assert words(OSError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)")) == "Connection refused"
    tls = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong")
    assert words(tls).startswith("no TLS that can be trusted")
