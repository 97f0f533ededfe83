"""One evaluation from beginning to end: exams out of a dataset, checkpoints out of the store, comparisons.

All that is paid for or computed is kept by what it depends on, so that this can be begun again at any point.
"""

import json
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from seedbed.evaluator.exams.call_cache import CallCache, Spent
from seedbed.evaluator.exams.dataset_view import DatasetView
from seedbed.evaluator.exams.exam import Exam
from seedbed.evaluator.exams.general import read_general
from seedbed.evaluator.exams.instructions import InstructionSource, examine_skills
from seedbed.evaluator.exams.last_trained import find_last_trained, find_turns
from seedbed.evaluator.exams.lm_eval_tasks import write_task
from seedbed.evaluator.exams.questions import examine_knowledge
from seedbed.evaluator.scoring.comparisons import BASE, GENERAL, CheckpointResult, compare_all
from seedbed.evaluator.scoring.examination import Candidate, Examination, Turns
from seedbed.evaluator.scoring.examiner_client import ExaminerClient
from seedbed.evaluator.service.evaluations import SCORES_FILE, TASKS
from seedbed.evaluator.v1.evaluation_pb2 import Benchmark, Comparison, Evaluation, LeftOut, Measure
from seedbed.evaluator.v1.evaluation_pb2 import Exam as ExamMessage
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluateRequest
from seedbed.kernel.errors import Damaged, InputError, NotFound
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.artifacts import dataset_prefix, get_folder
from seedbed.kernel.store.blobs import NOT_ITS_NAME
from seedbed.kernel.store.checkpoints import get_checkpoint, read_checkpoint_manifest
from seedbed.kernel.store.interface import Store
from seedbed.kernel.telemetry.students import record_score
from seedbed.kernel.work.step_runner import Model
from seedbed.pipeline.kinds import Kind
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, Snapshot
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceAsyncStub

Note = Callable[[Evaluation], Awaitable[None]]


class EvaluationRunner:
    """Makes the exams of an evaluation, has its checkpoints examined, compares them."""

    def __init__(
        self,
        store: Store,
        examiner: ExaminerClient,
        models: dict[str, Model],
        runs: "RunsServiceAsyncStub | None",
        cache: Path,
    ) -> None:
        self._store = store
        self._examiner = examiner
        self._models = models
        self._runs = runs
        self._cache = cache

    async def run(self, request: EvaluateRequest, evaluation: Evaluation, note: Note) -> Path:
        """Fill in an evaluation and return the folder of its files. Raises SeedbedError."""
        spent = Spent(usage=evaluation.usage)
        calls = CallCache(self._store, self._models, spent)
        await self._report(evaluation, note, "reading the dataset", 0.0)
        dataset = await self._read(request.dataset)
        if request.benchmarks:
            # What cannot be read is reported before anything is paid for.
            await self._report(evaluation, note, "reading the benchmarks", 0.02)
            await self._examiner.order("check", folder=request.benchmarks)
        await self._report(evaluation, note, "making questions", 0.05)
        exams = await self._make_exams(dataset, request, calls)
        evaluation.exams.extend(_describe(exam) for exam in exams)
        evaluation.recalled = spent.recalled
        folder = self._lay_out(evaluation.name, exams)
        candidates, manifests = await self._fetch(request)
        turns = Turns(dataset.recipe.system_prompt, find_turns(manifests[-1]))
        examination = Examination(exams, folder / "here", turns, self._examiner, calls, self._store)
        await self._load(request, candidates[-1].folder, turns, evaluation)
        results = await self._examine(request, examination, candidates, evaluation, note)
        last_trained = find_last_trained(
            [(one.name, manifest) for one, manifest in zip(candidates, manifests, strict=True)]
        )
        evaluation.recalled = spent.recalled
        evaluation.comparisons.extend(compare_all(exams, results[0], results[1:], last_trained))
        record_gain(evaluation.comparisons, results[-1].checkpoint)
        shutil.rmtree(folder / "here")
        (folder / SCORES_FILE).write_text(_write_scores(results), encoding="utf-8")
        return folder

    @staticmethod
    async def _report(evaluation: Evaluation, note: Note, doing: str, progress: float) -> None:
        evaluation.doing, evaluation.progress = doing, progress
        await note(evaluation)

    async def _read(self, digest: str) -> DatasetView:
        folder = await get_folder(self._store, dataset_prefix(digest), self._cache / "datasets", digest)
        return DatasetView(folder)

    async def _make_exams(
        self, dataset: DatasetView, request: EvaluateRequest, calls: CallCache
    ) -> list[Exam]:
        leaves = await self._leaves(dataset.manifest.taxonomy)
        threshold, wanted = dataset.recipe.duplicate_threshold, request.questions
        exams = []
        for leaf in dataset.leaves.values():
            if leaf.kind == Kind.KNOWLEDGE:
                seeds = leaves[leaf.path].seeds if leaf.path in leaves else []
                examples = list(seeds[0].pairs) if seeds else []
                exams.append(
                    await examine_knowledge(leaf, examples, wanted, dataset.trained, threshold, calls)
                )
        skills = [leaf for leaf in dataset.leaves.values() if leaf.kind != Kind.KNOWLEDGE]
        source = InstructionSource(
            self._runs, dataset.manifest, self._models["teacher"].teacher.endpoint.model
        )
        exams += await examine_skills(skills, wanted, dataset.trained, threshold, source)
        return [*sorted(exams, key=lambda exam: exam.leaf), read_general(request.general)]

    async def _leaves(self, taxonomy: str) -> dict[str, Leaf]:
        """The leaves with their seeds; of a dataset from elsewhere there are none, and no examples."""
        try:
            data = await self._store.get(f"snapshots/{taxonomy}")
        except NotFound:
            return {}
        if sha256_hex(data) != taxonomy:
            raise Damaged(f"snapshots/{taxonomy}", NOT_ITS_NAME, hint="import the taxonomy again")
        return {leaf.path: leaf for leaf in Snapshot.FromString(data).leaves}

    def _lay_out(self, name: str, exams: Sequence[Exam]) -> Path:
        """The evaluation's folder, its questions in it twice: to be taken elsewhere, and to be run here."""
        folder = self._cache / "evaluations" / name
        shutil.rmtree(folder, ignore_errors=True)
        for place, where in ((folder / TASKS, ""), (folder / "here", str(folder / "here"))):
            place.mkdir(parents=True)
            for exam in exams:
                for file, data in write_task(exam, where) if exam.questions else ():
                    (place / file).write_bytes(data)
        return folder

    async def _fetch(self, request: EvaluateRequest) -> tuple[list[Candidate], list[CheckpointManifest]]:
        """The checkpoints on this machine, each with its manifest."""
        found: list[Candidate] = []
        manifests = []
        for ref in request.checkpoints:
            name = f"{ref.number}-{ref.phase}"
            folder = await get_checkpoint(self._store, ref, self._cache / "checkpoints")
            found.append(Candidate(name, ref.digest, str(folder)))
            manifest = read_checkpoint_manifest(folder)
            if manifest.dataset != request.dataset:
                raise InputError(
                    f"checkpoint {name} of {ref.training} has learned dataset {manifest.dataset:.12}",
                    hint="its questions would not be held out from what it was trained on",
                )
            manifests.append(manifest)
        return found, manifests

    async def _load(self, request: EvaluateRequest, last: str, turns: Turns, evaluation: Evaluation) -> None:
        """Have the base in memory, to be talked to as the last checkpoint was."""
        where = request.base.name
        if request.base.HasField("checkpoint"):
            cache = self._cache / "checkpoints"
            where = str(await get_checkpoint(self._store, request.base.checkpoint, cache))
        tokenizer = last if (Path(last) / "tokenizer_config.json").is_file() else where
        loaded = await self._examiner.order("load", base=where, tokenizer=tokenizer, turns=turns.prepared)
        evaluation.device = loaded["device"]

    async def _examine(
        self,
        request: EvaluateRequest,
        examination: Examination,
        candidates: Sequence[Candidate],
        evaluation: Evaluation,
        note: Note,
    ) -> list[CheckpointResult]:
        base = request.base
        everyone = [Candidate(BASE, base.checkpoint.digest or base.digest or base.name), *candidates]
        results = []
        for number, candidate in enumerate(everyone):
            part = 0.2 + 0.8 * number / len(everyone)
            await self._report(evaluation, note, f"examining {candidate.name}", part)
            results.append(await examination.examine(candidate))
            if request.benchmarks:
                evaluation.benchmarks.extend(await self._benchmark(candidate, request.benchmarks))
        evaluation.loads = (await self._examiner.order("use", checkpoint=""))["loads"]
        return results

    async def _benchmark(self, candidate: Candidate, folder: str) -> list[Benchmark]:
        await self._examiner.order("use", checkpoint=candidate.folder)
        found = await self._examiner.order("benchmark", folder=folder)
        return [Benchmark(checkpoint=candidate.name, **row) for row in found]


def _describe(exam: Exam) -> ExamMessage:
    return ExamMessage(
        leaf=exam.leaf,
        kind=exam.kind,
        wanted=exam.wanted,
        questions=len(exam.questions),
        shortfall=exam.shortfall,
        left_out=[LeftOut(reason=reason, count=count) for reason, count in sorted(exam.left_out.items())],
        digest=exam.digest(),
    )


def _write_scores(results: Sequence[CheckpointResult]) -> str:
    """Every score of every question, one row each."""
    names = {measure: Measure.Name(measure).removeprefix("MEASURE_").lower() for measure in Measure.values()}
    rows = (
        {
            "checkpoint": result.checkpoint,
            "question": question,
            "measure": names[measure],
            "score": score,
            **({"answer": result.answers[question]} if names[measure] == "rating" else {}),
        }
        for result in results
        for measure, scores in result.scores.items()
        for question, score in sorted(scores.items())
    )
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def record_gain(comparisons: Iterable[Comparison], last: str) -> None:
    """Record the means over the leaves of each kind, for each measure."""
    rows: dict[tuple[str, str], list[Comparison]] = {}
    for row in comparisons:
        if (row.before, row.after) == (BASE, last):
            measure = Measure.Name(row.measure).removeprefix("MEASURE_").lower()
            rows.setdefault((GENERAL if row.leaf == GENERAL else row.kind, measure), []).append(row)
    for (of, measure), found in rows.items():
        record_score(of, measure, fmean(r.after_mean for r in found), fmean(r.difference for r in found))
