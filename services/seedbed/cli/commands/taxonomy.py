"""`seedbed taxonomy`: lint, list and compare, without a stack."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum

from rich.markup import escape

from seedbed.cli.render.failure import BAD_INPUT, DONE
from seedbed.cli.render.paths import LeafPath
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.kernel.settings import load_settings
from seedbed.knowledge.reader import Reader
from seedbed.pipeline.recipe import Recipe
from seedbed.taxonomy import facade
from seedbed.taxonomy.v1.leaf_pb2 import Document
from seedbed.taxonomy.v1.taxonomy_service_pb2 import ChangeKind

_SHORT = 12


class Format(StrEnum):
    """How `taxonomy lint` writes its findings: for people, for programs, or as annotations on GitHub."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


_WRITERS = {
    Format.TEXT: facade.format_text,
    Format.JSON: facade.format_json,
    Format.GITHUB: facade.format_github,
}


def lint(source: str, form: Format, screen: Screen, *, documents: bool) -> int:
    """Write every finding to stdout; exit status 2 where one of them is an error."""
    settings = load_settings()
    limit, rules = settings.document_max_bytes, facade.Rules.of(settings)
    found = facade.lint(
        source, documents=documents, limit=limit, rules=rules, read_document=_document_reader()
    )
    # As it is, for programs that read it: no wrapping, no style.
    print(_WRITERS[form](found.findings), end="")
    errors = len(facade.errors_of(found.findings))
    warnings = len(found.findings) - errors
    people = Screen(machine=True) if form != Format.TEXT else screen
    for note in found.notes:
        people.say(note)
    people.say(f"{_plural(found.files, 'file')}, {_plural(errors, 'error')}, {_plural(warnings, 'warning')}")
    return BAD_INPUT if errors else DONE


def _document_reader() -> facade.ReadDocument:
    """Reads documents as the knowledge service does, each in a limited child process."""
    reader, tokens = Reader(), Recipe().chunk_tokens

    def read(document: Document, content: bytes) -> facade.Text:
        cut = asyncio.run(reader.read(document.path, content, document.media_type, tokens))
        return facade.Text(cut.text.decode(), cut.notes)

    return read


def list_leaves(source: str, globs: Sequence[str], screen: Screen) -> int:
    """One row a sound leaf."""
    settings = load_settings()
    limit, rules = settings.document_max_bytes, facade.Rules.of(settings)
    leaves = facade.list_leaves(source, globs=globs, limit=limit, rules=rules)
    if screen.machine:
        for leaf in leaves:
            counts = {"seeds": leaf.seeds, "documents": leaf.documents}
            screen.emit(
                {"path": leaf.path, "kind": leaf.kind, **counts, "digest": leaf.digest, "commit": leaf.commit}
            )
        return DONE
    table = make_table(
        "leaf",
        "kind",
        "seeds",
        "documents",
        "content",
        "commit",
        right=("seeds", "documents"),
        unbroken=("kind", "content", "commit"),
    )
    for leaf in leaves:
        row = (leaf.kind.removesuffix("_skill"), str(leaf.seeds), str(leaf.documents))
        table.add_row(LeafPath(leaf.path), *map(escape, row), leaf.digest[:_SHORT], leaf.commit[:_SHORT])
    screen.show(table)
    screen.say(_plural(len(leaves), "sound leaf", "sound leaves"))
    return DONE


def diff(source: str, base: str, head: str, screen: Screen) -> int:
    """One line a leaf that differs."""
    changes = facade.diff(source, base, head).changes
    for change in changes:
        kind = ChangeKind.Name(change.kind).removeprefix("CHANGE_KIND_").lower()
        if screen.machine:
            screen.emit({"path": change.path, "change": kind, "parts": list(change.parts)})
        else:
            parts = f" ({', '.join(change.parts)})" if change.parts else ""
            screen.say(f"{kind:8} {change.path}{parts}")
    if not changes and not screen.machine:
        screen.say("no leaf differs")
    return DONE


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
