"""A run, its rows, a training and an evaluation, small enough to be read."""

from seedbed.bus.v1.bus_pb2 import Cause, LeafCounts, RunState, StepCounts, StepSpec, Usage
from seedbed.evaluator.v1.evaluation_pb2 import Comparison, Evaluation, Exam, Measure, Subject
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Progress, Run
from seedbed.trainer.v1.checkpoint_pb2 import (
    Base,
    CheckpointManifest,
    CheckpointRef,
    Excluded,
    LeafWeight,
    ReplayWeight,
)

LEAF = "knowledge/science/biology/seed_germination"
SKILL = "compositional_skills/writing/thank_you_notes"
NOTE = "manual.pdf: page 2 is a picture and was not read"
HOSTILE = "</script><script>document.title='taken'</script>"


def make_run():
    counts = LeafCounts(
        accepted=2,
        rejected=1,
        duplicate=1,
        items_malformed=1,
        steps=[
            StepCounts(
                step="knowledge.generate",
                recorded=Usage(requests=3, prompt_tokens=900, completion_tokens=100),
            ),
            StepCounts(
                step="judge.grounded", recorded=Usage(requests=4, prompt_tokens=800, completion_tokens=80)
            ),
        ],
    )
    return Run(
        name="r0123456789abcdef",
        state=RunState.RUN_STATE_SHORT,
        snapshot="a" * 64,
        recipe='{"target": 3}',
        progress=Progress(causes=[Cause(reason="a reply <cut> at the limit", count=1)]),
        leaves=[
            LeafProgress(path=SKILL, kind="freeform_skill", target=3, reason="0 of 3 samples"),
            LeafProgress(path=LEAF, kind="knowledge", target=3, counts=counts, rounds=2, notes=[NOTE]),
        ],
        steps=[
            StepSpec(step="knowledge.chunk", version=1),
            StepSpec(step="knowledge.generate", version=1, prompt="b" * 64, model="granite"),
        ],
    )


def make_row(name, *, question="What is a seed?", **more):
    row = dict.fromkeys(
        "leaf_digest leaf_commit form document_repo document_commit page headings augmentation "
        "teacher_step teacher_version teacher_prompt teacher_model teacher_temperature teacher_item".split()
    )
    return {
        **row,
        "id": name,
        "leaf": LEAF,
        "draw": 1,
        "round": 1,
        "question": question,
        "answer": "An embryo with its food.",
        "context": "",
        "seed_index": 0,
        "seed_digest": "c" * 64,
        "document": "germination.md",
        "chunk_start": 10,
        "chunk_end": 90,
        "evidence_start": 20,
        "evidence_end": 40,
        "verdicts": [
            {
                "step": "judge.grounded",
                "scores": [{"name": "faithful", "value": 1}],
                "explanation": "It stands there.",
                "evidence": "an embryo",
            }
        ],
        **more,
    }


def make_rows():
    samples = [make_row("s1"), make_row("s2", question=HOSTILE, chunk_start=200)]
    candidates = [
        make_row("c1", end="rejected", reason="not faithful"),
        make_row("c2", end="duplicate", reason="like another sample of the leaf"),
    ]
    return samples, candidates


def make_checkpoints():
    base = Base(name="scratch", digest="d" * 64)
    first = CheckpointManifest(
        training="t0123456789abcdef",
        number=1,
        phase="knowledge",
        base=base,
        steps=2,
        tokens_seen=2000,
        first_loss=3.0,
        last_loss=2.0,
        leaves=[LeafWeight(path=LEAF, samples=2, share=1.0)],
        excluded=Excluded(too_long=1),
    )
    second = CheckpointManifest(
        training=first.training,
        number=2,
        phase="skills",
        base=base,
        steps=2,
        tokens_seen=3000,
        first_loss=2.5,
        last_loss=1.5,
        leaves=[LeafWeight(path=SKILL, samples=1, share=0.6)],
        replay=[ReplayWeight(source="knowledge", samples=1, share=0.4)],
    )
    return [first, second]


def make_metrics():
    return {
        "knowledge": [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}],
        "skills": [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 1.5}],
    }


def make_evaluation():
    def compare(subject, low, high, **more):
        return Comparison(
            subject=subject,
            leaf=LEAF,
            measure=Measure.MEASURE_CHOICE,
            before="base",
            after="2-skills",
            before_mean=0.25,
            after_mean=0.75,
            difference=(low + high) / 2,
            low=low,
            high=high,
            questions=20,
            chance=0.25,
            **more,
        )

    return Evaluation(
        name="e0123456789abcdef",
        checkpoints=[
            CheckpointRef(training="t0123456789abcdef", number=1, phase="knowledge"),
            CheckpointRef(training="t0123456789abcdef", number=2, phase="skills"),
        ],
        exams=[Exam(leaf=LEAF, questions=18, wanted=20, shortfall="18 of 20: near duplicates")],
        comparisons=[
            compare(Subject.SUBJECT_GAIN, 0.3, 0.7),
            compare(Subject.SUBJECT_FORGETTING, -0.1, 0.05),
        ],
    )
