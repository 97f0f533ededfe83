"""What a store knows of a dataset: the training that used it last, and the evaluation of that training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format

from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.kernel.store.artifacts import MANIFEST, checkpoint_prefix
from seedbed.kernel.store.checkpoints import parse_checkpoint_manifest
from seedbed.kernel.store.interface import Store
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest

_METRICS = "metrics.jsonl"
_RESULT = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A training's finished phases in order, their metrics by phase, and what the evaluation said."""

    checkpoints: Sequence[CheckpointManifest] = ()
    metrics: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    evaluation: Evaluation | None = None


async def find_evidence(store: Store, dataset: str, training: str = "") -> Evidence:
    """The latest training on a dataset, or the one that is named; nothing where there is none."""
    found: dict[str, list[tuple[float, CheckpointManifest]]] = {}
    for stored in await store.scan(f"checkpoints/{training}"):
        if stored.key.endswith(f"/{MANIFEST}"):
            manifest = parse_checkpoint_manifest(await store.get(stored.key))
            if manifest.dataset == dataset:
                found.setdefault(manifest.training, []).append((stored.time, manifest))
    if not found:
        return Evidence()
    latest = max(found.values(), key=lambda rows: max(time for time, _ in rows))
    checkpoints = sorted((manifest for _, manifest in latest), key=lambda manifest: manifest.number)
    metrics = {one.phase: await _read_metrics(store, one) for one in checkpoints}
    return Evidence(checkpoints, metrics, await _find_evaluation(store, checkpoints[-1]))


async def _read_metrics(store: Store, manifest: CheckpointManifest) -> list[dict[str, Any]]:
    if not any(file.name == _METRICS for file in manifest.files):
        return []
    prefix = checkpoint_prefix(manifest.training, manifest.number, manifest.phase)
    text = (await store.get(f"{prefix}/{_METRICS}")).decode()
    return [json.loads(line) for line in text.splitlines() if line]


async def _find_evaluation(store: Store, last: CheckpointManifest) -> Evaluation | None:
    """The latest finished evaluation whose last checkpoint this is."""
    latest: tuple[float, Evaluation] | None = None
    for stored in await store.scan("evaluations/"):
        if not stored.key.endswith(f"/{_RESULT}"):
            continue
        evaluation = Evaluation()
        json_format.Parse(await store.get(stored.key), evaluation, ignore_unknown_fields=True)
        ended = evaluation.state == EvaluationState.EVALUATION_STATE_SUCCEEDED
        of_it = [one for one in evaluation.checkpoints[-1:] if one.training == last.training]
        if ended and of_it and of_it[0].number == last.number and (latest is None or stored.time > latest[0]):
            latest = stored.time, evaluation
    return latest[1] if latest else None
