"""Facts out of what there is: a run, its dataset's rows, a training with its metrics, an evaluation. Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.evaluator.v1.evaluation_pb2 import Comparison, Evaluation, Measure, Subject
from seedbed.report.facts import Bill, Ends, Facts, LeafFacts, PhaseFacts, Score, Tuning, Verdict
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Run
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest

Row = Mapping[str, Any]

REHEARSAL = "rehearsal"
SCRATCH = "scratch"
_MOST_ROWS = 20_000
_MOST_REASONS = 12
_MOST_POINTS = 400
_ENDS = ("accepted", "rejected", "duplicate", "unneeded")
_PEDIGREE = (
    "leaf_digest",
    "leaf_commit",
    "draw",
    "round",
    "form",
    "seed_index",
    "seed_digest",
    "document",
    "document_repo",
    "document_commit",
    "chunk_start",
    "chunk_end",
    "page",
    "headings",
    "augmentation",
    "evidence_start",
    "evidence_end",
    "teacher_step",
    "teacher_version",
    "teacher_prompt",
    "teacher_model",
    "teacher_temperature",
    "teacher_item",
)


def gather_facts(
    run: Run,
    samples: Sequence[Row],
    candidates: Sequence[Row],
    checkpoints: Sequence[CheckpointManifest] = (),
    metrics: Mapping[str, Sequence[Row]] | None = None,
    evaluation: Evaluation | None = None,
) -> Facts:
    """All of a report. `candidates` are those that did not become samples; `metrics` go by phase."""
    verdict = _gather_verdict(evaluation) if evaluation else None
    tuning = _gather_tuning(checkpoints, metrics or {}) if checkpoints else None
    leaves = [_gather_leaf(leaf, samples, verdict) for leaf in run.leaves]
    models = sorted({spec.model for spec in run.steps if spec.model})
    rows = [*({**row, "end": "accepted", "reason": ""} for row in samples), *candidates]
    return Facts(
        run=run.name,
        state="stopped" if run.dormant else RunState.Name(run.state).removeprefix("RUN_STATE_").lower(),
        taxonomy=run.snapshot,
        recipe=json.loads(run.recipe) if run.recipe else {},
        steps=tuple(
            {"step": spec.step, "version": spec.version, "prompt": spec.prompt, "model": spec.model}
            for spec in run.steps
        ),
        models=tuple(models),
        notices=tuple(_notices(models, tuning)),
        leaves=tuple(leaves),
        reasons=tuple(_count_reasons(candidates)),
        candidates=tuple(_describe(row) for row in _choose(rows)),
        candidates_in_all=len(rows),
        tuning=tuning,
        verdict=verdict,
        ends=_sum_ends(leaves),
        bill=_sum_bills([leaf.bill for leaf in leaves]),
        target=sum(leaf.target for leaf in leaves),
        causes=tuple((cause.reason, cause.count) for cause in run.progress.causes),
    )


def _notices(models: Sequence[str], tuning: Tuning | None) -> Iterable[str]:
    if REHEARSAL in models:
        yield "The teacher was the rehearsal teacher: it answers by rules, without a model."
    if tuning and tuning.base == SCRATCH:
        yield "The student was made from scratch, with a few million weights: it is no model to use."


def _gather_leaf(leaf: LeafProgress, samples: Sequence[Row], verdict: Verdict | None) -> LeafFacts:
    own = [row for row in samples if row["leaf"] == leaf.path]
    counts = leaf.counts
    spent = [step.recorded for step in counts.steps]
    return LeafFacts(
        path=leaf.path,
        kind=leaf.kind.removesuffix("_skill"),
        target=leaf.target,
        rounds=leaf.rounds,
        reason=leaf.reason,
        notes=tuple(leaf.notes),
        ends=Ends(
            **{end: getattr(counts, end) for end in _ENDS},
            malformed=counts.items_malformed,
            failed=counts.items_failed,
        ),
        bill=Bill(
            calls=sum(usage.requests for usage in spent),
            prompt_tokens=sum(usage.prompt_tokens for usage in spent),
            completion_tokens=sum(usage.completion_tokens for usage in spent),
        ),
        seeds=len({row["seed_index"] for row in own}),
        passages=len({(row["document"], row["chunk_start"]) for row in own if row["document"]}),
        gains=tuple(score for score in verdict.gains if score.leaf == leaf.path) if verdict else (),
    )


def _sum_ends(leaves: Sequence[LeafFacts]) -> Ends:
    names = Ends.__dataclass_fields__
    return Ends(**{name: sum(getattr(leaf.ends, name) for leaf in leaves) for name in names})


def _sum_bills(bills: Sequence[Bill]) -> Bill:
    return Bill(
        calls=sum(bill.calls for bill in bills),
        prompt_tokens=sum(bill.prompt_tokens for bill in bills),
        completion_tokens=sum(bill.completion_tokens for bill in bills),
    )


def _count_reasons(candidates: Sequence[Row]) -> list[tuple[str, str, int]]:
    counted = Counter((row["end"], row["reason"] or row["end"]) for row in candidates)
    return [(end, reason, count) for (end, reason), count in counted.most_common(_MOST_REASONS)]


def _choose(rows: Sequence[Row]) -> Sequence[Row]:
    """All rows, or every n-th where they are too many for one page."""
    every = -(-len(rows) // _MOST_ROWS) or 1
    return rows[::every]


def _describe(row: Row) -> dict[str, Any]:
    verdicts = [
        {
            "step": verdict["step"],
            "scores": {score["name"]: score["value"] for score in verdict["scores"] or ()},
            "explanation": verdict["explanation"],
            "evidence": verdict["evidence"],
        }
        for verdict in row["verdicts"] or ()
    ]
    return {
        **{name: row[name] for name in ("id", "leaf", "end", "reason", "question", "answer", "context")},
        "pedigree": {name: row[name] for name in _PEDIGREE if row[name] not in (None, "", [])},
        "verdicts": verdicts,
    }


def _gather_tuning(checkpoints: Sequence[CheckpointManifest], metrics: Mapping[str, Sequence[Row]]) -> Tuning:
    return Tuning(
        name=checkpoints[-1].training,
        base=checkpoints[0].base.name,
        phases=tuple(_gather_phase(one, metrics.get(one.phase, ())) for one in checkpoints),
        leaf_shares=tuple(
            (one.phase, weight.path, weight.share) for one in checkpoints for weight in one.leaves
        ),
    )


def _gather_phase(manifest: CheckpointManifest, metrics: Sequence[Row]) -> PhaseFacts:
    every = -(-len(metrics) // _MOST_POINTS) or 1
    excluded = manifest.excluded
    counts = ("too_long", "malformed", "not_rendered", "nothing_counted")
    return PhaseFacts(
        name=manifest.phase,
        steps=manifest.steps,
        tokens=manifest.tokens_seen,
        first_loss=manifest.first_loss,
        last_loss=manifest.last_loss,
        seconds=manifest.seconds,
        share_replayed=sum(weight.share for weight in manifest.replay),
        losses=tuple((int(row["step"]), float(row["loss"])) for row in metrics[::every]),
        left_out=tuple(
            f"{getattr(excluded, name)} {name.replace('_', ' ')}"
            for name in counts
            if getattr(excluded, name)
        ),
    )


def _gather_verdict(evaluation: Evaluation) -> Verdict:
    last = f"{evaluation.checkpoints[-1].number}-{evaluation.checkpoints[-1].phase}"
    scores = [(one.subject, _score(one)) for one in evaluation.comparisons]
    return Verdict(
        name=evaluation.name,
        gains=tuple(s for subject, s in scores if subject == Subject.SUBJECT_GAIN and s.after == last),
        forgetting=tuple(s for subject, s in scores if subject == Subject.SUBJECT_FORGETTING),
        shortfalls=tuple((exam.leaf, exam.shortfall) for exam in evaluation.exams if exam.shortfall),
        benchmarks=tuple(
            (one.name, one.checkpoint, f"{one.score:.3f}" if one.HasField("score") else one.reason)
            for one in evaluation.benchmarks
        ),
    )


def _score(one: Comparison) -> Score:
    return Score(
        leaf=one.leaf,
        measure=Measure.Name(one.measure).removeprefix("MEASURE_").lower(),
        before=one.before,
        after=one.after,
        before_mean=one.before_mean,
        after_mean=one.after_mean,
        difference=one.difference,
        questions=one.questions,
        low=one.low if one.HasField("low") else None,
        high=one.high if one.HasField("high") else None,
        chance=one.chance if one.HasField("chance") else None,
    )
