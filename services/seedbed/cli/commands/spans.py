"""`seedbed trace --spans`: a sample's way through the services, as it was reported to the collector."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from seedbed.cli.commands.watch import CALL_TIMEOUT
from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.failure import DONE
from seedbed.cli.render.screen import Screen
from seedbed.cli.stack.collector import span_file
from seedbed.cli.stack.state import StateFolder
from seedbed.collector.spans import Span, read_trace
from seedbed.kernel.errors import NotFound
from seedbed.kernel.identity import leaf_token
from seedbed.kernel.telemetry.context import Context, of_item, of_leaf, of_run, of_snapshot
from seedbed.runs.v1.candidate_pb2 import Candidate
from seedbed.runs.v1.runs_service_pb2 import GetRunRequest, TraceRequest

_ALIKE = 8
_QUIET = ("messaging.", "rpc.", "gen_ai.operation", "gen_ai.provider", "seedbed.run", "seedbed.leaf")


async def show_spans(runs: Runs, sample: str, run: str, root: Path, screen: Screen) -> int:
    """The traces that a sample has been in, from the import of its leaf to the end of it."""
    path = span_file(StateFolder(root))
    if not path.is_file():
        raise NotFound(
            f"nothing was traced in {root}",
            hint="run `seedbed generate` or `seedbed up` with --telemetry; elsewhere ask the trace store",
        )
    answer = await runs.stub.Trace(TraceRequest(candidate=sample, run=run), timeout=CALL_TIMEOUT)
    described = await runs.stub.GetRun(GetRunRequest(run=answer.run), timeout=CALL_TIMEOUT)
    names = traces_of(answer.run, described.snapshot, answer.candidate)
    found = [(title, _read(path, context)) for title, context in names]
    if screen.machine:
        screen.emit({"run": answer.run, "candidate": answer.candidate.id, "traces": _objects(found)})
        return DONE
    if not found[-1][1]:
        screen.warn("this sample was not among those traced; what its leaf has in common is below")
    for title, spans in found:
        screen.show(_tree(title, spans))
    return DONE


def traces_of(run: str, snapshot: str, candidate: Candidate) -> list[tuple[str, Context]]:
    """The traces a candidate has been in, by their names, in the order of its way."""
    return [
        ("taxonomy", of_snapshot(snapshot)),
        (f"run {run}", of_run(run)),
        (f"leaf {candidate.path}", of_leaf(run, leaf_token(candidate.path))),
        (f"sample {candidate.id}", of_item(run, candidate.makings[0].digest)),
    ]


def _read(path: Path, context: Context) -> list[Span]:
    """The spans of a trace, and of the calls that led to it."""
    own = read_trace(path, context.trace.hex())
    first = [span for span in own if span.span == context.span.hex()]
    calls = [trace for span in first for trace, _ in span.links]
    led = [span for trace in dict.fromkeys(calls) for span in read_trace(path, trace)]
    return [*(span for span in led if "rpc.method" in span.attributes), *own]


def _objects(found: Sequence[tuple[str, list[Span]]]) -> list[dict[str, Any]]:
    return [
        {"of": title, "spans": [{name: getattr(span, name) for name in _FIELDS} for span in spans]}
        for title, spans in found
    ]


_FIELDS = ("trace", "span", "parent", "name", "service", "start", "finish", "error", "attributes", "links")


def _tree(title: str, spans: Sequence[Span]) -> Tree:
    tree = Tree(f"[bold]{escape(title)}[/]", highlight=False)
    known = {span.span for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span.start):
        children.setdefault(span.parent if span.parent in known else "", []).append(span)
    _grow(tree, "", children)
    return tree


def _grow(tree: Tree, parent: str, children: dict[str, list[Span]]) -> None:
    alike: dict[str, int] = {}
    for span in children.get(parent, ()):
        alike[span.name] = alike.get(span.name, 0) + 1
        if alike[span.name] <= _ALIKE:
            _grow(tree.add(_line(span)), span.span, children)
    for name, count in alike.items():
        if count > _ALIKE:
            tree.add(escape(f"… and {count - _ALIKE} more: {name}"))


def _line(span: Span) -> str:
    attributes = ", ".join(_attributes(span))
    error = f" [red]{escape(span.error)}[/]" if span.error else ""
    length = (span.finish - span.start) / 1e6
    name = escape(f"{span.service}: {span.name}")
    return f"{name}  [bold]{length:.1f} ms[/]{error}  [dim]{escape(attributes)}[/]"


def _attributes(span: Span) -> Iterator[str]:
    for name, value in sorted(span.attributes.items()):
        if value != "" and not name.startswith(_QUIET):
            shown = f"{value:.3f}" if isinstance(value, float) else str(value)
            yield f"{name.removeprefix('seedbed.')}={shown if len(shown) <= 40 else shown[:12]}"
