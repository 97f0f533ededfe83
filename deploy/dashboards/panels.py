"""Panels in the one form that all dashboards share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, StackingMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef

SOURCE = DataSourceRef(type_val="prometheus", uid="${metrics}")

Panel = timeseries.Panel | stat.Panel | bargauge.Panel
PanelT = TypeVar("PanelT", timeseries.Panel, stat.Panel, bargauge.Panel)


@dataclass(frozen=True, slots=True)
class Query:
    """One query. With `exemplars` its points lead to traces."""

    expr: str
    legend: str = ""
    exemplars: bool = False


def board(uid: str, title: str, description: str) -> dashboard.Dashboard:
    """A dashboard with nothing on it yet."""
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["seedbed"])
        .editable()
        .refresh("10s")
        .time("now-30m", "now")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("metrics").label("Metrics").type("prometheus"))
    )


def choice(name: str, title: str, values: str) -> dashboard.QueryVariable:
    """What is to be looked at, out of what there is; all of it at first."""
    return (
        dashboard.QueryVariable(name)
        .label(title)
        .datasource(SOURCE)
        .query(values)
        .include_all(True)  # noqa: FBT003  the builder takes it so
        .all_value(".*")
    )


def graph(
    title: str, description: str, unit: str, *queries: Query, width: int = 12, stacked: bool = False
) -> timeseries.Panel:
    """Curves over time."""
    legend = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)  # noqa: FBT003  the builder takes it so
    )
    panel = timeseries.Panel().legend(legend).min(0).fill_opacity(30 if stacked else 5)
    if stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    return _fill(panel, title, description, unit, queries).span(width).height(8)


def figure(title: str, description: str, unit: str, query: Query) -> stat.Panel:
    """One number, as it is now."""
    return _fill(stat.Panel(), title, description, unit, (query,)).span(4).height(4)


def bars(title: str, description: str, unit: str, *queries: Query, width: int = 8) -> bargauge.Panel:
    """Several numbers beside one another, as they are now."""
    return _fill(bargauge.Panel(), title, description, unit, queries).span(width).height(8)


def _fill(panel: PanelT, title: str, description: str, unit: str, queries: Sequence[Query]) -> PanelT:
    panel.title(title).description(description).unit(unit).datasource(SOURCE)
    for number, query in enumerate(queries):
        target = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + number))
        if query.legend:
            target.legend_format(query.legend)
        if query.exemplars:
            target.exemplar(True)  # noqa: FBT003
        panel.with_target(target)
    return panel
