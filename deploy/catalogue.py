"""The catalogue of all telemetry, for people: `python -m deploy.catalogue` writes docs/telemetry.md."""

from collections.abc import Iterator
from pathlib import Path

from deploy.dashboards.queries import series
from seedbed.kernel.telemetry.attributes import ATTRIBUTES
from seedbed.kernel.telemetry.metrics import METRICS
from seedbed.kernel.telemetry.spans import SPANS

TARGET = Path(__file__).resolve().parents[1] / "docs" / "telemetry.md"
_HEAD = """\
# What Seedbed tells

Written by `python -m deploy.catalogue` from the registry in `services/seedbed/kernel/telemetry/`; changes are
lost. Names without `seedbed.` are OpenTelemetry's conventions. In Prometheus a metric bears the name beside
it, and an attribute its own with `_` for `.`.
"""


def written() -> str:
    """The page."""
    return "\n".join([_HEAD, *_metrics(), "", *_spans(), "", *_attributes(), ""])


def _metrics() -> Iterator[str]:
    columns = ("metric", "in Prometheus", "kind, unit", "by", "attributes", "what it counts")
    yield from ("## Metrics", "", f"| {' | '.join(columns)} |", "|---|---|---|---|---|---|")
    for metric in METRICS.values():
        names = ", ".join(f"`{attribute.name}`" for attribute in metric.attributes)
        kind, services = f"{metric.kind}, {metric.unit}", ", ".join(metric.services)
        row = (f"`{metric.name}`", f"`{series(metric)}`", kind, services, names, metric.description)
        yield f"| {' | '.join(row)} |"


def _spans() -> Iterator[str]:
    yield from ("## Spans", "", "| begins with | what it is |", "|---|---|")
    for name, description in SPANS.items():
        yield f"| `{name}` | {description} |"


def _attributes() -> Iterator[str]:
    yield from ("## Attributes", "", "| attribute | type | values |", "|---|---|---|")
    for attribute in ATTRIBUTES.values():
        yield f"| `{attribute.name}` | {attribute.type} | {attribute.values} |"


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
