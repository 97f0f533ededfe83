"""RunsService, the gRPC API of runs: what each method promises stands in its proto."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

import grpc.aio
from google.longrunning.operations_pb2 import Operation

from seedbed.bus.v1.bus_pb2 import LeafState, StepSpec
from seedbed.kernel.bus.streams import STEPS, Bus
from seedbed.kernel.errors import BusError, Damaged, Forgotten, InputError, NotFound, SeedbedError, Violation
from seedbed.kernel.formats.protos import parse
from seedbed.kernel.identity import leaf_token
from seedbed.kernel.rpc.paging import take_page
from seedbed.kernel.rpc.request_ids import RequestIds
from seedbed.kernel.store.blobs import blob_key, get_blob_file
from seedbed.kernel.store.interface import Store
from seedbed.pipeline.plan import KnownPlan
from seedbed.pipeline.recipe import read_recipe
from seedbed.runs.api.compare_runs import Comparing
from seedbed.runs.api.operations import make_operation
from seedbed.runs.api.requests import check_drop
from seedbed.runs.api.samples import SampleReader, find_candidate
from seedbed.runs.api.trained_checkpoints import find_tunings
from seedbed.runs.domain.damage import as_damaged
from seedbed.runs.domain.leaf_budget import check_budget
from seedbed.runs.domain.planning import make_plan, matches, missing_steps
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.storage.dead_letters import find_letters, read_letters, remove_letters
from seedbed.runs.v1 import runs_service_pb2 as pb
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]

LOOK = 0.25
PIECE = 1 << 20
STEPS_PATIENCE = 30.0


class RunsApi(RunsServiceServicer):
    """RunsService over the run manager."""

    def __init__(self, manager: RunManager, bus: Bus, store: Store) -> None:
        self._manager = manager
        self._bus = bus
        self._store = store
        self._ids = RequestIds(bus, "runs")

    async def CreateRun(self, request: pb.CreateRunRequest, context: Context) -> Operation:  # noqa: N802
        del context
        return await self._ids.answer_once(
            request, Operation, lambda: self._create_run(request), self._is_taken_up
        )

    async def _is_taken_up(self, answered: Operation) -> bool:
        """Whether the run goes on or has ended: one that a restart left dormant is to be taken up."""
        metadata = pb.RunMetadata()
        answered.metadata.Unpack(metadata)
        run = self._manager.runs.get(metadata.run)
        return run is not None and not run.dormant

    async def _create_run(self, request: pb.CreateRunRequest) -> Operation:
        recipe = read_recipe(request.recipe, target=request.target)
        try:
            snapshot = await self._manager.snapshots.load(request.snapshot)
        except Forgotten:
            raise
        except NotFound as error:
            found = Violation("snapshot", "import the taxonomy first")
            raise InputError(f"there is no snapshot {request.snapshot!r}", [found]) from error
        # A service that is starting up registers its steps in a moment.
        missing: list[str] = []
        for _ in range(int(STEPS_PATIENCE / LOOK)):
            plan = make_plan(request.snapshot, snapshot, await self._specs(), recipe, list(request.leaves))
            missing = missing_steps(plan)
            if not missing:
                wanted = {target.path for target in plan.leaves}
                check_budget(KnownPlan.open(plan), (one for one in snapshot.leaves if one.path in wanted))
                return make_operation(
                    await self._manager.create(plan, request.purpose), self._describe(plan.run)
                )
            await asyncio.sleep(LOOK)
        raise BusError(f"no service has registered {', '.join(missing)}", hint="are all services running?")

    async def GetRun(self, request: pb.GetRunRequest, context: Context) -> pb.Run:  # noqa: N802
        del context
        await self._manager.look_at(request.run)
        return self._describe(request.run)

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> pb.ListRunsResponse:  # noqa: N802
        """See the contract. The latest first."""
        del context
        page, token = take_page(
            self._manager.names, self._manager.rank, request.page_size, request.page_token
        )
        for name in page:
            await self._manager.look_at(name)
        return pb.ListRunsResponse(runs=[self._describe(name) for name in page], next_page_token=token)

    async def WatchRun(  # noqa: N802
        self, request: pb.WatchRunRequest, context: Context
    ) -> AsyncIterator[pb.WatchRunResponse]:
        del context
        if request.run in self._manager.broken:
            yield pb.WatchRunResponse(run=self._describe(request.run))
            return
        run, shown = self._manager.get(request.run), (-1, "")
        while True:
            state = (run.version, self._manager.paused)
            ended, pause = not run.running, LOOK
            if state != shown or ended:
                began = time.perf_counter()
                described = self._describe(run.name)
                # Thousands of leaves take long to describe: a watcher takes a twentieth of the time at most.
                pause = max(LOOK, 19 * (time.perf_counter() - began))
                yield pb.WatchRunResponse(run=described)
                shown = state
            if ended:
                return
            await asyncio.sleep(pause)

    async def CancelRun(self, request: pb.CancelRunRequest, context: Context) -> pb.Run:  # noqa: N802
        del context
        await self._manager.cancel(request.run)
        return self._describe(request.run)

    async def ListCandidates(  # noqa: N802
        self, request: pb.ListCandidatesRequest, context: Context
    ) -> AsyncIterator[pb.ListCandidatesResponse]:
        """See the contract. With `follow` each comes once, when it is decided."""
        del context
        run, globs = self._manager.get(request.run), [request.leaf] if request.leaf else []
        end = pb.CandidateEnd.Name(request.end).removeprefix("CANDIDATE_END_").lower()
        reader = SampleReader(self._store, run, undecided=not request.follow)
        while True:
            ended = not run.running
            for target in [target for target in run.targets() if matches(target.path, globs)]:
                async for candidate in reader.of_leaf(target):
                    if not request.end or candidate.end == end:
                        yield pb.ListCandidatesResponse(candidate=candidate)
            if ended or not request.follow:
                return
            await asyncio.sleep(LOOK)

    async def Trace(self, request: pb.TraceRequest, context: Context) -> pb.TraceResponse:  # noqa: N802
        del context
        runs = [self._manager.get(request.run)] if request.run else list(self._manager.runs.values())
        unread = []
        for run in sorted(runs, key=lambda run: -run.cell.value.create_time):
            try:
                candidate = await find_candidate(self._store, run, request.candidate)
            except SeedbedError as error:
                # One run that cannot be read hides no other.
                unread.append(f"{run.name}: {error.message}")
                continue
            if candidate is not None:
                part = run.leaves[leaf_token(candidate.path)].value.part
                tunings = await find_tunings(self._store, candidate, part)
                return pb.TraceResponse(run=run.name, candidate=candidate, tunings=tunings)
        raise NotFound(
            "; ".join([f"no run has a candidate {request.candidate!r}", *unread]),
            hint="ids are in samples.parquet, and in a training row's metadata under `sample`",
        )

    async def GetDataset(self, request: pb.GetDatasetRequest, context: Context) -> pb.GetDatasetResponse:  # noqa: N802
        del context
        run = self._manager.get(request.run)
        parts, partial = [], False
        for target in run.targets():
            entry = run.leaves[target.leaf].value
            if entry.state != LeafState.LEAF_STATE_SEALED:
                partial = True
                continue
            parts.append(
                pb.DatasetPart(
                    path=target.path,
                    part=entry.part,
                    counts=entry.counts,
                    rounds=len(entry.rounds),
                    reason=entry.reason,
                )
            )
        return pb.GetDatasetResponse(
            run=run.name,
            snapshot=run.known.plan.snapshot,
            partial=partial,
            plan=run.known.plan,
            parts=parts,
        )

    async def ReadPart(  # noqa: N802
        self, request: pb.ReadPartRequest, context: Context
    ) -> AsyncIterator[pb.ReadPartResponse]:
        del context
        run = self._manager.get(request.run)
        if request.part not in {cell.value.part for cell in run.leaves.values()}:
            raise NotFound(f"the run {request.run} has no part {request.part!r}")
        with await self._open_part(run, request.part) as file:
            while data := await asyncio.to_thread(file.read, PIECE):
                yield pb.ReadPartResponse(data=data)

    async def ListDeadLetters(  # noqa: N802
        self, request: pb.ListDeadLettersRequest, context: Context
    ) -> pb.ListDeadLettersResponse:
        del context
        if request.run:
            self._manager.get(request.run)
        found = await read_letters(self._bus, request.run, request.reason)
        page, token = take_page(found, lambda row: (row.sequences[0],), request.page_size, request.page_token)
        return pb.ListDeadLettersResponse(letters=[row.letter for row in page], next_page_token=token)

    async def RetryDeadLetters(  # noqa: N802
        self, request: pb.RetryDeadLettersRequest, context: Context
    ) -> pb.RetryDeadLettersResponse:
        """See the contract. A leaf is settled anew; all of it but what failed of these items is recalled."""
        del context
        return await self._ids.answer_once(
            request, pb.RetryDeadLettersResponse, lambda: self._retry_letters(request)
        )

    async def _retry_letters(self, request: pb.RetryDeadLettersRequest) -> pb.RetryDeadLettersResponse:
        run = self._manager.get(request.run)
        found = await find_letters(self._bus, run.name, request.digests, request.reason)
        # Of one that cannot be read nobody knows what would have to be done again.
        letters = [row for row in found if row.letter.digest]
        by_leaf: dict[str, list[str]] = {}
        for row in letters:
            by_leaf.setdefault(row.letter.leaf, []).append(row.letter.digest)
        await self._manager.retry(run, by_leaf)
        await remove_letters(self._bus, letters)
        return pb.RetryDeadLettersResponse(retried=len(letters))

    async def DropDeadLetters(  # noqa: N802
        self, request: pb.DropDeadLettersRequest, context: Context
    ) -> pb.DropDeadLettersResponse:
        del context
        return await self._ids.answer_once(
            request, pb.DropDeadLettersResponse, lambda: self._drop_letters(request)
        )

    async def _drop_letters(self, request: pb.DropDeadLettersRequest) -> pb.DropDeadLettersResponse:
        run = self._manager.get(request.run)
        check_drop(request)
        letters = await find_letters(self._bus, run.name, request.digests, request.reason)
        if not request.confirm:
            return pb.DropDeadLettersResponse(found=len(letters))
        await remove_letters(self._bus, letters)
        return pb.DropDeadLettersResponse(dropped=len(letters), found=len(letters))

    async def CompareRuns(  # noqa: N802
        self, request: pb.CompareRunsRequest, context: Context
    ) -> AsyncIterator[pb.CompareRunsResponse]:
        del context
        base, head = self._manager.get(request.base), self._manager.get(request.head)
        async for found in Comparing(self._store, self._manager.snapshots, base, head).responses():
            yield found

    async def _open_part(self, run: ManagedRun, part: str) -> BinaryIO:
        """A part to be read; one that is damaged ends its leaf so, and is made again when it is asked for."""
        try:
            return await get_blob_file(self._store, part)
        except (Damaged, NotFound) as error:
            found = as_damaged(blob_key(part), error)
            hint = "the same `seedbed generate` makes the leaf again, from what its seals hold"
            for target in run.targets():
                if run.leaves[target.leaf].value.part == part:
                    await self._manager.mark_damaged(run.name, target.path, f"{found.message}; {hint}")
            raise Damaged(found.key, found.what, hint=hint) from error

    def _describe(self, name: str) -> pb.Run:
        return self._manager.describe(name)

    async def _specs(self) -> list[StepSpec]:
        specs = []
        for entry in await self._bus.entries(STEPS):
            with contextlib.suppress(Damaged):  # Registered anew by whoever knows it, when that one starts.
                specs.append(parse(StepSpec, entry.value, f"the step {entry.key}"))
        return specs
