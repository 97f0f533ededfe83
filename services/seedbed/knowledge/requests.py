"""What may be asked of the knowledge service: a whole knowledge leaf with its documents. Pure."""

from collections.abc import Iterator, Sequence

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.knowledge.documents.reading import UnreadableError, converter_for
from seedbed.pipeline.kinds import Kind
from seedbed.runs.v1.runs_service_pb2 import Run
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, Snapshot

LEAST_TOKENS = 32
MOST_TOKENS = 8192


def make_snapshot(leaf: Leaf, contents: Sequence[bytes]) -> Snapshot:
    """A snapshot of this one leaf and its documents, with the digest of its content. Raises InputError."""
    violations = list(_find_faults(leaf, contents))
    if violations:
        raise InputError(f"the leaf {leaf.path or 'without a path'} is not knowledge to generate", violations)
    content = Leaf()
    content.CopyFrom(leaf)
    for document, data in zip(content.documents, contents, strict=False):
        document.blob = sha256_hex(data)
        document.size = len(data)
    # Whatever the caller says: a digest is what the content makes it.
    content.ClearField("digest")
    content.digest = sha256_hex(message_bytes(content))
    return Snapshot(leaves=[content])


def explain(run: Run) -> str:
    """Why a run of one leaf came to fewer samples than were asked for; "" where it did not."""
    if run.state == RunState.RUN_STATE_CANCELLED:
        return f"the run {run.name} was cancelled"
    return "; ".join(leaf.reason for leaf in run.leaves if leaf.reason)


def check_preview(media_type: str, size: int, max_tokens: int, max_bytes: int) -> None:
    """Refuse what cannot be previewed. Raises InputError."""
    violations = [
        *_find_type_faults("media_type", media_type),
        *_find_size_faults("content", size, max_bytes),
    ]
    if not LEAST_TOKENS <= max_tokens <= MOST_TOKENS:
        violations.append(
            Violation("max_tokens", f"must be {LEAST_TOKENS} to {MOST_TOKENS}, not {max_tokens}")
        )
    if violations:
        raise InputError("the document cannot be previewed", violations)


def check_sizes(contents: Sequence[bytes], max_bytes: int) -> None:
    """Refuse documents that are too large. Raises InputError."""
    violations = [
        fault
        for index, data in enumerate(contents)
        for fault in _find_size_faults(f"documents[{index}]", len(data), max_bytes)
    ]
    if violations:
        raise InputError("documents that cannot be taken", violations)


def _find_faults(leaf: Leaf, contents: Sequence[bytes]) -> Iterator[Violation]:
    parts = leaf.path.split("/")
    if not all(parts) or ".." in parts:
        yield Violation("leaf.path", "must be a folder below the taxonomy's root, as a/b/c")
    if leaf.kind != Kind.KNOWLEDGE:
        yield Violation("leaf.kind", f"must be {Kind.KNOWLEDGE}, not {leaf.kind!r}")
    if not leaf.seeds:
        yield Violation("leaf.seeds", "must hold at least one seed example")
    for index, seed in enumerate(leaf.seeds):
        if not seed.context.strip():
            yield Violation(f"leaf.seeds[{index}].context", "must not be empty")
        if not seed.pairs or not all(p.question.strip() and p.answer.strip() for p in seed.pairs):
            yield Violation(f"leaf.seeds[{index}].pairs", "must hold questions, each with its answer")
    yield from _find_document_faults(leaf, contents)


def _find_document_faults(leaf: Leaf, contents: Sequence[bytes]) -> Iterator[Violation]:
    if not leaf.documents:
        yield Violation("leaf.documents", "must hold at least one document")
    if contents and len(contents) != len(leaf.documents):
        yield Violation("documents", f"must be {len(leaf.documents)}, as leaf.documents, not {len(contents)}")
    for index, document in enumerate(leaf.documents):
        yield from _find_type_faults(f"leaf.documents[{index}].media_type", document.media_type)
        if not contents and not document.blob:
            yield Violation(f"leaf.documents[{index}].blob", "must be given where no contents are")


def _find_type_faults(field: str, media_type: str) -> list[Violation]:
    try:
        converter_for(media_type)
    except UnreadableError as error:
        return [Violation(field, str(error))]
    return []


def _find_size_faults(field: str, size: int, max_bytes: int) -> list[Violation]:
    if size <= max_bytes:
        return []
    return [Violation(field, f"has {size} bytes; at most {max_bytes} are read")]
