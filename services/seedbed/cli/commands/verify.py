"""`seedbed store verify`: what is missing or wrong is named, and what can be made again dropped."""

from collections.abc import Iterable

from rich.filesize import decimal
from rich.markup import escape

from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.consent import may
from seedbed.cli.render.failure import DONE, FAILED
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.runs.v1.store_service_pb2 import Fault, RepairRequest, VerifyRequest, VerifyResponse

# All there is in a store is read.
_TIMEOUT = 24 * 3600.0


class VerifyCommand:
    """One verification, and the repair after it where that is asked for."""

    def __init__(self, screen: Screen, *, repair: bool, yes: bool) -> None:
        self._screen = screen
        self._repair = repair
        self._yes = yes

    async def run(self, runs: Runs) -> int:
        """Say what is wrong, and see to it. Anything that stays wrong is a failure."""
        faults: list[Fault] = []
        answer = VerifyResponse()
        async for answer in runs.upkeep.Verify(VerifyRequest(), timeout=_TIMEOUT):
            faults += answer.faults
        self._show(answer, faults)
        repaired = bool(faults) and self._repair and await may("repair this", self._screen, yes=self._yes)
        if repaired:
            faults = await self._mend(runs)
        self._emit(answer, faults, repaired=repaired)
        left = [fault for fault in faults if not (repaired and fault.mendable)]
        return FAILED if left else DONE

    async def _mend(self, runs: Runs) -> list[Fault]:
        faults: list[Fault] = []
        async for answer in runs.upkeep.Repair(RepairRequest(confirm=True), timeout=_TIMEOUT):
            faults += answer.faults
        left = [fault for fault in faults if not fault.mendable]
        self._screen.say(f"repaired: {_count(faults)}; the next run makes again what it needs, and only that")
        if left:
            self._screen.warn(f"what nobody can make again from here: {_count(left)}")
            for remedy in dict.fromkeys(f"{fault.kind} {fault.key}: {fault.remedy}" for fault in left):
                self._screen.warn(remedy)
        return faults

    def _show(self, answer: VerifyResponse, faults: list[Fault]) -> None:
        say = self._screen.say
        say(f"read: {answer.objects:,} objects, {decimal(answer.bytes)}")
        if not faults:
            say("nothing is missing or wrong")
            return
        table = make_table("what", "object", "is wrong", "run", "leaf", unbroken=("what", "run"))
        for fault in faults:
            table.add_row(*map(escape, (fault.kind, fault.key, fault.what, fault.run, fault.leaf)))
        self._screen.show(table)
        for kind, remedy in {fault.kind: fault.remedy for fault in faults}.items():
            say(f"{kind}: a repair would have it {remedy}")
        if not self._repair:
            self._screen.warn(f"{_count(faults)}: `seedbed store verify --repair` sees to what can be mended")

    def _emit(self, answer: VerifyResponse, faults: list[Fault], *, repaired: bool) -> None:
        if self._screen.machine:
            self._screen.emit(
                {
                    "objects": answer.objects,
                    "bytes": answer.bytes,
                    "repaired": repaired,
                    "faults": [
                        {
                            "kind": fault.kind,
                            "key": fault.key,
                            "what": fault.what,
                            "run": fault.run,
                            "leaf": fault.leaf,
                            "remedy": fault.remedy,
                            "mendable": fault.mendable,
                        }
                        for fault in faults
                    ],
                }
            )


def _count(faults: Iterable[Fault]) -> str:
    """How much of what, each object once."""
    kinds = [kind for kind, _ in {(fault.kind, fault.key) for fault in faults}]
    return ", ".join(f"{kinds.count(kind)} × {kind}" for kind in sorted(set(kinds)))
