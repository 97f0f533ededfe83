"""How long an endpoint that is busy asks to be left alone: by its headers, or in words."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_ADVICE = 120.0
"""The most that is waited but for `Retry-After`: when a limit is full again is later than need be."""
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_IN_WORDS = re.compile(
    r"(?:try again|retry|wait)(?: again)? (?:in|after|for) (?:about )?"
    r"(\d+(?:\.\d+)?\s?(?:ms|seconds?|s|minutes?|m)?(?:\d+(?:\.\d+)?s)?)|retryDelay (\d+(?:\.\d+)?s)",
    re.IGNORECASE,
)


def wait_of(headers: Mapping[str, str], words: str = "", now: float | None = None) -> float | None:
    """Seconds to wait; None where nothing is asked, or for a moment that is past. Headers in lower case."""
    now = _clock(headers, time.time() if now is None else now)
    if milliseconds := _NUMBER.fullmatch(headers.get("retry-after-ms", "").strip()):
        return float(milliseconds[0]) / 1000
    asked = _read(headers.get("retry-after", ""), now)
    if asked:
        return asked
    if not (wait := _wait_for_limits(headers, now)) and (match := _IN_WORDS.search(words)):
        wait = _read(re.sub(r"\s|econds?|inutes?", "", (match[1] or match[2]).lower()), now)
    return min(LONGEST_ADVICE, wait) if wait else None


def _clock(headers: Mapping[str, str], now: float) -> float:
    """The endpoint's own time, where it gives one: a moment that it names is by its clock."""
    stated = _moment(headers.get("date", ""))
    return now if stated is None else stated


def _wait_for_limits(headers: Mapping[str, str], now: float) -> float | None:
    """Until all limits that are used up are full again; where that is not given, until the first one is."""
    waits, empty = [], []
    for name, value in headers.items():
        if "ratelimit" in name and "reset" in name and (wait := _read(value, now)):
            waits.append(wait)
            left = headers.get(name.replace("reset", "remaining"), "").strip()
            empty += [wait] if left in ("0", "-1") else []
    return max(empty) if empty else min(waits, default=None)


def _read(value: str, now: float) -> float | None:
    """A number of seconds, a moment, or a duration such as `6m0s`."""
    value = value.strip()
    if _NUMBER.fullmatch(value):
        seconds = float(value)
        # A moment since 1970, in seconds or milliseconds: no wait is as long as that.
        if seconds > 1e11:
            seconds /= 1000
        seconds = seconds - now if seconds > 1e9 else seconds
    elif value and (match := _DURATION.fullmatch(value)):
        days, hours, minutes, rest, thousandths = (float(part or 0) for part in match.groups())
        seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest + thousandths / 1000
    elif (moment := _moment(value)) is not None:
        seconds = moment - now
    else:
        return None
    return seconds if seconds > 0 else None


def _moment(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
