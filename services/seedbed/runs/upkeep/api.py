"""Upkeep over gRPC."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.store.interface import Store
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.upkeep.derived import Trail
from seedbed.runs.upkeep.erasure import Erasure
from seedbed.runs.upkeep.faults import Fault
from seedbed.runs.upkeep.gc import Choice, Garbage, GarbageCollection
from seedbed.runs.upkeep.mirrors import Mirrors
from seedbed.runs.upkeep.repair import Repair
from seedbed.runs.upkeep.requests import check_collect, grace_of
from seedbed.runs.upkeep.verification import Verification
from seedbed.runs.v1 import store_service_pb2 as pb
from seedbed.runs.v1.store_service_pb2_grpc import StoreServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]


class StoreApi(StoreServiceServicer):
    """The servicer."""

    def __init__(self, keeper: RunManager, bus: Bus, store: Store, mirrors: Mirrors, cache: Path) -> None:
        self._keeper = keeper
        self._bus = bus
        self._store = store
        self._mirrors = mirrors
        self._cache = cache

    async def Forget(  # noqa: N802
        self, request: pb.ForgetRequest, context: Context
    ) -> AsyncIterator[pb.ForgetResponse]:
        """See the contract."""
        del context
        named = request.document, request.leaf
        erasure = Erasure(self._keeper, self._bus, self._store, self._mirrors, self._cache, named)
        if request.validate_only or not request.confirm:
            trail = await erasure.look()
            amounts = [
                *_amounts_of(trail),
                pb.Amount(kind="mirrors", objects=await self._mirrors.count() or 0),
            ]
            yield _describe(trail, amounts, trail.unended, sorted({run for run, _ in trail.parts}))
            return
        async for _ in erasure.carry_out():
            yield _tell(erasure)
        told = _tell(erasure)
        told.done = True
        yield told

    async def CollectGarbage(  # noqa: N802
        self, request: pb.CollectGarbageRequest, context: Context
    ) -> AsyncIterator[pb.CollectGarbageResponse]:
        """See the contract."""
        del context
        check_collect(request)
        choice = Choice(
            names=tuple(request.keep),
            last=request.keep_last,
            within=request.keep_within.ToTimedelta(),
            everything=request.keep_all,
            seals=not request.drop_seals,
            grace=grace_of(request),
        )
        sweep = GarbageCollection(self._keeper, self._bus, self._store, choice)
        if request.validate_only or not request.confirm:
            yield _describe_litter(await sweep.look())
            return
        async for _ in sweep.carry_out():
            yield _tell_sweep(sweep)
        told = _tell_sweep(sweep)
        told.done = True
        yield told

    async def Verify(  # noqa: N802
        self, request: pb.VerifyRequest, context: Context
    ) -> AsyncIterator[pb.VerifyResponse]:
        """See the contract."""
        del request, context
        verification, told = Verification(self._keeper, self._bus, self._store), 0
        async for _ in verification.look():
            yield _tell_faults(verification, told)
            told = len(verification.faults)
        last = _tell_faults(verification, told)
        last.done = True
        yield last

    async def Repair(  # noqa: N802
        self, request: pb.RepairRequest, context: Context
    ) -> AsyncIterator[pb.RepairResponse]:
        """See the contract."""
        del context
        if not request.confirm:
            hint = "Verify says what it would do"
            raise InputError("nothing was repaired", [Violation("confirm", "must be set")], hint=hint)
        repair, told = Repair(self._keeper, self._bus, self._store), 0
        async for _ in repair.carry_out():
            yield pb.RepairResponse(faults=map(_describe_fault, repair.faults[told:]))
            told = len(repair.faults)
        yield pb.RepairResponse(faults=map(_describe_fault, repair.faults[told:]), done=True)


def _tell_faults(verification: Verification, told: int) -> pb.VerifyResponse:
    return pb.VerifyResponse(
        objects=verification.inspection.objects,
        bytes=verification.inspection.bytes,
        faults=map(_describe_fault, verification.faults[told:]),
    )


def _describe_fault(fault: Fault) -> pb.Fault:
    return pb.Fault(
        kind=fault.kind,
        key=fault.key,
        what=fault.what,
        run=fault.place.run,
        leaf=fault.place.leaf,
        remedy=fault.remedy,
        mendable=fault.mendable,
    )


def _describe_litter(litter: Garbage) -> pb.CollectGarbageResponse:
    whole = [
        pb.Amount(kind=kind, objects=len(found), bytes=sum(each.size for each in found))
        for kind, found in litter.objects.items()
        if found
    ]
    runs = [pb.Amount(kind="runs", objects=len(litter.runs))] if litter.runs else []
    return pb.CollectGarbageResponse(
        amounts=[*runs, *whole],
        kept=litter.kept,
        removed=litter.runs,
        unsealed=litter.unsealed,
        calls=litter.calls,
        young=litter.young,
    )


def _tell_sweep(sweep: GarbageCollection) -> pb.CollectGarbageResponse:
    told = _describe_litter(sweep.litter)
    del told.amounts[:]
    for kind, count in sweep.gone.items():
        told.amounts.add(kind=kind, objects=count, bytes=sweep.freed[kind])
    return told


def _tell(erasure: Erasure) -> pb.ForgetResponse:
    """What has gone so far."""
    amounts = [pb.Amount(kind=kind, objects=count) for kind, count in erasure.gone.items()]
    told = _describe(erasure.trail, amounts, erasure.cancelled, sorted(erasure.shortened))
    told.remains.extend(erasure.remains)
    return told


def _describe(
    trail: Trail, amounts: list[pb.Amount], cancelled: list[str], shortened: list[str]
) -> pb.ForgetResponse:
    documents = [
        pb.ForgottenDocument(
            digest=digest,
            places=sorted("/".join(place) for place in places),
            forget_time=_read_time(trail.meant.times.get(digest)),
        )
        for digest, places in sorted(trail.meant.places.items())
    ]
    checkpoints = [
        pb.TaughtCheckpoint(
            path=each.folder,
            dataset=each.dataset,
            leaves=sorted(path for digest, path in each.leaves.items() if digest in trail.meant.leaves),
        )
        for each in trail.checkpoints
    ]
    return pb.ForgetResponse(
        amounts=[amount for amount in amounts if amount.objects],
        documents=documents,
        cancelled=cancelled,
        shortened=[name for name in shortened if name not in cancelled],
        checkpoints=checkpoints,
    )


def _amounts_of(trail: Trail) -> list[pb.Amount]:
    """What is to go."""
    whole = [
        pb.Amount(kind=kind, objects=len(found), bytes=sum(each.size for each in found))
        for kind, found in trail.objects.items()
    ]
    records = sum(max(0, count) for count in trail.seals.values())
    return [
        *whole,
        pb.Amount(kind="sealed records", objects=records),
        pb.Amount(kind="candidates", objects=sum(trail.parts.values())),
        pb.Amount(kind="dead letters", objects=len(trail.letters)),
    ]


def _read_time(told: str | None) -> Timestamp | None:
    """A tombstone's time as a message."""
    if not told:
        return None
    made = Timestamp()
    made.FromJsonString(told)
    return made
