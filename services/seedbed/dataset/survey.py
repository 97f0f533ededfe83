"""A survey of a part: what its candidates come to, in one reading of them. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from seedbed.dataset.part_reader import StoredPart
from seedbed.pipeline.kinds import Kind
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Part, Source


@dataclass
class Survey:
    """What is known of a part once all of it was read."""

    commit: str = ""
    domain: str = ""
    """Of the first candidate."""
    ends: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    """Samples by form of answer."""
    chunks: set[str] = field(default_factory=set)
    """The different chunks of all decided candidates and augmentations."""
    documents: dict[tuple[str, ...], Source] = field(default_factory=dict)
    """The different documents, each as one of its sources names it."""
    problems: list[str] = field(default_factory=list)
    """What contradicts itself."""


def survey(part: Part | StoredPart) -> Survey:
    """Go through a part once, for all that is counted and checked of it."""
    found, seen, twice = Survey(), set[str](), set[str]()
    for number, candidate in enumerate(part.candidates):
        if not number:
            found.commit, found.domain = candidate.leaf_commit, candidate.domain
        found.ends[candidate.end] += 1
        if candidate.end == "accepted" and candidate.form:
            found.forms[candidate.form] += 1
        (twice if candidate.id in seen else seen).add(candidate.id)
        found.problems += _unfit(candidate, part)
        if candidate.HasField("source"):
            _note(found, candidate.source, shown=bool(candidate.end))
    repeated = [f"candidate {name} is there twice" for name in sorted(twice)]
    found.problems[:0] = repeated + _survey_augmentations(found, part)
    return found


def _survey_augmentations(found: Survey, part: Part | StoredPart) -> list[str]:
    ids = Counter(one.id for one in part.augmentations)
    for one in part.augmentations:
        _note(found, one.source, shown=True)
        if _is_empty(one):
            found.problems.append(f"augmentation {one.id} has no text or no chunk")
    return [f"augmentation {name} is there twice" for name, times in sorted(ids.items()) if times > 1]


def _note(found: Survey, source: Source, *, shown: bool) -> None:
    if shown:
        found.chunks.add(source.chunk)
    named = (source.repo, source.document, source.commit, source.blob, source.attribution)
    found.documents.setdefault(named, source)


def _unfit(candidate: Candidate, part: Part | StoredPart) -> list[str]:
    problems = []
    if (candidate.path, candidate.kind) != (part.path, part.kind):
        problems.append(f"candidate {candidate.id} belongs to {candidate.kind} leaf {candidate.path}")
    if candidate.end == "accepted":
        # Upstream leaves out rows with an empty message; here that would break the count.
        needed = {"question": candidate.question, "answer": candidate.answer}
        if part.kind == Kind.KNOWLEDGE:
            needed["chunk"] = candidate.source.chunk
        problems += [
            f"sample {candidate.id} has no {name}" for name, text in needed.items() if not text.strip()
        ]
    return problems


def _is_empty(one: Augmentation) -> bool:
    return (bool(one.augmentation) and not one.text.strip()) or not one.source.chunk.strip()
