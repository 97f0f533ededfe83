"""`seedbed runs`, `seedbed export` and `seedbed dead`: what a stack made, makes, and gave up."""

import json
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.markup import escape

from seedbed.bus.v1.bus_pb2 import DeadLetter, Outcome
from seedbed.cli.failure import DONE
from seedbed.cli.paths import LeafPath
from seedbed.cli.progress import pace
from seedbed.cli.reach import Runs
from seedbed.cli.screen import Screen
from seedbed.cli.summary import LeafTable, Summary, Tally, has_ended, state_name
from seedbed.cli.table import make_table
from seedbed.cli.watch import CALL_TIMEOUT, get_run, list_runs, watch_run
from seedbed.kernel.errors import InputError
from seedbed.runs.v1.runs_service_pb2 import (
    CancelRunRequest,
    ListDeadLettersRequest,
    RetryDeadLettersRequest,
    Run,
)

_PAGE = 100


def _finished(run: Run) -> Summary:
    return Summary(run, Tally.of(run.progress), 0.0)


async def show_list(runs: Runs, screen: Screen) -> int:
    """All runs, one row each."""
    found = await list_runs(runs)
    if screen.machine:
        for run in found:
            screen.emit(_finished(run).as_object())
        return DONE
    numbers = ("samples", "leaves", "calls", "recalled", "dead")
    table = make_table("run", "state", *numbers, right=numbers, whole=("run",))
    for run in found:
        progress = run.progress
        state = state_name(run) + (" (nobody works on it)" if not runs.live and not has_ended(run) else "")
        samples = f"{progress.samples}/{progress.target}"
        counts = (len(run.leaves), progress.requests, progress.recalled, progress.dead)
        table.add_row(escape(run.name), state, samples, *map(str, counts))
    screen.show(table)
    return DONE


async def show_run(runs: Runs, name: str, screen: Screen) -> int:
    """One run, leaf by leaf."""
    run = await get_run(runs, name)
    if screen.machine:
        screen.emit(_finished(run).as_object())
        return DONE
    screen.show(LeafTable(run))
    progress = run.progress
    screen.say(f"run {run.name}: {state_name(run)}, {progress.samples} of {progress.target} samples")
    screen.say(pace(progress))
    if progress.paused:
        screen.warn(f"paused: {progress.paused}")
    if not has_ended(run) and not runs.live:
        screen.warn("nobody works on it: the same `seedbed generate` goes on with it")
    return DONE


async def watch(runs: Runs, name: str, screen: Screen) -> int:
    """Follow one run to its end; the exit status is the run's."""
    run = await get_run(runs, name)
    if not has_ended(run) and not runs.live:
        raise InputError(
            f"run {name} has not ended, and no stack works on it",
            hint="the same `seedbed generate` goes on with it; then watch it",
        )
    summary = _finished(await watch_run(runs, name, screen))
    screen.show(LeafTable(summary.run))
    if screen.machine:
        screen.emit(summary.as_object())
    return summary.exit_code


async def cancel(runs: Runs, name: str, screen: Screen) -> int:
    """Stop a run; what it has is kept."""
    answer = await runs.stub.CancelRun(CancelRunRequest(run=name), timeout=CALL_TIMEOUT)
    if screen.machine:
        screen.emit(_finished(answer.run).as_object())
    screen.say(f"run {name}: {state_name(answer.run)}, {answer.run.progress.samples} samples are kept")
    return DONE


async def list_letters(runs: Runs, name: str) -> list[DeadLetter]:
    """The items a run gave up."""
    letters: list[DeadLetter] = []
    token = ""
    while True:
        request = ListDeadLettersRequest(run=name, page_size=_PAGE, page_token=token)
        page = await runs.stub.ListDeadLetters(request, timeout=CALL_TIMEOUT)
        letters += page.letters
        token = page.next_page_token
        if not token:
            return letters


async def show_letters(runs: Runs, name: str, screen: Screen) -> int:
    """The items a run gave up, one row each."""
    letters = await list_letters(runs, name)
    if screen.machine:
        for letter in letters:
            screen.emit(_letter_object(letter))
        return DONE
    if not letters:
        screen.say("no dead letters")
        return DONE
    table = make_table("item", "leaf", "step", "outcome", "reason", whole=("item", "step", "outcome"))
    for letter in letters:
        row = (letter.step, _outcome(letter), letter.reason)
        table.add_row(letter.digest[:12], LeafPath(letter.path), *map(escape, row))
    screen.show(table)
    return DONE


async def show_letter(runs: Runs, digest: str, name: str, screen: Screen) -> int:
    """One item with all that is known of it."""
    found = _meant(await list_letters(runs, name), [digest])[0]
    if screen.machine:
        screen.emit(_letter_object(found))
        return DONE
    screen.say(json.dumps(_letter_object(found), ensure_ascii=False, indent=2))
    return DONE


async def retry_letters(runs: Runs, name: str, digests: Sequence[str], screen: Screen) -> int:
    """Open items again that were given up."""
    meant = _meant(await list_letters(runs, name), digests) if digests else []
    request = RetryDeadLettersRequest(run=name, digests=[letter.digest for letter in meant])
    answer = await runs.stub.RetryDeadLetters(request, timeout=CALL_TIMEOUT)
    screen.say(_reopened(answer.retried))
    if answer.retried and not runs.live:
        screen.say("the same `seedbed generate` goes on with them")
    if screen.machine:
        screen.emit({"run": name, "retried": answer.retried})
    return DONE


def _reopened(count: int) -> str:
    if not count:
        return "no dead letters"
    return "1 item is open again" if count == 1 else f"{count} items are open again"


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


def _outcome(letter: DeadLetter) -> str:
    return Outcome.Name(letter.outcome).removeprefix("OUTCOME_").lower()


def _letter_object(letter: DeadLetter) -> dict[str, Any]:
    return {
        "item": letter.digest,
        "run": letter.run,
        "leaf": letter.path,
        "step": letter.step,
        "outcome": _outcome(letter),
        "reason": letter.reason,
        "usage": MessageToDict(letter.usage, preserving_proto_field_name=True),
        "replay": f"seedbed dead retry {letter.run} {letter.digest[:12]}",
    }
