"""`seedbed store gc`: what no kept run needs is shown, and removed."""

from rich.filesize import decimal

from seedbed.cli.commands.forget import as_objects, show_amounts
from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.consent import may
from seedbed.cli.render.failure import DONE
from seedbed.cli.render.screen import Screen
from seedbed.runs.v1.store_service_pb2 import CollectGarbageRequest, CollectGarbageResponse

# All there is in a store is looked at, and the seals that stay are read.
_TIMEOUT = 24 * 3600.0


class CollectGarbageCommand:
    """One collection, from the look to the end."""

    def __init__(self, request: CollectGarbageRequest, screen: Screen, *, yes: bool) -> None:
        self._request = request
        self._screen = screen
        self._yes = yes

    async def run(self, runs: Runs) -> int:
        """Show what nobody needs, ask, and remove it."""
        found = await self._ask(runs, self._request)
        self._show(found)
        if found.amounts and await may("remove this", self._screen, yes=self._yes):
            self._request.confirm = True
            found = await self._ask(runs, self._request)
            freed = decimal(sum(amount.bytes for amount in found.amounts))
            gone = ", ".join(f"{amount.objects:,} {amount.kind}" for amount in found.amounts)
            self._screen.say(f"removed: {gone or 'nothing'}; {freed}")
        self._emit(found)
        return DONE

    async def _ask(self, runs: Runs, request: CollectGarbageRequest) -> CollectGarbageResponse:
        answers = [answer async for answer in runs.upkeep.CollectGarbage(request, timeout=_TIMEOUT)]
        return answers[-1]

    def _show(self, found: CollectGarbageResponse) -> None:
        say = self._screen.say
        say(f"kept: {', '.join(found.kept) or 'no run'}")
        if found.removed:
            say(f"not kept: {', '.join(found.removed)}")
        show_amounts(found.amounts, self._screen)
        if not found.amounts:
            say("there is nothing that no kept run needs")
        if found.unsealed:
            some = ", ".join(found.unsealed[:5]) + (", …" if len(found.unsealed) > 5 else "")
            leaves = f"the seals of {len(found.unsealed)} leaves go ({some})"
            self._screen.warn(f"{found.calls:,} calls are not recalled any more: {leaves}")
        if found.young:
            say(f"{found.young:,} objects stay for now, as they were written lately; --grace says how lately")

    def _emit(self, found: CollectGarbageResponse) -> None:
        if self._screen.machine:
            self._screen.emit(
                {
                    "done": found.done,
                    "kept": list(found.kept),
                    "removed": list(found.removed),
                    "amounts": as_objects(found.amounts),
                    "unsealed": list(found.unsealed),
                    "calls": found.calls,
                    "young": found.young,
                }
            )
