"""A small dataset, students that learned it, and both in a store."""

import asyncio
from pathlib import Path

from seedbed.bus.v1.bus_pb2 import LeafTarget, Plan
from seedbed.dataset import LeafPart, write_dataset
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluateRequest
from seedbed.kernel.identity import leaf_token, message_bytes, sha256_hex
from seedbed.kernel.store.artifacts import MANIFEST, dataset_prefix, put_folder
from seedbed.kernel.store.checkpoints import prefix_of, write_checkpoint_manifest
from seedbed.kernel.store.interface import Store
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.v1.candidate_pb2 import Candidate, Part
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointManifest, CheckpointRef, LeafWeight, WeightsKind
from tests.dataset.leaves import BIRDS, count_part, make_candidate, make_spec
from tests.evaluator.students import make_student, teach
from tests.rehearsal.asking import GERMINATION, cut

SEEDS = BIRDS
NOTES = "compositional_skills/writing/notes"
TRAINING = "t0123456789abcdef"
PASSAGES = cut(GERMINATION.read_text("utf-8"))[:3]
WANTED = [
    ("Thank a neighbour for her lantern.", "Your lantern lit our whole way home."),
    ("Write to the baker about the burnt crust.", "Dear baker, the crust was black on Monday."),
    ("Invite the choir to sing at noon.", "Come and sing with us when the bell strikes twelve."),
    ("Tell the landlord that the tap drips.", "The kitchen tap has been dripping since spring."),
    ("Ask grandfather for his soup.", "Nobody makes barley soup as you do: how is it done?"),
    ("Excuse a pupil who has a fever.", "Jonas stays in bed, his forehead is too hot for school."),
]


def make_parts() -> list[LeafPart]:
    """A knowledge leaf that rests on real passages, and a skill with three candidates to spare."""
    return [_make_part(NOTES, [_note(n) for n in range(6)]), _make_part(SEEDS, [_seed(n) for n in range(6)])]


def _seed(number: int) -> Candidate:
    candidate = make_candidate(SEEDS, number)
    candidate.source.chunk = PASSAGES[number % len(PASSAGES)]
    candidate.source.augmentation = candidate.source.augmented = ""
    candidate.source.chunk_end = candidate.source.chunk_start + len(candidate.source.chunk)
    return candidate


def _note(number: int) -> Candidate:
    candidate = make_candidate(NOTES, number, "accepted" if number < 3 else "unneeded")
    candidate.question, candidate.answer = WANTED[number]
    return candidate


def _make_part(path: str, candidates: list[Candidate]) -> LeafPart:
    kind = candidates[0].kind
    part = Part(path=path, kind=kind, leaf_digest=sha256_hex(path), candidates=candidates)
    data = message_bytes(part)
    return LeafPart(part, sha256_hex(data), count_part(part), rounds=1, reason="few are made")


def write_school(folder: Path) -> Path:
    """The dataset as a folder."""
    parts = make_parts()
    steps = [make_spec("knowledge.generate"), make_spec("skills.respond")]
    plan = Plan(run="r1", snapshot=sha256_hex("a taxonomy"), steps=steps, recipe=Recipe().canonical())
    plan.leaves.extend(
        LeafTarget(
            path=leaf.part.path,
            leaf=leaf_token(leaf.part.path),
            digest=leaf.part.leaf_digest,
            kind=leaf.part.kind,
            target=30,
        )
        for leaf in parts
    )
    write_dataset(folder, plan, parts)
    return folder


def lessons_of_seeds() -> list[tuple[str, str]]:
    """What a student of the seeds has read: the passages, sentence by sentence."""
    return [("", sentence) for passage in PASSAGES for sentence in passage.split(". ")]


async def fill_store(store: Store, folder: Path) -> EvaluateRequest:
    """The dataset, a base and two checkpoints in the store: first the seeds are learned, then the notes."""
    await asyncio.to_thread(write_school, folder / "set")
    dataset = sha256_hex((folder / "set" / MANIFEST).read_bytes())
    await put_folder(store, dataset_prefix(dataset), folder / "set")
    base = await asyncio.to_thread(make_student, folder / "base")
    first = await asyncio.to_thread(teach, base, folder / "first", lessons_of_seeds(), steps=120)
    notes = [(c.question, c.answer) for c in make_parts()[0].part.candidates if c.end == "accepted"]
    second = await asyncio.to_thread(teach, first, folder / "second", notes, steps=90)
    refs = [
        await _put(store, base, CheckpointManifest(number=1, phase="base")),
        await _put(store, first, _manifest(2, "seeds", dataset, SEEDS)),
        await _put(store, second, _manifest(3, "notes", dataset, NOTES)),
    ]
    return EvaluateRequest(
        dataset=dataset,
        base=Base(name="scratch", digest=refs[0].digest, checkpoint=refs[0]),
        checkpoints=refs[1:],
        questions=6,
    )


def _manifest(number: int, phase: str, dataset: str, leaf: str) -> CheckpointManifest:
    return CheckpointManifest(number=number, phase=phase, dataset=dataset, leaves=[LeafWeight(path=leaf)])


async def _put(store: Store, folder: Path, manifest: CheckpointManifest) -> CheckpointRef:
    manifest.training, manifest.kind = TRAINING, WeightsKind.WEIGHTS_KIND_FULL
    write_checkpoint_manifest(folder, manifest)
    ref = CheckpointRef(training=TRAINING, number=manifest.number, phase=manifest.phase)
    ref.digest = await put_folder(store, prefix_of(ref), folder)
    return ref
