"""Held-out instructions for skills: good candidates that were not needed, then those of a run for more.

Such a run recalls all that the dataset's own run paid for, draws on where that stopped, and judges by the
same gates; what was kept stays kept, so its further samples are those that were never trained on.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc.aio

from seedbed.bus.v1.bus_pb2 import RunPurpose
from seedbed.dataset import Manifest
from seedbed.evaluator.exams.dataset_view import LeafView
from seedbed.evaluator.exams.exam import Exam, ExamBuilder, Question
from seedbed.evaluator.exams.held_out import Trained
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.identity import canonical_json
from seedbed.runs.v1.candidate_pb2 import Candidate
from seedbed.runs.v1.runs_service_pb2 import (
    CandidateEnd,
    CreateRunRequest,
    ListCandidatesRequest,
    RunMetadata,
    WatchRunRequest,
)

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceAsyncStub

_CREATE_TIMEOUT = 300.0
# More than are missing, as some will repeat what was trained on.
_MARGIN = 1.5


class InstructionSource:
    """Instructions beyond those of a dataset, by leaf: asked for once, for all leaves that are short."""

    def __init__(self, runs: "RunsServiceAsyncStub | None", manifest: Manifest, model: str) -> None:
        self._runs = runs
        self._manifest = manifest
        self._model = model
        self.trouble = ""

    async def fetch(self, leaves: Sequence[LeafView], missing: int) -> dict[str, list[Question]]:
        """Further samples of these leaves; none, and `trouble` says why, where they cannot be had."""
        found: dict[str, list[Question]] = {leaf.path: [] for leaf in leaves}
        self.trouble = self._find_obstacle()
        if self.trouble or not leaves or self._runs is None:
            return found
        known = set().union(*(leaf.samples for leaf in leaves))
        target = max(leaf.target for leaf in leaves) + int(missing * _MARGIN + 1)
        try:
            run = await self._make(self._runs, [leaf.path for leaf in leaves], target)
            wanted = ListCandidatesRequest(run=run, end=CandidateEnd.CANDIDATE_END_ACCEPTED)
            async for answer in self._runs.ListCandidates(wanted):
                if answer.candidate.id not in known:
                    found[answer.candidate.path].append(_read(answer.candidate))
        except (grpc.aio.AioRpcError, SeedbedError) as error:
            said = error.details() if isinstance(error, grpc.aio.AioRpcError) else error.message
            self.trouble = f"further instructions could not be made: {said}"
        return found

    def _find_obstacle(self) -> str:
        teachers = {step.model for step in self._manifest.steps if step.step.startswith("skills.")}
        if self._runs is None:
            return "no runs service is named to make further instructions"
        if teachers - {self._model}:
            named = ", ".join(sorted(teachers))
            return f"further instructions would have to be made by the dataset's own teacher, {named}"
        return ""

    async def _make(self, runs: "RunsServiceAsyncStub", leaves: Sequence[str], target: int) -> str:
        recipe = {**self._manifest.recipe, "target": target}
        request = CreateRunRequest(
            snapshot=self._manifest.taxonomy,
            recipe=canonical_json(recipe).decode(),
            leaves=leaves,
            purpose=RunPurpose.RUN_PURPOSE_EVALUATION,
        )
        operation = await runs.CreateRun(request, timeout=_CREATE_TIMEOUT)
        metadata = RunMetadata()
        operation.metadata.Unpack(metadata)
        async for _ in runs.WatchRun(WatchRunRequest(run=metadata.run)):
            pass  # Until it has ended.
        return metadata.run


async def examine_skills(
    leaves: Sequence[LeafView], wanted: int, trained: Trained, threshold: float, source: InstructionSource
) -> list[Exam]:
    """As many instructions of each leaf as wanted, where there are as many."""
    builders = {leaf.path: ExamBuilder(leaf.path, leaf.kind, wanted, trained, threshold) for leaf in leaves}
    for leaf in leaves:
        for question in leaf.spare:
            builders[leaf.path].offer(question)
    short = [leaf for leaf in leaves if builders[leaf.path].missing]
    further = await source.fetch(short, max((builders[one.path].missing for one in short), default=0))
    for path, questions in further.items():
        for question in questions:
            builders[path].offer(question)
        if source.trouble and builders[path].missing:
            builders[path].trouble = source.trouble
    return [builder.build() for builder in builders.values()]


def _read(candidate: Candidate) -> Question:
    return Question(
        id=candidate.id,
        leaf=candidate.path,
        question=candidate.question,
        reference=candidate.answer,
        context=candidate.context,
        task=candidate.task_description,
        source=candidate.id,
    )
