"""`seedbed generate`: from a taxonomy to a dataset, on a stack of its own."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from google.longrunning.operations_pb2 import Operation

from seedbed.cli.apps.budget_options import BudgetOptions, check_prices
from seedbed.cli.commands.estimate import Estimate, make_estimate
from seedbed.cli.commands.export import check_target, describe_dataset, export_dataset
from seedbed.cli.commands.watch import get_run, list_runs, watch_run
from seedbed.cli.reach.connect import Runs, local_access, open_runs, open_taxonomy
from seedbed.cli.reach.endpoints import REHEARSAL_NOTICE, Endpoints, Wanted, choose_endpoints
from seedbed.cli.reach.imports import import_taxonomy
from seedbed.cli.render.bill import Bill, tabulate
from seedbed.cli.render.failure import DONE, INTERRUPTED
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.summary import LeafTable, Summary
from seedbed.cli.stack.programs import address
from seedbed.cli.stack.stack import Stack
from seedbed.cli.stack.startup import Pace, bring_up
from seedbed.cli.stack.state import StateFolder
from seedbed.dataset import Manifest
from seedbed.kernel.errors import InputError, SeedbedError
from seedbed.kernel.rpc.channel import Access
from seedbed.kernel.settings import Settings, load_settings
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.interface import Store
from seedbed.pipeline.recipe import Recipe, read_recipe
from seedbed.runs.v1.runs_service_pb2 import CreateRunRequest, Run, RunMetadata

# Opening a run reads the whole snapshot.
_CREATE_TIMEOUT = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateArguments:
    """The arguments of `seedbed generate`."""

    taxonomy: str
    state: Path
    out: Path
    wanted: Wanted
    target: int = 0
    leaves: tuple[str, ...] = ()
    recipe: Path | None = None
    refill: bool = True
    pace: Pace = field(default_factory=Pace)
    telemetry: bool = False
    budget: BudgetOptions = field(default_factory=BudgetOptions)
    only_estimate: bool = False

    @property
    def asking(self) -> bool:
        """Whether the teacher may be asked."""
        return self.refill and not self.only_estimate


class GenerateCommand:
    """One invocation, and how far it came: reported also when it ends before its time."""

    def __init__(self, order: GenerateArguments, screen: Screen) -> None:
        self._order = order
        self._screen = screen
        self._run = Run()
        self._before = Bill()
        self._recipe = Recipe()
        self._estimate: Estimate | None = None
        self._started = time.monotonic()

    def summary(self) -> Summary:
        """What came of it up to now."""
        spent = Bill.paid(self._run.progress).since(self._before)
        return Summary(self._run, spent, time.monotonic() - self._started, self._recipe, self._estimate)

    def report_failure(self, code: int, message: str) -> None:
        """Say how it stands after an end before its time."""
        if code == INTERRUPTED:
            self._screen.fail("interrupted; the same command goes on where it was")
        if self._screen.machine:
            self._screen.emit({**self.summary().as_object(), "error": message})

    async def run(self) -> int:
        """Bring up a stack, make the run, write the dataset, stop the stack. Returns the exit status."""
        order, screen = self._order, self._screen
        settings = load_settings()
        self._recipe = _read_recipe(order)
        check_target(order.out)
        endpoints = choose_endpoints(order.wanted, settings)
        check_prices(self._recipe, other_judge=endpoints.judge is not None)
        if endpoints.rehearsed:
            screen.warn(REHEARSAL_NOTICE)
        state = StateFolder(order.state)
        with state.hold("generate") as ended:
            if ended:
                screen.say(f"ended what a dead supervisor had left behind: {', '.join(ended)}")
            # What an earlier command left undone waits until it is asked for: another run supersedes it.
            starting = bring_up(
                state,
                endpoints,
                settings,
                order.pace,
                screen,
                asking=order.asking,
                dormant=True,
                collector=order.telemetry,
            )
            async with starting as (stack, ports):
                snapshot = await self._import(stack, ports, local_access(state))
                await self._reckon(snapshot, endpoints, await open_store(state.store.as_uri()), settings)
                if order.only_estimate:
                    return DONE
                await stack.ready()
                async with open_runs(address(ports["runs"]), local_access(state)) as runs:
                    await self._make(snapshot, runs)
                    manifest = await export_dataset(runs, self._run.name, order.out)
                    if manifest.partial:
                        # A leaf whose part turned out to be damaged has another end by now.
                        self._run = await get_run(runs, self._run.name)
        self._report(manifest, rehearsed=endpoints.rehearsed)
        return self.summary().exit_code

    async def _import(self, stack: Stack, ports: dict[str, int], access: Access) -> str:
        await stack.ready("taxonomy")
        source = self._order.taxonomy
        async with open_taxonomy(address(ports["taxonomy"]), access) as taxonomy:
            imported = await import_taxonomy(taxonomy, source, self._order.leaves, self._screen)
        leaves = f"{len(imported.leaves)} " + ("leaf" if len(imported.leaves) == 1 else "leaves")
        self._screen.say(f"taxonomy {source}: {leaves}, snapshot {imported.snapshot[:12]}")
        return imported.snapshot

    async def _reckon(self, snapshot: str, endpoints: Endpoints, store: Store, settings: Settings) -> None:
        """Say what it will come to."""
        order, screen, prices = self._order, self._screen, self._recipe.prices
        if not order.refill:
            return
        at_once = order.pace.concurrency if order.pace.concurrency > 0 else settings.concurrency
        self._estimate = estimate = await make_estimate(store, snapshot, self._recipe, endpoints, at_once)
        if order.only_estimate:
            screen.show(estimate.table(prices))
            screen.show(tabulate([("estimated", estimate.bill, estimate.seconds)], prices))
            if screen.machine:
                screen.emit({"estimate": estimate.as_object(prices)})
        screen.say(estimate.line(prices))

    async def _make(self, snapshot: str, runs: Runs) -> None:
        """Create the run, or find it, and follow it to its end."""
        known = {run.name for run in await list_runs(runs)}
        request = CreateRunRequest(
            snapshot=snapshot,
            recipe=self._recipe.canonical(),
            leaves=self._order.leaves,
            request_id=str(uuid4()),
        )

        async def ask() -> Operation:
            return await runs.stub.CreateRun(request, timeout=_CREATE_TIMEOUT)

        created = _read_metadata(await ask())
        name = created.run
        self._run = Run(name=name, progress=created.progress)
        self._before = Bill.paid(created.progress)
        self._screen.say(f"run {name}" + (" is known: what it has is kept" if name in known else ""))
        await watch_run(runs, name, self._screen, self._note, revive=ask)

    def _note(self, run: Run) -> None:
        self._run = run

    def _report(self, manifest: Manifest, *, rehearsed: bool) -> None:
        summary = self.summary()
        self._screen.show(LeafTable(summary.run))
        self._screen.show(summary.costs())
        self._screen.say(summary.headline())
        if failures := summary.failures():
            self._screen.warn(failures)
        self._screen.say(describe_dataset(manifest, self._order.out))
        if rehearsed:
            self._screen.warn(REHEARSAL_NOTICE)
        if self._screen.machine:
            self._screen.emit(summary.as_object())


def _read_metadata(operation: Operation) -> RunMetadata:
    """Which run it is. Raises SeedbedError where it was refused after all."""
    metadata = RunMetadata()
    if operation.HasField("error"):
        raise SeedbedError(f"the run was refused: {operation.error.message}")
    operation.metadata.Unpack(metadata)
    return metadata


def _read_recipe(order: GenerateArguments) -> Recipe:
    """The recipe with the options over it, found sound before anything starts. Raises InputError."""
    over = {**order.budget.values(), **({} if order.refill else {"refill": False})}
    if order.recipe is None:
        return read_recipe("", target=order.target, over=over)
    try:
        text = order.recipe.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the recipe {order.recipe} cannot be read: {error}") from error
    try:
        return read_recipe(text, target=order.target, over=over)
    except InputError as error:
        raise InputError(f"{order.recipe}: {error.message}", error.violations, hint=error.hint) from error
