"""A training process: started, watched, asked to stop."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from pathlib import Path

from seedbed.trainer.loop.job import JOB, Job, Outcome, read_outcome, reserve_space

_LOG = "log.txt"
_OURS = "SEEDBED_"


class TrainingProcess:
    """One phase at work, in one process or several."""

    def __init__(self, job: Job, process: Process) -> None:
        self._job = job
        self._process = process

    @classmethod
    async def start(
        cls, job: Job, processes: int, kernels: Path, environ: Mapping[str, str] = os.environ
    ) -> "TrainingProcess":
        """Start it; it ends when we do. What it compiles is kept in the folder `kernels` for the next one."""
        reserve_space(job.work)
        (job.work / JOB).write_text(job.model_dump_json(), encoding="utf-8")
        module = ("-m", "seedbed.trainer.loop.train", str(job.work / JOB))
        argv: tuple[str, ...] = (sys.executable, *module)
        if processes > 1:
            torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes))
            argv = (sys.executable, *torchrun, *module)
        # What it needs stands in its job; what we know beside that, such as keys, is none of its business.
        env = {name: value for name, value in environ.items() if not name.startswith(_OURS)}
        env |= {"HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "true", "PYTHONSAFEPATH": "1"}
        # Threads that wait by turning in circles take the processor from those that they wait for.
        env.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # Not in /tmp, from where some containers run nothing; and a handful of kernels needs no helpers.
        env.setdefault("TORCHINDUCTOR_CACHE_DIR", str(kernels))
        env.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
        if job.threads:
            env["OMP_NUM_THREADS"] = str(job.threads)
        with (job.work / _LOG).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=DEVNULL, stdout=log, stderr=log, env=env, start_new_session=True
            )
        return cls(job, process)

    @property
    def pid(self) -> int:
        """The process, or the one that started the others."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def wait(self, patience: float) -> bool:
        """Wait for its end for so many seconds; whether it has ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._process.wait()
        return not self.alive

    def ask_to_stop(self) -> None:
        """Have it save where it is, and end."""
        self._signal(signal.SIGTERM)

    async def kill(self) -> None:
        """End it at once, with all it has started."""
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def outcome(self) -> Outcome | None:
        """What it says of its end; None where it has crashed."""
        return read_outcome(self._job.work)

    def last_words(self, lines: int = 4) -> str:
        """How it ended, and the end of its log."""
        code = self._process.returncode or 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        how += ", as where memory is short" if code == -signal.SIGKILL else ""
        try:
            text = (self._job.work / _LOG).read_bytes()[-4096:].decode("utf-8", "replace")
        except OSError:
            text = ""
        said = [line for line in text.strip().splitlines() if line.strip()][-lines:]
        return "; ".join([how, *said])

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            # Its own session: whatever it has started is in its group.
            os.killpg(self._process.pid, number)


def count_processes(wanted: int) -> int:
    """How many train together: as many as wanted, or one for each GPU, or one."""
    if wanted:
        return wanted
    return max(1, len(list(Path("/dev").glob("nvidia[0-9]*"))))
