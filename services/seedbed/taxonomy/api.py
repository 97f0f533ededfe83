"""The gRPC servicer: everything that blocks runs in threads."""

# The contract names the methods and their arguments.
# ruff: noqa: N802, ARG002

import asyncio
import time
from pathlib import Path

import grpc.aio

from seedbed.kernel.rpc.request_ids import RequestIds
from seedbed.kernel.store.interface import Store
from seedbed.kernel.telemetry import attributes
from seedbed.kernel.telemetry.context import current, of_snapshot
from seedbed.kernel.telemetry.spans import IMPORT, SpanTemplate, open_span, traced
from seedbed.taxonomy import facade
from seedbed.taxonomy.git.mirrors import Rules, drop_mirrors
from seedbed.taxonomy.leaf import summarize
from seedbed.taxonomy.lint.contexts import read_plain
from seedbed.taxonomy.lint.findings import errors_of, refusal
from seedbed.taxonomy.paging import page_of
from seedbed.taxonomy.snapshots import cover, keep_snapshot, load_snapshot, snapshot_key
from seedbed.taxonomy.trees.tree import BRANCHES
from seedbed.taxonomy.v1 import taxonomy_service_pb2 as pb
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceServicer

Context = grpc.aio.ServicerContext[object, object]


class TaxonomyServicer(TaxonomyServiceServicer):
    """Reads taxonomies into a store. `limit` is the size of a document in bytes."""

    def __init__(
        self, store: Store, ids: RequestIds, cache: Path, limit: int, rules: Rules | None = None
    ) -> None:
        self._store = store
        self._ids = ids
        self._cache = cache
        self._limit = limit
        self._rules = rules

    async def Import(self, request: pb.ImportRequest, context: Context) -> pb.ImportResponse:
        return await self._ids.answer_once(
            request, pb.ImportResponse, lambda: self._import(request), holds=self._has_snapshot
        )

    async def _import(self, request: pb.ImportRequest) -> pb.ImportResponse:
        since = time.time_ns()
        found = await asyncio.to_thread(
            facade.read,
            request.source,
            globs=list(request.leaves),
            cache=self._cache,
            limit=self._limit,
            rules=self._rules,
        )
        if wrong := errors_of(found.findings):
            raise refusal(wrong)
        digest = await keep_snapshot(self._store, found)
        _tell(digest, since)
        leaves = [summarize(leaf, found.commits.get(leaf.path, "")) for leaf in found.leaves]
        return pb.ImportResponse(snapshot=digest, leaves=leaves, findings=found.findings)

    async def _has_snapshot(self, answer: pb.ImportResponse) -> bool:
        """Whether what was imported has not been removed since."""
        return await self._store.exists(snapshot_key(answer.snapshot))

    async def Lint(self, request: pb.LintRequest, context: Context) -> pb.LintResponse:
        found = await asyncio.to_thread(
            facade.read,
            request.source,
            cache=self._cache,
            limit=self._limit,
            rules=self._rules,
            read_document=read_plain,
        )
        return pb.LintResponse(findings=found.findings, files=found.files, notes=found.notes)

    async def Diff(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        return await asyncio.to_thread(
            facade.diff, request.source, request.base, request.head, cache=self._cache, rules=self._rules
        )

    async def ListLeaves(self, request: pb.ListLeavesRequest, context: Context) -> pb.ListLeavesResponse:
        snapshot = await load_snapshot(self._store, request.snapshot)
        page, token = page_of(snapshot.leaves, request.snapshot, request.page_size, request.page_token)
        return pb.ListLeavesResponse(leaves=page, next_page_token=token)

    async def GetCoverage(self, request: pb.GetCoverageRequest, context: Context) -> pb.GetCoverageResponse:
        snapshot = await load_snapshot(self._store, request.snapshot)
        return pb.GetCoverageResponse(branches=cover(snapshot, BRANCHES))

    async def DropMirrors(self, request: pb.DropMirrorsRequest, context: Context) -> pb.DropMirrorsResponse:
        dry = request.validate_only or not request.confirm
        count = await asyncio.to_thread(drop_mirrors, self._cache, only_count=dry)
        return pb.DropMirrorsResponse(mirrors=count)


def _tell(snapshot: str, since: int) -> None:
    """Its trace is named by what came of it, so its span is recorded at its end."""
    links = list(filter(None, [current.get()]))
    own = {attributes.SNAPSHOT: snapshot}
    with open_span(
        SpanTemplate(IMPORT), at=traced(of_snapshot(snapshot)), links=links, attributes=own, since=since
    ):
        pass
