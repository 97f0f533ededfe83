"""Pedigree: a candidate with all it came from, as the dataset and the API show it. Pure."""

from collections.abc import Iterable, Iterator

from seedbed.bus.v1.bus_pb2 import Outcome, Record
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.knowledge.v1.steps_pb2 import Chunk
from seedbed.pipeline.kinds import step_of
from seedbed.pipeline.kinds.entry import Draw, Passage, seed_digest
from seedbed.pipeline.plan import SpecBook
from seedbed.runs.domain.leaf_state import Begun, Decided, LeafStateMachine
from seedbed.runs.domain.settlement import Birth, Decision, births_of
from seedbed.runs.v1.candidate_pb2 import Augmentation, Candidate, Making, Part, Score, Source


def write_part(state: LeafStateMachine, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The leaf's part of the dataset in its stored form: every candidate, ordered by (draw, id).

    `pieces` are those of its draws, in their order. Parts of a message one after the other are the message,
    so a large leaf is never all in memory.
    """
    leaf = state.leaf
    yield message_bytes(Part(path=leaf.path, kind=leaf.kind, leaf_digest=leaf.digest))
    yield from pieces
    for passage in state.passages:
        if passage.augmentation or state.known.recipe.passages:
            yield message_bytes(Part(augmentations=[_augmentation(state, passage)]))


def write_draw(state: LeafStateMachine, decided: Decided, commit: str) -> bytes:
    """One draw's share of the part: every candidate that was decided at it, by id."""
    made = [
        make_candidate(state, decided.draw, birth, decision, commit) for birth, decision in decided.candidates
    ]
    return message_bytes(Part(candidates=made))


def list_open(state: LeafStateMachine, begun: Begun, commit: str) -> list[Candidate]:
    """The candidates born so far at a draw that is not decided; they have no end."""
    undecided = Decision(begun.number, state.settlement.rounds)
    return [
        make_candidate(state, begun.draw, birth, undecided, commit)
        for birth in births_of(state.kind, state.fold, begun.root)
        if not state.settlement.is_decided(birth)
    ]


def make_candidate(
    state: LeafStateMachine, draw: Draw, birth: Birth, decision: Decision, commit: str
) -> Candidate:
    """A decided candidate's row of the part file; rounds are counted from 1 there."""
    leaf = state.leaf
    return Candidate(
        id=birth.id,
        path=leaf.path,
        leaf_digest=leaf.digest,
        leaf_commit=commit,
        kind=leaf.kind,
        branch=leaf.branch,
        draw=decision.draw,
        round=decision.round + 1,
        end=decision.end,
        reason=decision.reason,
        duplicate_of=decision.duplicate_of,
        question=birth.question.strip(),
        answer=birth.answer.strip(),
        context=birth.context or state.kind.context_of(leaf.seeds[draw.seed]),
        form=draw.form,
        seed_index=draw.seed,
        seed_digest=seed_digest(leaf.seeds[draw.seed]),
        task_description=leaf.task_description,
        domain=leaf.domain,
        document_outline=leaf.document_outline,
        source=_source(draw.passage, birth) if draw.passage else None,
        makings=[_making(record, state.known.specs) for record in birth.makings],
    )


def _source(passage: Passage, birth: Birth | None) -> Source:
    document, chunk = passage.document, passage.chunk
    source = Source(
        document=document.path,
        blob=document.blob,
        repo=document.repo,
        commit=document.commit,
        attribution=document.attribution,
        converter=passage.converter,
        text=passage.text,
        chunk=chunk.text,
        chunk_start=chunk.start,
        chunk_end=chunk.end,
        head_start=chunk.head_start,
        head_end=chunk.head_end,
        page=chunk.page,
        headings=chunk.headings,
        augmentation=passage.augmentation,
        augmented=passage.augmented,
    )
    for record in birth.makings if birth else ():
        span = step_of(record.step).evidence(record.result)
        if span and record.outcome == Outcome.OUTCOME_DONE:
            # The verdict counts in the chunk, so that a chunk that moves keeps its verdicts.
            source.evidence_start = _place(chunk, span[0])
            source.evidence_end = _place(chunk, span[1] - 1) + 1
    return source


def _place(chunk: Chunk, offset: int) -> int:
    """Where in the document's text a place in the chunk's text is."""
    head = chunk.head_end - chunk.head_start
    return chunk.head_start + offset if offset < head else chunk.start + offset - head


def _making(record: Record, specs: SpecBook) -> Making:
    making = Making(digest=record.digest, spec=specs[record.step], outcome=record.outcome)
    gate = step_of(record.step).gate
    if gate and record.outcome == Outcome.OUTCOME_DONE:
        verdict = gate.read(record.result)
        making.scores.extend(Score(name=name, value=getattr(verdict, name)) for name in gate.scores)
        making.explanation = getattr(verdict, "explanation", "")
        making.evidence = getattr(verdict, "evidence", "")
    elif record.reason:
        making.explanation = record.reason
    return making


def _augmentation(state: LeafStateMachine, passage: Passage) -> Augmentation:
    identity = f"{state.leaf.path}\0{passage.key}\0{passage.augmented}"
    return Augmentation(
        id=sha256_hex(identity)[:32],
        path=state.leaf.path,
        augmentation=passage.augmentation,
        text=passage.augmented,
        source=_source(passage, None),
    )
