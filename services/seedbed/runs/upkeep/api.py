"""StoreService, the gRPC API of upkeep: forget, collect garbage, verify, repair."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.store.interface import Store
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.upkeep.derived import Derived
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
    """StoreService over the run manager and the store; each method streams its progress."""

    def __init__(self, manager: RunManager, bus: Bus, store: Store, mirrors: Mirrors, cache: Path) -> None:
        self._manager = manager
        self._bus = bus
        self._store = store
        self._mirrors = mirrors
        self._cache = cache

    async def Forget(  # noqa: N802
        self, request: pb.ForgetRequest, context: Context
    ) -> AsyncIterator[pb.ForgetResponse]:
        del context
        named = request.document, request.leaf
        erasure = Erasure(self._manager, self._bus, self._store, self._mirrors, self._cache, named)
        if request.validate_only or not request.confirm:
            derived = await erasure.look()
            amounts = [
                *_amounts_of(derived),
                pb.Amount(kind="mirrors", objects=await self._mirrors.count() or 0),
            ]
            yield _describe(derived, amounts, derived.unended, sorted({run for run, _ in derived.parts}))
            return
        async for _ in erasure.carry_out():
            yield _report(erasure)
        reported = _report(erasure)
        reported.done = True
        yield reported

    async def CollectGarbage(  # noqa: N802
        self, request: pb.CollectGarbageRequest, context: Context
    ) -> AsyncIterator[pb.CollectGarbageResponse]:
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
        collection = GarbageCollection(self._manager, self._bus, self._store, choice)
        if request.validate_only or not request.confirm:
            yield _describe_garbage(await collection.look())
            return
        async for _ in collection.carry_out():
            yield _report_collection(collection)
        reported = _report_collection(collection)
        reported.done = True
        yield reported

    async def Verify(  # noqa: N802
        self, request: pb.VerifyRequest, context: Context
    ) -> AsyncIterator[pb.VerifyResponse]:
        del request, context
        verification, reported = Verification(self._manager, self._bus, self._store), 0
        async for _ in verification.look():
            yield _report_faults(verification, reported)
            reported = len(verification.faults)
        last = _report_faults(verification, reported)
        last.done = True
        yield last

    async def Repair(  # noqa: N802
        self, request: pb.RepairRequest, context: Context
    ) -> AsyncIterator[pb.RepairResponse]:
        del context
        if not request.confirm:
            hint = "Verify says what it would do"
            raise InputError("nothing was repaired", [Violation("confirm", "must be set")], hint=hint)
        repair, reported = Repair(self._manager, self._bus, self._store), 0
        async for _ in repair.carry_out():
            yield pb.RepairResponse(faults=map(_describe_fault, repair.faults[reported:]))
            reported = len(repair.faults)
        yield pb.RepairResponse(faults=map(_describe_fault, repair.faults[reported:]), done=True)


def _report_faults(verification: Verification, reported: int) -> pb.VerifyResponse:
    return pb.VerifyResponse(
        objects=verification.inspection.objects,
        bytes=verification.inspection.bytes,
        faults=map(_describe_fault, verification.faults[reported:]),
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


def _describe_garbage(garbage: Garbage) -> pb.CollectGarbageResponse:
    whole = [
        pb.Amount(kind=kind, objects=len(found), bytes=sum(each.size for each in found))
        for kind, found in garbage.objects.items()
        if found
    ]
    runs = [pb.Amount(kind="runs", objects=len(garbage.runs))] if garbage.runs else []
    return pb.CollectGarbageResponse(
        amounts=[*runs, *whole],
        kept=garbage.kept,
        removed=garbage.runs,
        unsealed=garbage.unsealed,
        calls=garbage.calls,
        young=garbage.young,
    )


def _report_collection(collection: GarbageCollection) -> pb.CollectGarbageResponse:
    reported = _describe_garbage(collection.garbage)
    del reported.amounts[:]
    for kind, count in collection.gone.items():
        reported.amounts.add(kind=kind, objects=count, bytes=collection.freed[kind])
    return reported


def _report(erasure: Erasure) -> pb.ForgetResponse:
    """What has gone so far."""
    amounts = [pb.Amount(kind=kind, objects=count) for kind, count in erasure.gone.items()]
    reported = _describe(erasure.derived, amounts, erasure.cancelled, sorted(erasure.shortened))
    reported.remains.extend(erasure.remains)
    return reported


def _describe(
    derived: Derived, amounts: list[pb.Amount], cancelled: list[str], shortened: list[str]
) -> pb.ForgetResponse:
    documents = [
        pb.ForgottenDocument(
            digest=digest,
            places=sorted("/".join(place) for place in places),
            forget_time=_read_time(derived.documents.times.get(digest)),
        )
        for digest, places in sorted(derived.documents.places.items())
    ]
    checkpoints = [
        pb.TaughtCheckpoint(
            path=each.folder,
            dataset=each.dataset,
            leaves=sorted(path for digest, path in each.leaves.items() if digest in derived.documents.leaves),
        )
        for each in derived.checkpoints
    ]
    return pb.ForgetResponse(
        amounts=[amount for amount in amounts if amount.objects],
        documents=documents,
        cancelled=cancelled,
        shortened=[name for name in shortened if name not in cancelled],
        checkpoints=checkpoints,
    )


def _amounts_of(derived: Derived) -> list[pb.Amount]:
    """How much goes, by kind: objects, records, candidates, dead letters."""
    whole = [
        pb.Amount(kind=kind, objects=len(found), bytes=sum(each.size for each in found))
        for kind, found in derived.objects.items()
    ]
    records = sum(max(0, count) for count in derived.seals.values())
    return [
        *whole,
        pb.Amount(kind="sealed records", objects=records),
        pb.Amount(kind="candidates", objects=sum(derived.parts.values())),
        pb.Amount(kind="dead letters", objects=len(derived.letters)),
    ]


def _read_time(reported: str | None) -> Timestamp | None:
    """A tombstone's time as a message."""
    if not reported:
        return None
    made = Timestamp()
    made.FromJsonString(reported)
    return made
