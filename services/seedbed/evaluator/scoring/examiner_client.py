"""The examiner's process from without. Started when it is needed, kept from then on."""

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

from seedbed.kernel.errors import InputError, ItemError

# A reply holds the answers of a whole exam.
_LONGEST_LINE = 64 << 20
_SURROUNDINGS = {
    "HF_DATASETS_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait by spinning take the processor from the services beside them.
    "OMP_WAIT_POLICY": "PASSIVE",
}


class ExaminerClient:
    """Gives orders, one at a time. A process that died is reported, and the next order starts another."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def order(self, name: str, **values: Any) -> Any:
        """Carry out one order. Raises InputError, ItemError. Cancelled, it ends the process with it."""
        async with self._turn:
            process = await self._enter()
            try:
                answer = await self._talk(process, {"order": name, "with": values})
            except BaseException:
                await self._end()
                raise
        if "error" not in answer:
            return answer["result"]
        kind = InputError if answer["input"] else ItemError
        raise kind(f"the examiner could not {name}: {answer['error']}", hint=answer["hint"])

    async def close(self) -> None:
        """End the examiner's process, if one runs."""
        await self._end()

    async def _enter(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "seedbed.evaluator.scoring.examiner",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, **_SURROUNDINGS},
                limit=_LONGEST_LINE,
            )
        return self._process

    @staticmethod
    async def _talk(process: asyncio.subprocess.Process, order: dict[str, Any]) -> Any:
        if process.stdin is None or process.stdout is None:
            raise ItemError("the examiner has no ears")
        with contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps(order, ensure_ascii=False).encode() + b"\n")
            await process.stdin.drain()
        line = await process.stdout.readline()
        if line:
            return json.loads(line)
        status = await process.wait()
        raise ItemError(
            f"the examiner ended with status {status} at the order {order['order']!r}",
            hint="killed by the system, it had too little memory; else its log says why",
        )

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        # Whatever it computes, nobody waits for any more, and it keeps nothing.
        process.kill()
        await process.wait()
