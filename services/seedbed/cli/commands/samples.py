"""`seedbed samples` and `seedbed trace`: candidates and where they come from."""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.markup import escape
from rich.tree import Tree

from seedbed.bus.v1.bus_pb2 import Outcome
from seedbed.cli.commands.watch import CALL_TIMEOUT
from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.failure import DONE
from seedbed.cli.render.screen import Screen
from seedbed.evaluator.v1.evaluation_pb2 import Measure
from seedbed.runs.v1.candidate_pb2 import Candidate, Making, Source
from seedbed.runs.v1.runs_service_pb2 import CandidateEnd, ListCandidatesRequest, TraceRequest
from seedbed.runs.v1.tuning_pb2 import Tuning

_SHORT = 12


async def show_samples(
    runs: Runs, name: str, screen: Screen, *, follow: bool, leaf: str = "", end: str = ""
) -> int:
    """Candidates of a run as they stand, and as they come with `follow`."""
    if follow and not runs.live:
        screen.warn("no stack works on this run: what there is, is shown")
    ended = CandidateEnd.Value(f"CANDIDATE_END_{end.upper() or 'UNSPECIFIED'}")
    request = ListCandidatesRequest(run=name, leaf=leaf, end=ended, follow=follow and runs.live)
    count = 0
    async for answer in runs.stub.ListCandidates(request):
        count += 1
        if screen.machine:
            screen.emit(as_object(answer.candidate))
        else:
            screen.say("\n".join(_lines(answer.candidate)) + "\n")
    if not screen.machine:
        screen.say(f"{count} {end or 'candidate'}{'' if end or count == 1 else 's'}")
    return DONE


def as_object(message: Message) -> dict[str, Any]:
    """A candidate, or what was made of it, with everything that is known of it."""
    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found


def _lines(candidate: Candidate) -> Iterator[str]:
    end = candidate.end or "open"
    why = f" ({candidate.reason})" if candidate.reason else ""
    form = f" {candidate.form}" if candidate.form else ""
    yield f"{candidate.id}  {candidate.path}{form}  {end}{why}"
    if candidate.context:
        yield f"  context: {candidate.context}"
    yield f"  Q: {candidate.question}"
    if candidate.answer:
        yield f"  A: {candidate.answer}"


async def trace(runs: Runs, candidate: str, run: str, screen: Screen) -> int:
    """Show where a sample came from and which trainings had it. Returns the exit status."""
    answer = await runs.stub.Trace(TraceRequest(candidate=candidate, run=run), timeout=CALL_TIMEOUT)
    if screen.machine:
        tunings = [as_object(tuning) for tuning in answer.tunings]
        screen.emit({"run": answer.run, "candidate": as_object(answer.candidate), "tunings": tunings})
        return DONE
    screen.show(pedigree(answer.run, answer.candidate, answer.tunings))
    return DONE


def pedigree(run: str, candidate: Candidate, tunings: Sequence[Tuning] = ()) -> Tree:
    """From the sample back to leaf, seed, document, prompts and verdicts, and on to what it trained."""
    why = f": {candidate.reason}" if candidate.reason else ""
    tree = Tree(escape(f"{candidate.id}  {candidate.end or 'open'}{why}"), highlight=False)
    _branch(tree, "text", [
        ("context", candidate.context),
        ("question", candidate.question),
        ("answer", candidate.answer),
        ("repeats", candidate.duplicate_of),
    ])  # fmt: skip
    _branch(tree, f"leaf {candidate.path}", [
        ("kind", candidate.kind),
        ("content", candidate.leaf_digest),
        ("commit", candidate.leaf_commit),
        ("task", candidate.task_description),
        ("domain", candidate.domain),
    ])  # fmt: skip
    place = f"draw {candidate.draw}, round {candidate.round}" + (
        f", {candidate.form}" if candidate.form else ""
    )
    _branch(tree, f"seed {candidate.seed_index}", [("content", candidate.seed_digest), ("drawn", place)])
    if candidate.HasField("source"):
        _branch(tree, f"document {candidate.source.document}", list(_source(candidate.source)))
    for making in candidate.makings:
        _branch(tree, f"{making.spec.step} {making.digest[:_SHORT]}", list(_making(making)))
    _branch(tree, "run", [("name", run)])
    for tuning in tunings:
        ref = tuning.checkpoint
        _branch(tree, f"trained in {ref.training}, {ref.number}-{ref.phase}", list(_tuning(tuning)))
    return tree


def _branch(tree: Tree, name: str, rows: list[tuple[str, str]]) -> None:
    branch = tree.add(f"[bold]{escape(name)}[/]")
    for label, value in rows:
        if value:
            branch.add(f"{label}: {escape(value)}")


def _source(source: Source) -> Iterator[tuple[str, str]]:
    yield "repository", f"{source.repo}@{source.commit}" if source.repo else ""
    yield "bytes", source.blob
    yield "read by", source.converter
    yield "text", source.text
    page = f", page {source.page}" if source.page else ""
    yield "chunk", f"characters {source.chunk_start} to {source.chunk_end}{page}"
    yield "headings", " › ".join(source.headings)
    yield "augmentation", source.augmentation
    if source.evidence_end:
        yield "evidence", f"characters {source.evidence_start} to {source.evidence_end}"
    yield "attribution", source.attribution.strip()


def _tuning(tuning: Tuning) -> Iterator[tuple[str, str]]:
    weight = tuning.weight
    share = f"{weight.share:.1%} of what counts" if weight.share else "no share"
    yield "leaf", f"{weight.samples} samples, {share} in each of {tuning.epochs} epochs"
    yield "checkpoint", tuning.checkpoint.digest
    for gain in tuning.gains:
        row = gain.comparison
        measure = Measure.Name(row.measure).removeprefix("MEASURE_").lower()
        spread = f" ({row.low:+.3f} … {row.high:+.3f})" if row.HasField("low") else ""
        said = f"{row.before_mean:.3f} → {row.after_mean:.3f}, {row.difference:+.3f}{spread}"
        yield f"held-out {measure}", f"{said} on {row.questions} questions, {gain.evaluation}"


def _making(making: Making) -> Iterator[tuple[str, str]]:
    spec = making.spec
    yield "outcome", Outcome.Name(making.outcome).removeprefix("OUTCOME_").lower()
    yield "version", str(spec.version)
    yield "prompt", spec.prompt
    if spec.model:
        sampling = spec.sampling
        yield (
            "model",
            (
                f"{spec.model}, temperature {sampling.temperature:g}, top_p {sampling.top_p:g}, "
                f"at most {sampling.max_tokens} tokens"
                + (f", {sampling.parameters}" if sampling.parameters else "")
            ),
        )
    yield "scores", ", ".join(f"{score.name} {score.value}" for score in making.scores)
    yield "explanation", making.explanation
    yield "evidence", making.evidence
