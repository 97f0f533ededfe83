"""The manifest: what a dataset is made of, and how it adds up. Pure.

It holds no time, run id or path of a machine. Nor does it say what was recalled: the same inputs give the
same manifest, whatever the store remembered.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from seedbed.bus.v1.bus_pb2 import LeafCounts, Plan, StepCounts, StepSpec
from seedbed.dataset.parts import ENDS, LeafPart
from seedbed.dataset.raft import DOCUMENTS, GOLDEN_SHARE
from seedbed.kernel.formats.format_numbers import DATASET, check_manifest

KNOWLEDGE_FILE = "knowledge_train_msgs.jsonl"
SKILLS_FILE = "skills_train_msgs.jsonl"
PASSAGES_FILE = "passages.jsonl"
SAMPLES_FILE = "samples.parquet"
CANDIDATES_FILE = "candidates.parquet"
CARD_FILE = "README.md"
MANIFEST_FILE = "manifest.json"
FILES = (KNOWLEDGE_FILE, SKILLS_FILE, PASSAGES_FILE, SAMPLES_FILE, CANDIDATES_FILE, CARD_FILE, MANIFEST_FILE)


class Entry(BaseModel):
    """Ground for all of the manifest: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Candidates(Entry):
    """Candidates by their end; accepted ones are the samples."""

    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    unneeded: int = 0


class Items(Entry):
    """Numbers of items by how they ended."""

    done: int = 0
    malformed: int = 0
    failed: int = 0


class StepItems(Items):
    """One step's items by their end, and what they cost when they were paid for, each once."""

    step: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Rows(Entry):
    """Training rows by what they are; `raft_…` say of the RAFT rows how many are so."""

    p07_qa: int = 0
    p07_auxiliary: int = 0
    p10_qa: int = 0
    p10_raft: int = 0
    p10_auxiliary: int = 0
    skill: int = 0
    raft_golden: int = 0
    """RAFT rows with the right document in their context."""
    raft_few: int = 0
    """RAFT rows with fewer documents than asked for, as their leaf has no more chunks."""


class Leaf(Entry):
    """What came of one leaf."""

    path: str
    kind: str
    digest: str
    commit: str
    target: int
    rounds: int
    reason: str
    candidates: Candidates
    forms: dict[str, int]
    """Samples by form of answer; empty for skills."""
    items: Items
    steps: tuple[StepItems, ...]
    rows: Rows


class Counts(Entry):
    """The numbers of a whole dataset: sums over its leaves."""

    leaves: int
    target: int
    candidates: Candidates
    items: Items
    steps: tuple[StepItems, ...]
    rows: Rows


class Sampling(Entry):
    """How the model was asked to sample."""

    temperature: float
    top_p: float
    max_tokens: int
    parameters: dict[str, Any] = {}
    """What was added to every request besides."""


class PlannedStep(Entry):
    """How one step was done."""

    step: str
    version: int
    prompt: str
    model: str
    sampling: Sampling | None


class Raft(Entry):
    """How RAFT contexts were drawn."""

    documents: int = DOCUMENTS
    golden_share: float = GOLDEN_SHARE


class File(Entry):
    """One file of the dataset; `rows` is None for text."""

    name: Annotated[str, Field(pattern=f"^({'|'.join(map(re.escape, FILES))})$")]
    sha256: str
    bytes: int
    rows: int | None


class Manifest(Entry):
    """What a dataset is made of."""

    format: str = Field(default=DATASET.tag, pattern=f"^{re.escape(DATASET.tag)}$")
    partial: bool
    taxonomy: str
    """Digest of the taxonomy snapshot."""
    steps: tuple[PlannedStep, ...]
    recipe: dict[str, Any]
    raft: Raft = Raft()
    counts: Counts
    leaves: tuple[Leaf, ...]
    missing: tuple[str, ...]
    """Leaves of the plan that were not finished when a partial dataset was written."""
    parts: dict[str, str]
    files: tuple[File, ...]

    @classmethod
    def read(cls, data: bytes, where: str) -> Self:
        """A manifest from its bytes. Raises NewerFormat, and ValueError where it is none."""
        check_manifest(data, where)
        return cls.model_validate_json(data)

    @classmethod
    def gather(
        cls,
        plan: Plan,
        recipe: dict[str, Any],
        leaves: Sequence[Leaf],
        parts: dict[str, str],
        *,
        partial: bool,
        files: Sequence[File],
    ) -> Self:
        """The manifest of a plan and of the leaves that were written."""
        return cls(
            partial=partial,
            taxonomy=plan.snapshot,
            steps=tuple(describe_step(spec) for spec in sorted(plan.steps, key=lambda spec: spec.step)),
            recipe=recipe,
            counts=sum_leaves(leaves),
            leaves=tuple(leaves),
            missing=tuple(sorted({leaf.path for leaf in plan.leaves} - set(parts))),
            parts=parts,
            files=tuple(files),
        )


def describe_step(spec: StepSpec) -> PlannedStep:
    """A step of the plan, as the manifest says it."""
    sampling = Sampling(
        temperature=spec.sampling.temperature,
        top_p=spec.sampling.top_p,
        max_tokens=spec.sampling.max_tokens,
        parameters=json.loads(spec.sampling.parameters or "{}"),
    )
    return PlannedStep(
        step=spec.step,
        version=spec.version,
        prompt=spec.prompt,
        model=spec.model,
        sampling=sampling if spec.HasField("sampling") else None,
    )


def describe_leaf(leaf: LeafPart, target: int, rows: Counter[str]) -> Leaf:
    """One leaf's line of the manifest; `rows` counts its training rows by use."""
    counts = leaf.counts
    return Leaf(
        path=leaf.part.path,
        kind=leaf.part.kind,
        digest=leaf.part.leaf_digest,
        commit=leaf.survey.commit,
        target=target,
        rounds=leaf.rounds,
        reason=leaf.reason,
        candidates=Candidates(**{end: getattr(counts, end) for end in ENDS}),
        forms=dict(sorted(leaf.survey.forms.items())),
        items=_count_items(counts),
        steps=tuple(_count_step(step) for step in sorted(counts.steps, key=lambda step: step.step)),
        rows=Rows(**rows),
    )


def _count_items(counts: LeafCounts) -> Items:
    return Items(done=counts.items_done, malformed=counts.items_malformed, failed=counts.items_failed)


def _count_step(counts: StepCounts) -> StepItems:
    return StepItems(
        step=counts.step,
        done=counts.done,
        malformed=counts.malformed,
        failed=counts.failed,
        calls=counts.recorded.requests,
        prompt_tokens=counts.recorded.prompt_tokens,
        completion_tokens=counts.recorded.completion_tokens,
    )


def sum_leaves(leaves: Sequence[Leaf]) -> Counts:
    """Sums over leaves; of steps, by name."""
    names = sorted({step.step for leaf in leaves for step in leaf.steps})
    by_step = {name: [step for leaf in leaves for step in leaf.steps if step.step == name] for name in names}
    return Counts(
        leaves=len(leaves),
        target=sum(leaf.target for leaf in leaves),
        candidates=Candidates(**_add(leaf.candidates for leaf in leaves)),
        items=Items(**_add(leaf.items for leaf in leaves)),
        steps=tuple(StepItems(step=name, **_add(by_step[name])) for name in names),
        rows=Rows(**_add(leaf.rows for leaf in leaves)),
    )


def _add(entries: Iterable[Entry]) -> Counter[str]:
    total: Counter[str] = Counter()
    for entry in entries:
        total.update({name: value for name, value in entry.model_dump().items() if name != "step"})
    return total
