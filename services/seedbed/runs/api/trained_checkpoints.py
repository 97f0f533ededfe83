"""What was made of a sample: the checkpoints trained on it, and what its leaf gained. Reads the store."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence

from google.protobuf import json_format

from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, Subject
from seedbed.kernel.errors import NotFound, SeedbedError
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.logs import get_logger
from seedbed.kernel.store.artifacts import MANIFEST, dataset_prefix, read_folder_manifest
from seedbed.kernel.store.checkpoints import parse_checkpoint_manifest
from seedbed.kernel.store.interface import Store
from seedbed.runs.v1.candidate_pb2 import Candidate
from seedbed.runs.v1.tuning_pb2 import LeafGain, Tuning
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest, CheckpointRef

_RESULT = "evaluation.json"

log = get_logger(__name__)


async def find_tunings(store: Store, candidate: Candidate, part: str) -> list[Tuning]:
    """The phases trained on a sample, which came into its dataset with this part of its leaf."""
    if candidate.end != "accepted":
        return []
    evaluations = [found async for found in _evaluations(store)]
    tunings = []
    async for ref, manifest in _checkpoints(store):
        weights = [weight for weight in manifest.leaves if weight.path == candidate.path]
        if weights and await _holds(store, manifest.dataset, candidate.path, part):
            gains = list(_gains(evaluations, ref, candidate.path))
            tuning = Tuning(checkpoint=ref, weight=weights[0], epochs=manifest.epochs, gains=gains)
            tunings.append(tuning)
    return tunings


async def _checkpoints(store: Store) -> AsyncIterator[tuple[CheckpointRef, CheckpointManifest]]:
    for key in await store.keys("checkpoints/"):
        if not key.endswith(f"/{MANIFEST}"):
            continue
        try:
            data = await store.get(key)
            manifest = parse_checkpoint_manifest(data)
        except SeedbedError as error:
            # Removed meanwhile, or of another version: the sample's own pedigree can be shown all the same.
            log.warning("a checkpoint cannot be read", key=key, error=error.message)
            continue
        ref = CheckpointRef(
            training=manifest.training,
            number=manifest.number,
            phase=manifest.phase,
            digest=sha256_hex(data),
        )
        yield ref, manifest


async def _holds(store: Store, dataset: str, path: str, part: str) -> bool:
    """Whether a dataset was made of this part of the leaf: another run's may hold other samples."""
    try:
        manifest = json.loads(await read_folder_manifest(store, dataset_prefix(dataset)))
    except (SeedbedError, ValueError):
        return False
    return bool(part) and manifest.get("parts", {}).get(path) == part


async def _evaluations(store: Store) -> AsyncIterator[Evaluation]:
    for key in await store.keys("evaluations/e"):
        if not key.endswith(f"/{_RESULT}"):
            continue
        try:
            yield json_format.Parse(await store.get(key), Evaluation(), ignore_unknown_fields=True)
        except (NotFound, json_format.ParseError) as error:
            log.warning("an evaluation cannot be read", key=key, error=str(error))


def _gains(evaluations: Sequence[Evaluation], ref: CheckpointRef, path: str) -> Iterator[LeafGain]:
    name = f"{ref.number}-{ref.phase}"
    for evaluation in evaluations:
        if ref.digest not in {one.digest for one in evaluation.checkpoints}:
            continue
        for row in evaluation.comparisons:
            if (row.leaf, row.after, row.subject) == (path, name, Subject.SUBJECT_GAIN):
                yield LeafGain(evaluation=evaluation.name, comparison=row)
