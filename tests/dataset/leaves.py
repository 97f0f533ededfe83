"""Small leaves to write datasets of."""

from collections.abc import Sequence

from seedbed.bus.v1.bus_pb2 import (
    LeafCounts,
    LeafTarget,
    Outcome,
    Plan,
    Sampling,
    StepCounts,
    StepSpec,
)
from seedbed.dataset import LeafPart
from seedbed.kernel.identity import leaf_token, message_bytes, sha256_hex
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Making, Part, Score, Source

RUN = "run-5ecre7"
BIRDS = "knowledge/science/birds"
HANOK = "knowledge/korea/한옥"
HAIKU = "compositional_skills/writing/haiku"
TABLES = "compositional_skills/grounded/tables"
ATTRIBUTION = "Title of work: The swift\nLicense of the work: CC-BY-SA-4.0\nCreator names: A. | B."
DOCUMENTS = {
    BIRDS: [
        f"Swifts of colony {number} sleep on the wing, and the young leave in week {number}."
        for number in range(6)
    ],
    HANOK: ["한옥은 온돌과 마루를 함께 갖춘 한국의 전통 집이다. 🏠"],
}


def make_spec(step: str, model: str = "granite-4") -> StepSpec:
    sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=512)
    return StepSpec(step=step, version=2, prompt=sha256_hex(step), model=model, sampling=sampling)


def make_source(path: str, number: int, augmentation: str = "") -> Source:
    chunks = DOCUMENTS[path]
    chunk = chunks[number % len(chunks)]
    return Source(
        document="docs/text.md",
        blob=sha256_hex(path),
        repo="https://token@example.org/docs.git",
        commit="c0ffee",
        attribution=ATTRIBUTION,
        converter="markdown 1",
        text=sha256_hex("".join(chunks)),
        chunk=chunk,
        chunk_start=10,
        chunk_end=10 + len(chunk),
        headings=["One", "Two"],
        augmentation=augmentation,
        augmented=f"In short: {chunk}" if augmentation else "",
        evidence_start=12,
        evidence_end=16,
    )


def make_candidate(path: str, number: int, end: str = "accepted") -> Candidate:
    kind = kind_of(path)
    digest = sha256_hex(f"{path}{number}")
    step = "knowledge.generate" if kind == "knowledge" else "skills.respond"
    judge = "judge.grounded" if kind == "knowledge" else "judge.pair"
    korean = path == HANOK
    scores = [Score(name="faithful", value=1), Score(name="relevancy", value=2)]
    candidate = Candidate(
        id=digest[:32],
        path=path,
        leaf_digest=sha256_hex(path),
        leaf_commit="ab12",
        kind=kind,
        branch=path.partition("/")[0],
        draw=number // 2,
        round=1,
        end=end,
        reason="" if end == "accepted" else f"{end} for a reason",
        question=f"한옥의 특징 {number}번은 무엇인가?" if korean else f"What is the point of case {number}?",
        answer=f"온돌과 마루이다 {number}."
        if korean
        else f"The point of the case is in line {number}\n\u2028of it.",
        seed_index=number % 5,
        seed_digest=sha256_hex(str(number)),
        makings=[
            Making(digest=digest, spec=make_spec(step), outcome=Outcome.OUTCOME_DONE),
            Making(
                digest=sha256_hex(digest),
                spec=make_spec(judge),
                outcome=Outcome.OUTCOME_DONE,
                scores=scores,
                explanation="근거가 있다" if korean else "It says so.",
            ),
        ],
    )
    if kind == "knowledge":
        candidate.source.CopyFrom(make_source(path, number, "detailed_summary" if number % 4 == 3 else ""))
        candidate.domain = "한국" if korean else "biology"
        candidate.form = ("short", "long")[number % 2]
    else:
        candidate.task_description = "Write well."
    if kind == "grounded_skill":
        candidate.context = f"| a | b |\n| {number} | 2 |"
    return candidate


def kind_of(path: str) -> str:
    if path.startswith("knowledge"):
        return "knowledge"
    return "grounded_skill" if "/grounded/" in path else "freeform_skill"


def count_part(part: Part) -> LeafCounts:
    ends = [candidate.end for candidate in part.candidates]
    steps = [
        StepCounts(step="knowledge.generate", done=5, malformed=1, recalled=2),
        StepCounts(step="judge.grounded", done=4, failed=2),
    ]
    return LeafCounts(
        items_done=9,
        items_malformed=1,
        items_failed=2,
        items_recalled=2,
        accepted=ends.count("accepted"),
        rejected=ends.count("rejected"),
        duplicate=ends.count("duplicate"),
        unneeded=ends.count("unneeded"),
        steps=steps,
    )


def make_leaf(path: str, samples: int = 8, *, others: bool = True, augmented: bool = True) -> LeafPart:
    candidates = [make_candidate(path, number) for number in range(samples)]
    if others:
        ends = ("rejected", "duplicate", "unneeded", "rejected")
        candidates += [make_candidate(path, 100 + number, end) for number, end in enumerate(ends)]
    augmentations = [
        Augmentation(
            id=sha256_hex(f"{path}{name}")[:32],
            path=path,
            augmentation=name,
            text=f"{name}: " + DOCUMENTS[path][0],
            source=make_source(path, 0),
        )
        for name in ("detailed_summary", "atomic_facts")
        if augmented and path in DOCUMENTS
    ]
    part = Part(
        path=path,
        kind=kind_of(path),
        leaf_digest=sha256_hex(path),
        candidates=candidates,
        augmentations=augmentations,
    )
    reason = "" if samples == 8 else "draws spent"
    return LeafPart(part, sha256_hex(message_bytes(part)), count_part(part), 2, reason)


def message_of(leaf: LeafPart) -> Part:
    """The part of a leaf that was made here, to be changed before anybody has looked at it."""
    assert isinstance(leaf.part, Part)
    return leaf.part


def make_plan(leaves: Sequence[LeafPart], *, model: str = "granite-4", recipe: Recipe | None = None) -> Plan:
    targets = [
        LeafTarget(
            path=leaf.part.path,
            leaf=leaf_token(leaf.part.path),
            digest=leaf.part.leaf_digest,
            kind=leaf.part.kind,
            target=8,
        )
        for leaf in leaves
    ]
    steps = [
        StepSpec(step="knowledge.chunk", version=1),
        *(make_spec(step, model) for step in ("knowledge.generate", "judge.grounded", "skills.respond")),
    ]
    return Plan(
        run=RUN,
        snapshot=sha256_hex("taxonomy"),
        steps=steps,
        recipe=(recipe or Recipe()).canonical(),
        leaves=targets,
    )


def make_leaves() -> list[LeafPart]:
    return [make_leaf(path) for path in sorted((BIRDS, HANOK, HAIKU, TABLES))]
