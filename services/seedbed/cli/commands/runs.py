"""`seedbed runs`: what a stack made, and makes."""

from typing import Any

from seedbed.cli.commands.watch import CALL_TIMEOUT, get_run, list_runs, watch_run
from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.bill import Bill
from seedbed.cli.render.duration import local_moment
from seedbed.cli.render.failure import DONE, FAILED
from seedbed.cli.render.progress import pace
from seedbed.cli.render.run_table import RunTable, models_of
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.summary import LeafTable, Summary, has_ended, state_name
from seedbed.kernel.errors import InputError
from seedbed.pipeline.recipe import read_recipe
from seedbed.runs.v1.runs_service_pb2 import CancelRunRequest, Run


def _finished(run: Run) -> Summary:
    return Summary(run, Bill.paid(run.progress), 0.0, read_recipe(run.recipe))


def _as_object(run: Run) -> dict[str, Any]:
    teacher, judge = models_of(run)
    return {**_finished(run).as_object(), "teacher": teacher, "judge": judge}


async def show_list(runs: Runs, screen: Screen) -> int:
    """All runs, one row each."""
    found = await list_runs(runs)
    if screen.machine:
        for run in found:
            screen.emit(_as_object(run))
        return DONE
    screen.show(RunTable(found))
    if any(run.dormant for run in found):
        screen.say("stopped: nobody works on it; the same `seedbed generate` goes on where it was")
    for run in found:
        if run.broken:
            screen.warn(f"{run.name} is broken: {run.broken}")
        elif run.gaps:
            screen.warn(_describe_gaps(run))
    return DONE


def _describe_gaps(run: Run) -> str:
    more = f" (and {len(run.gaps) - 1} more)" if len(run.gaps) > 1 else ""
    mend = "`seedbed store verify --repair` brings back what can be"
    return f"the book of runs is not whole for {run.name}: {run.gaps[0]}{more}; {mend}"


async def show_run(runs: Runs, name: str, screen: Screen) -> int:
    """One run, leaf by leaf."""
    run = await get_run(runs, name)
    if screen.machine:
        screen.emit(_as_object(run))
        return DONE
    if run.broken:
        screen.fail(f"{run.name} is broken: {run.broken}")
        return FAILED
    screen.show(LeafTable(run))
    screen.show(_finished(run).costs())
    progress = run.progress
    state = f"{state_name(run)} by {run.superseded_by}" if run.superseded_by else state_name(run)
    screen.say(f"run {run.name}: {state}, {progress.samples} of {progress.target} samples")
    teacher, judge = models_of(run)
    ended = f", ended {local_moment(run.end_time)}" if run.HasField("end_time") else ""
    screen.say(f"teacher {teacher}, judge {judge}; started {local_moment(run.create_time)}{ended}")
    screen.say(pace(progress))
    if failures := _finished(run).failures():
        screen.warn(failures)
    if run.gaps:
        screen.warn(_describe_gaps(run))
    if progress.paused and not run.dormant:
        screen.warn(f"paused: {progress.paused}")
    if run.dormant:
        screen.warn("stopped: nobody works on it; the same `seedbed generate` goes on where it was")
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
    if failures := summary.failures():
        screen.warn(failures)
    if screen.machine:
        screen.emit(summary.as_object())
    return summary.exit_code


async def cancel(runs: Runs, name: str, screen: Screen) -> int:
    """Stop a run; what it has is kept."""
    run = await runs.stub.CancelRun(CancelRunRequest(run=name), timeout=CALL_TIMEOUT)
    if screen.machine:
        screen.emit(_finished(run).as_object())
    screen.say(f"run {name}: {state_name(run)}, {run.progress.samples} samples are kept")
    return DONE
