"""Skills over gRPC: a run of one leaf, its samples streamed as they are decided.

It knows the runs service by its contract only. The run outlives the call: asking again goes on where it was.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc.aio

from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.kernel.store.interface import Store
from seedbed.runs.v1.runs_service_pb2 import (
    CandidateEnd,
    CreateRunRequest,
    GetRunRequest,
    ListCandidatesRequest,
    RunMetadata,
)
from seedbed.skills.requests import explain, make_snapshot
from seedbed.skills.v1.skills_service_pb2 import GenerateRequest, GenerateResponse
from seedbed.skills.v1.skills_service_pb2_grpc import SkillsServiceServicer

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceAsyncStub

Context = grpc.aio.ServicerContext[Any, Any]


class SkillsApi(SkillsServiceServicer):
    """Makes samples of a skill for callers, by a run of one leaf."""

    def __init__(self, store: Store, runs: "RunsServiceAsyncStub") -> None:
        self._store = store
        self._runs = runs

    async def Generate(  # noqa: N802
        self, request: GenerateRequest, context: Context
    ) -> AsyncIterator[GenerateResponse]:
        """See the contract. The initial metadata names the run as `seedbed-run`."""
        data = message_bytes(make_snapshot(request.leaf))
        snapshot = sha256_hex(data)
        await self._store.put(f"snapshots/{snapshot}", data)
        run = await self._create_run(request, snapshot, context)
        await context.send_initial_metadata((("seedbed-run", run),))
        wanted = ListCandidatesRequest(run=run, end=CandidateEnd.CANDIDATE_END_ACCEPTED, follow=True)
        async for found in self._runs.ListCandidates(wanted, timeout=context.time_remaining()):
            yield GenerateResponse(sample=found.candidate)
        ended = await self._runs.GetRun(GetRunRequest(run=run), timeout=context.time_remaining())
        if reason := explain(ended):
            yield GenerateResponse(reason=reason)

    async def _create_run(self, request: GenerateRequest, snapshot: str, context: Context) -> str:
        wanted = CreateRunRequest(snapshot=snapshot, target=request.target, request_id=request.request_id)
        operation = await self._runs.CreateRun(wanted, timeout=context.time_remaining())
        metadata = RunMetadata()
        operation.metadata.Unpack(metadata)
        return metadata.run
