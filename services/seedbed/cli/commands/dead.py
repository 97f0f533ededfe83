"""`seedbed dead`: what a run gave up."""

import json
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.markup import escape

from seedbed.bus.v1.bus_pb2 import DeadLetter, Outcome
from seedbed.cli.commands.watch import CALL_TIMEOUT
from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.failure import DONE
from seedbed.cli.render.paths import LeafPath
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.kernel.errors import InputError
from seedbed.runs.v1.runs_service_pb2 import (
    DropDeadLettersRequest,
    ListDeadLettersRequest,
    RetryDeadLettersRequest,
)

_PAGE = 100
_SHORT = 12


async def list_letters(runs: Runs, name: str, reason: str = "") -> list[DeadLetter]:
    """The items a run gave up, or all runs where none is named."""
    letters: list[DeadLetter] = []
    token = ""
    while True:
        request = ListDeadLettersRequest(run=name, page_size=_PAGE, page_token=token, reason=reason)
        page = await runs.stub.ListDeadLetters(request, timeout=CALL_TIMEOUT)
        letters += page.letters
        token = page.next_page_token
        if not token:
            return letters


async def show_letters(runs: Runs, name: str, reason: str, screen: Screen) -> int:
    """The items given up, one row each."""
    letters = await list_letters(runs, name, reason)
    if screen.machine:
        for letter in letters:
            screen.emit(_as_object(letter))
        return DONE
    if not letters:
        screen.say("no dead letters")
        return DONE
    names = ["item", "leaf", "step", "outcome", "attempts", "reason"]
    unbroken = ("run", "item", "step", "outcome")
    table = make_table(*([] if name else ["run"]), *names, right=("attempts",), unbroken=unbroken)
    for letter in letters:
        row = (letter.step, _outcome(letter), str(letter.usage.requests), letter.reason)
        of_run = [] if name else [escape(letter.run)]
        table.add_row(*of_run, letter.digest[:_SHORT], LeafPath(letter.path), *map(escape, row))
    screen.show(table)
    return DONE


async def show_letter(runs: Runs, digest: str, name: str, screen: Screen) -> int:
    """One item with all that is known of it."""
    found = _meant(await list_letters(runs, name), [digest])[0]
    if screen.machine:
        screen.emit(_as_object(found))
        return DONE
    screen.say(json.dumps(_as_object(found), ensure_ascii=False, indent=2))
    return DONE


async def retry_letters(runs: Runs, name: str, items: Sequence[str], reason: str, screen: Screen) -> int:
    """Open items again that were given up; all of them, or all with this reason, where none is named."""
    meant = await _digests(runs, name, items)
    request = RetryDeadLettersRequest(run=name, digests=meant, reason=reason)
    count = (await runs.stub.RetryDeadLetters(request, timeout=CALL_TIMEOUT)).retried
    screen.say(_count_of(count, "is open again", "are open again"))
    if count and not runs.live:
        screen.say("the same `seedbed generate` goes on with them")
    if screen.machine:
        screen.emit({"run": name, "retried": count})
    return DONE


async def drop_letters(runs: Runs, name: str, items: Sequence[str], reason: str, screen: Screen) -> int:
    """Take items given up off the list; all of them, or all with this reason, where none is named."""
    meant = await _digests(runs, name, items)
    named = bool(meant or reason)
    request = DropDeadLettersRequest(run=name, digests=meant, reason=reason, all=not named, confirm=True)
    count = (await runs.stub.DropDeadLetters(request, timeout=CALL_TIMEOUT)).dropped
    screen.say(_count_of(count, "is off the list", "are off the list"))
    if screen.machine:
        screen.emit({"run": name, "dropped": count})
    return DONE


async def _digests(runs: Runs, name: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    return [letter.digest for letter in _meant(await list_letters(runs, name), items)]


def _meant(letters: Sequence[DeadLetter], digests: Sequence[str]) -> list[DeadLetter]:
    """Letters by the beginnings of their digests. Raises InputError."""
    meant = []
    for digest in digests:
        found = [letter for letter in letters if digest and letter.digest.startswith(digest)]
        if len({letter.digest for letter in found}) != 1:
            what = "several dead letters begin" if found else "no dead letter begins"
            raise InputError(f"{what} with {digest!r}", hint="`seedbed dead list` shows all")
        meant.append(found[0])
    return meant


def _count_of(count: int, one: str, many: str) -> str:
    if not count:
        return "no dead letters"
    return f"1 item {one}" if count == 1 else f"{count} items {many}"


def _outcome(letter: DeadLetter) -> str:
    return Outcome.Name(letter.outcome).removeprefix("OUTCOME_").lower()


def _as_object(letter: DeadLetter) -> dict[str, Any]:
    return {
        "item": letter.digest,
        "run": letter.run,
        "leaf": letter.path,
        "step": letter.step,
        "outcome": _outcome(letter),
        "attempts": letter.usage.requests,
        "reason": letter.reason,
        "usage": MessageToDict(letter.usage, preserving_proto_field_name=True),
        "replay": f"seedbed dead retry {letter.run} {letter.digest[:_SHORT]}",
    }
