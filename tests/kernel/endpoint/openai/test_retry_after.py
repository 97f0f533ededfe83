"""How long to wait is read from whatever an endpoint says about it."""

import pytest

from seedbed.kernel.endpoint.openai.retry_after import LONGEST_ADVICE, wait_of

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
PAST = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "3600"}, 3600),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": PAST, "x-ratelimit-reset-requests": "1s"}, 1),
        ({"x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-reset-tokens": "1m2.5s"}, 62.5),
        ({"x-ratelimit-reset-tokens": "7m12s"}, LONGEST_ADVICE),
        ({"x-ratelimit-reset": "1700000005000"}, 5),
        ({"x-ratelimit-reset": "1700000005"}, 5),
        ({"ratelimit-reset": "30"}, 30),
        ({"anthropic-ratelimit-requests-reset": "2023-11-14T22:13:25Z"}, 5),
    ],
)
def test_headers_say_it_in_many_forms(headers, seconds):
    assert wait_of(headers, now=NOW) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["soon", "-5", "", "nan", "inf", "²", PAST, "0", "0s", "1699999999"])
def test_what_cannot_be_read_and_what_is_past_is_no_wait(value):
    assert wait_of({"retry-after": value}, now=NOW) is None
    assert wait_of({"x-ratelimit-reset-requests": value}, now=NOW) is None


def test_a_moment_is_by_the_endpoints_own_clock():
    headers = {"date": PAST, "retry-after": "Wed, 21 Oct 2015 07:28:07 GMT"}
    assert wait_of(headers, now=NOW) == 7


def test_the_limits_that_are_used_up_are_waited_for():
    headers = {
        "x-ratelimit-reset-requests": "9s",
        "x-ratelimit-remaining-requests": "5",
        "x-ratelimit-reset-tokens": "4s",
        "x-ratelimit-remaining-tokens": "0",
    }
    assert wait_of(headers) == 4
    assert wait_of(headers | {"x-ratelimit-remaining-requests": "0"}) == 9
    # Which of them it was is not told: the first may be enough.
    assert wait_of({name: value for name, value in headers.items() if "reset" in name}) == 4


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Rate limit reached. Please try again in 20s.", 20),
        ("Please try again in 1.2s. Visit the console.", 1.2),
        ("try again in 350ms", 0.35),
        ("Please retry after 3 seconds.", 3),
        ("retryDelay 34s", 34),
        ("Please try again in 1m30s", 90),
        ("try again later", None),
    ],
)
def test_words_say_it_where_no_header_does(words, seconds):
    assert wait_of({}, words) == seconds
    assert wait_of({"retry-after": "2"}, words) == 2
