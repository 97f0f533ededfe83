"""One phase, in a process of its own: `python -m seedbed.trainer.loop.train JOB`, alone or under torchrun.

It answers with `outcome.json` beside its job; one that leaves none has crashed.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch
from torch.distributed.fsdp import fully_shard

from seedbed.kernel.errors import SeedbedError
from seedbed.trainer.loop.distributed import ProcessGroup
from seedbed.trainer.loop.job import METRICS, SNAPSHOTS, Job, Outcome, write_outcome
from seedbed.trainer.loop.loop import Hooks, Loop, Stopped
from seedbed.trainer.loop.prepare import prepare
from seedbed.trainer.loop.result import save_result
from seedbed.trainer.loop.snapshot import load_snapshot, read_progress, restore_rng_states, save_snapshot
from seedbed.trainer.model.student import Student
from seedbed.trainer.service.disk import HINT

STOPPED, FAILED = 75, 3


def main(path: str) -> int:
    job = Job.model_validate_json(Path(path).read_bytes())
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if job.owner:
        threading.Thread(target=_end_with, args=(job.owner,), daemon=True).start()
    group = ProcessGroup.join()
    try:
        outcome, code = _train(job, group, stopping), 0
    except Stopped:
        outcome, code = Outcome(end="stopped"), STOPPED
    except SeedbedError as error:
        outcome, code = Outcome(end="failed", error=error.message, hint=error.hint), FAILED
    except OSError as error:
        outcome = Outcome(end="failed", error=f"cannot write to {job.work}: {error}", hint=HINT)
        code = FAILED
    if group.first or outcome.end == "failed":
        write_outcome(job.work, outcome)
    group.leave()
    return code


def _train(job: Job, group: ProcessGroup, stopping: threading.Event) -> Outcome:
    settle(group.device)
    torch.set_num_threads(job.threads or max(1, (os.cpu_count() or 1) // group.count))
    prepared = prepare(job, group.device)
    sharded = _shards(job, group)
    if sharded:
        _shard(prepared.student, prepared.model)
    loop = Loop(
        prepared.plan,
        prepared.student,
        prepared.student if sharded else prepared.model,
        group,
        bfloat16=prepared.bfloat16,
        sharded=sharded,
    )
    resume(job, loop, group)
    recorder = _Recorder(job, group)
    try:
        loop.run(Hooks(stopping.is_set, recorder.note, recorder.consider))
    except Stopped:
        recorder.save(loop)
        raise
    save_result(job, prepared, loop.progress, group, sharded=sharded)
    return Outcome(end="done")


def settle(device: torch.device) -> None:
    """The same sums in the same order, whatever else is done beside them."""
    torch.use_deterministic_algorithms(mode=True, warn_only=device.type == "cuda")
    # Whoever reads what was never written would be wrong each time; filling it costs a pass over all memory.
    torch.utils.deterministic.fill_uninitialized_memory = False


def _shards(job: Job, group: ProcessGroup) -> bool:
    if job.shard is None:
        return group.count > 1 and group.device.type == "cuda"
    return job.shard and group.count > 1


def _shard(student: Student, model: Any) -> None:
    """Spread the weights over the processes, layer by layer."""
    names = set(model._no_split_modules or ())  # noqa: SLF001  where transformers itself would cut
    for module in [module for module in model.modules() if type(module).__name__ in names]:
        fully_shard(module)
    fully_shard(student)


def resume(job: Job, loop: Loop, group: ProcessGroup) -> None:
    """Go on where the phase was left; random states come last, as making a model draws numbers as well."""
    torch.manual_seed(loop.plan.recipe.seed + group.number)
    chance, phase = None, job.head().phase_digest
    if job.snapshot and read_progress(job.snapshot).phase == phase:
        loop.progress, chance = load_snapshot(job.snapshot, loop.model, loop.optimizer, group)
    elif job.snapshot:
        # Of other rows or another version: to go on from it would be half the one and half the other.
        print("the snapshot is of another phase, which begins anew", file=sys.stderr)  # noqa: T201  its log
    loop.progress.phase = phase
    if group.first:
        rows = "".join(json.dumps(row) + "\n" for row in loop.progress.metrics)
        (job.work / METRICS).write_text(rows, encoding="utf-8")
    if chance is not None:
        restore_rng_states(chance, group.device)


class _Recorder:
    """Writes the loop's rows of metrics, and a snapshot now and then."""

    def __init__(self, job: Job, group: ProcessGroup) -> None:
        self._job = job
        self._group = group
        self._last = time.monotonic()

    def note(self, row: dict[str, Any]) -> None:
        """Add a row of metrics."""
        if self._group.first:
            with (self._job.work / METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def consider(self, loop: Loop) -> None:
        """Save a snapshot where it is time for one."""
        due = time.monotonic() - self._last >= self._job.snapshot_seconds
        ended = loop.progress.step == len(loop.plan.steps)
        if self._group.any(mine=due) and not ended:
            self.save(loop)

    def save(self, loop: Loop) -> None:
        """Save a snapshot of this step, unless there is one or no step was done."""
        folder = self._job.work / SNAPSHOTS / f"{loop.progress.step:08d}"
        # Before its first step a phase is best begun anew.
        if loop.progress.step and not folder.exists():
            save_snapshot(folder, loop.model, loop.optimizer, loop.chance, loop.progress, self._group)
        self._last = time.monotonic()


def _end_with(owner: int) -> None:
    """End when the process that wants this is gone: nobody would take what comes of it."""
    while True:
        time.sleep(1)
        try:
            os.kill(owner, 0)
        except ProcessLookupError:
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
