"""Knowledge over gRPC: how a document is cut, and a run of one leaf with its samples as they are decided.

It knows the runs service by its contract only. The run outlives the call: asking again goes on where it was.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc.aio

from seedbed.kernel.errors import InputError, ItemError, Violation
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.kernel.store.blobs import blob_key, put_blob
from seedbed.kernel.store.interface import Store
from seedbed.knowledge.reader import Reader
from seedbed.knowledge.requests import check_preview, check_sizes, explain, make_snapshot
from seedbed.knowledge.v1.knowledge_service_pb2 import (
    GenerateRequest,
    GenerateResponse,
    PreviewChunksRequest,
    PreviewChunksResponse,
)
from seedbed.knowledge.v1.knowledge_service_pb2_grpc import KnowledgeServiceServicer
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.v1.runs_service_pb2 import (
    CandidateEnd,
    CreateRunRequest,
    GetRunRequest,
    ListCandidatesRequest,
    RunMetadata,
)
from seedbed.taxonomy.v1.leaf_pb2 import Snapshot

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceAsyncStub

Context = grpc.aio.ServicerContext[Any, Any]


class KnowledgeApi(KnowledgeServiceServicer):
    """Cuts documents for callers, and makes pairs for them by a run of one leaf."""

    def __init__(self, store: Store, reader: Reader, runs: "RunsServiceAsyncStub", max_bytes: int) -> None:
        self._store = store
        self._reader = reader
        self._runs = runs
        self._max_bytes = max_bytes

    async def PreviewChunks(  # noqa: N802
        self, request: PreviewChunksRequest, context: Context
    ) -> PreviewChunksResponse:
        """See the contract. Where no budget is given, the recipe's default is taken."""
        del context
        max_tokens = request.max_tokens or Recipe().chunk_tokens
        check_preview(request.media_type, len(request.content), max_tokens, self._max_bytes)
        try:
            cut = await self._reader.read("given", request.content, request.media_type, max_tokens)
        except ItemError as error:
            raise InputError(error.message, [Violation("content", error.message)]) from error
        return PreviewChunksResponse(chunks=cut.chunks, text=cut.text.decode(), notes=cut.notes)

    async def Generate(  # noqa: N802
        self, request: GenerateRequest, context: Context
    ) -> AsyncIterator[GenerateResponse]:
        """See the contract. The initial metadata names the run as `seedbed-run`."""
        check_sizes(request.documents, self._max_bytes)
        snapshot = make_snapshot(request.leaf, request.documents)
        for content in request.documents:
            await put_blob(self._store, content)
        await self._check_blobs(snapshot)
        data = message_bytes(snapshot)
        digest = sha256_hex(data)
        await self._store.put(f"snapshots/{digest}", data)
        run = await self._create_run(request, digest, context)
        await context.send_initial_metadata((("seedbed-run", run),))
        wanted = ListCandidatesRequest(run=run, end=CandidateEnd.CANDIDATE_END_ACCEPTED, follow=True)
        async for found in self._runs.ListCandidates(wanted, timeout=context.time_remaining()):
            yield GenerateResponse(sample=found.candidate)
        ended = await self._runs.GetRun(GetRunRequest(run=run), timeout=context.time_remaining())
        if reason := explain(ended):
            yield GenerateResponse(reason=reason)

    async def _check_blobs(self, snapshot: Snapshot) -> None:
        missing = [
            Violation(f"leaf.documents[{index}].blob", f"the store does not hold {document.blob}")
            for index, document in enumerate(snapshot.leaves[0].documents)
            if not await self._store.exists(blob_key(document.blob))
        ]
        if missing:
            raise InputError("documents that are not there; send their contents", missing)

    async def _create_run(self, request: GenerateRequest, snapshot: str, context: Context) -> str:
        wanted = CreateRunRequest(snapshot=snapshot, target=request.target, request_id=request.request_id)
        operation = await self._runs.CreateRun(wanted, timeout=context.time_remaining())
        metadata = RunMetadata()
        operation.metadata.Unpack(metadata)
        return metadata.run
