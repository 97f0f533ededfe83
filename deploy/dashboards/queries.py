"""Names as Prometheus has them, made from the registry: a query of what is not there cannot be written."""

from seedbed.collector.exposition import prometheus_name
from seedbed.kernel.telemetry.attributes import Attribute
from seedbed.kernel.telemetry.metrics import Metric

RATE = "$__rate_interval"
"""Put in by Grafana: as short as the scrapes allow."""


def series(metric: Metric) -> str:
    """A counter's or gauge's samples."""
    name = prometheus_name(metric.name, metric.unit, metric.kind)
    return f"{name}_total" if metric.kind == "counter" else name


def count(metric: Metric) -> str:
    """How many values a histogram has seen."""
    return f"{series(metric)}_count"


def label(attribute: Attribute) -> str:
    """An attribute's name."""
    return attribute.name.replace(".", "_")


def shown(*attributes: Attribute) -> str:
    """A legend of their values."""
    return " ".join(f"{{{{{label(attribute)}}}}}" for attribute in attributes)


def top(metric: Metric, *attributes: Attribute) -> str:
    """The most that any process says, by these: for what all of them say of the same thing."""
    return f"max by ({', '.join(map(label, attributes))}) ({series(metric)})"


def by(*attributes: Attribute) -> str:
    """Added up, but for these."""
    return f"sum by ({', '.join(map(label, attributes))})"


def rate(name: str, matching: str = "", window: str = RATE) -> str:
    """A second."""
    return f"rate({name}{_braces(matching)}[{window}])"


def quantile(share: float, metric: Metric, *attributes: Attribute, window: str = RATE) -> str:
    """What so large a share of a histogram's values is below."""
    names = ", ".join(["le", *map(label, attributes)])
    return f"histogram_quantile({share}, sum by ({names}) ({rate(series(metric) + '_bucket', '', window)}))"


def share_of_errors(metric: Metric, error: Attribute, *attributes: Attribute, window: str = RATE) -> str:
    """How many of a histogram's values are of what failed; 0 where nothing did."""
    name, names = count(metric), ", ".join(map(label, attributes))
    failing = f'{label(error)}!=""'
    failed = f"sum by ({names}) ({rate(name, failing, window)})"
    every = f"sum by ({names}) ({rate(name, '', window)})"
    return f"({failed} or 0 * {every}) / {every}"


def _braces(matching: str) -> str:
    return f"{{{matching}}}" if matching else ""
