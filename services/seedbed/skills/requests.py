"""What may be asked of the skills service: a whole skill leaf, and the snapshot it becomes. Pure."""

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.pipeline.kinds import Kind
from seedbed.runs.v1.runs_service_pb2 import Run
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, SeedExample, Snapshot


def make_snapshot(leaf: Leaf) -> Snapshot:
    """A snapshot of this one leaf, under the digest of its content. Raises InputError."""
    violations = [*_find_faults(leaf)]
    if violations:
        raise InputError(f"the leaf {leaf.path or 'without a path'} is not a skill to generate", violations)
    content = Leaf()
    content.CopyFrom(leaf)
    # Whatever the caller says: a digest is what the content makes it.
    content.ClearField("digest")
    content.digest = sha256_hex(message_bytes(content))
    return Snapshot(leaves=[content])


def explain(run: Run) -> str:
    """Why a run of one leaf came to fewer samples than were asked for; "" where it did not."""
    if run.state == RunState.RUN_STATE_CANCELLED:
        return f"the run {run.name} was cancelled"
    return "; ".join(leaf.reason for leaf in run.leaves if leaf.reason)


def _find_faults(leaf: Leaf) -> list[Violation]:
    faults = []
    parts = leaf.path.split("/")
    if not all(parts) or ".." in parts:
        faults.append(Violation("leaf.path", "must be a folder below the taxonomy's root, as a/b/c"))
    if leaf.kind not in (Kind.FREEFORM_SKILL, Kind.GROUNDED_SKILL):
        wanted = f"{Kind.FREEFORM_SKILL} or {Kind.GROUNDED_SKILL}"
        faults.append(Violation("leaf.kind", f"must be {wanted}, not {leaf.kind!r}"))
    if not leaf.task_description.strip():
        faults.append(Violation("leaf.task_description", "must not be empty"))
    if leaf.documents:
        faults.append(Violation("leaf.documents", "must be empty in a skill"))
    if not leaf.seeds:
        faults.append(Violation("leaf.seeds", "must hold at least one seed example"))
    for index, seed in enumerate(leaf.seeds):
        faults.extend(_find_seed_faults(f"leaf.seeds[{index}]", seed, leaf.kind))
    return faults


def _find_seed_faults(field: str, seed: SeedExample, kind: str) -> list[Violation]:
    faults = []
    if not seed.pairs or not all(p.question.strip() and p.answer.strip() for p in seed.pairs):
        faults.append(Violation(f"{field}.pairs", "must hold questions, each with its answer"))
    if kind == Kind.GROUNDED_SKILL and not seed.context.strip():
        faults.append(Violation(f"{field}.context", "must not be empty in a grounded skill"))
    if kind == Kind.FREEFORM_SKILL and seed.context.strip():
        faults.append(Violation(f"{field}.context", "must be empty in a freeform skill"))
    return faults
