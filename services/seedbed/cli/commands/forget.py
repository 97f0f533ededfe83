"""`seedbed forget`: what a document left behind is shown, and removed."""

from collections.abc import Iterable

from rich.filesize import decimal
from rich.markup import escape

from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.consent import may
from seedbed.cli.render.failure import DONE, FAILED
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.runs.v1.store_service_pb2 import Amount, ForgetRequest, ForgetResponse

# All there is in a store may have to be read.
_TIMEOUT = 24 * 3600.0


class ForgetCommand:
    """One erasure, from the look to the end."""

    def __init__(self, document: str, leaf: str, screen: Screen, *, yes: bool) -> None:
        self._request = ForgetRequest(document=document, leaf=leaf)
        self._screen = screen
        self._yes = yes

    async def run(self, runs: Runs) -> int:
        """Show what there is, ask, and remove it. Not all of it gone is a failure."""
        found = await self._ask(runs, self._request)
        self._show(found)
        if not await may("forget this", self._screen, yes=self._yes):
            self._emit(found)
            return DONE
        self._request.confirm = True
        answer = await self._ask(runs, self._request)
        self._report(answer)
        self._emit(answer)
        return FAILED if answer.remains else DONE

    async def _ask(self, runs: Runs, request: ForgetRequest) -> ForgetResponse:
        answer = [answer async for answer in runs.upkeep.Forget(request, timeout=_TIMEOUT)]
        return answer[-1]

    def _show(self, found: ForgetResponse) -> None:
        for document in found.documents:
            when = document.forget_time.ToDatetime()
            before = f" (forgotten on {when:%Y-%m-%d})" if document.HasField("forget_time") else ""
            self._screen.say(f"document {document.digest[:12]}: {', '.join(document.places)}{before}")
        show_amounts(found.amounts, self._screen)
        if not found.amounts:
            self._screen.say("nothing is left of it in the store")
        if found.cancelled:
            self._screen.say(f"runs at work on it, to be cancelled: {', '.join(found.cancelled)}")
        if found.shortened:
            self._screen.say(f"finished runs that lose samples: {', '.join(found.shortened)}")
        self._show_checkpoints(found)

    def _show_checkpoints(self, found: ForgetResponse) -> None:
        for checkpoint in found.checkpoints:
            through = f" through {', '.join(checkpoint.leaves)}" if checkpoint.leaves else ""
            self._screen.warn(f"trained on it{through}: {checkpoint.path}")
        if found.checkpoints:
            self._screen.warn("weights cannot forget: remove these checkpoints, and train again without it")

    def _report(self, answer: ForgetResponse) -> None:
        gone = ", ".join(f"{amount.objects} {amount.kind}" for amount in answer.amounts)
        self._screen.say(f"forgotten: {gone or 'nothing was left'}")
        for remains in answer.remains:
            self._screen.warn(remains)
        self._screen.say(
            "what was exported before, and the taxonomy itself, are yours: remove it there; "
            "an import that brings it back is refused"
        )

    def _emit(self, answer: ForgetResponse) -> None:
        if self._screen.machine:
            self._screen.emit(
                {
                    "done": answer.done,
                    "documents": [{"digest": d.digest, "places": list(d.places)} for d in answer.documents],
                    "amounts": as_objects(answer.amounts),
                    "cancelled": list(answer.cancelled),
                    "shortened": list(answer.shortened),
                    "checkpoints": [
                        {"path": c.path, "dataset": c.dataset, "leaves": list(c.leaves)}
                        for c in answer.checkpoints
                    ],
                    "remains": list(answer.remains),
                }
            )


def show_amounts(amounts: Iterable[Amount], screen: Screen) -> None:
    """A table of how much goes, by kind; nothing where nothing does."""
    table = make_table("what", "objects", "size", right=("objects", "size"))
    for amount in amounts:
        table.add_row(
            escape(amount.kind), f"{amount.objects:,}", decimal(amount.bytes) if amount.bytes else ""
        )
    if table.row_count:
        screen.show(table)


def as_objects(amounts: Iterable[Amount]) -> list[dict[str, object]]:
    """Amounts for `--json`."""
    return [{"kind": a.kind, "objects": a.objects, "bytes": a.bytes} for a in amounts]
