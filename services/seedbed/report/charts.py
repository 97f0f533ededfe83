"""Charts as SVG, by Vega-Lite. Their colours are variables of the page, and so follow its light and dark."""

import json
from collections.abc import Sequence
from typing import Any

import vl_convert

from seedbed.report.facts import PhaseFacts, Score

_COLOURS = [f"var(--series-{number})" for number in range(1, 7)]
_INK, _LINE = "var(--ink)", "var(--line)"
_CONFIG = {
    "background": "transparent",
    # The page's own letters may be wider than those that were measured.
    "padding": {"left": 24, "right": 16, "top": 4, "bottom": 4},
    "font": "system-ui, sans-serif",
    "view": {"stroke": "transparent"},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "gridColor": _LINE,
        "domainColor": _LINE,
        "tickColor": _LINE,
    },
    "legend": {
        "labelColor": _INK,
        "titleColor": _INK,
        "orient": "top",
        "title": None,
        "symbolStrokeWidth": 3,
    },
}


def draw_losses(phases: Sequence[PhaseFacts]) -> str:
    """Loss over the steps of all phases, one after the other."""
    rows, before = [], 0
    for phase in phases:
        rows += [{"step": before + step, "loss": loss, "phase": phase.name} for step, loss in phase.losses]
        before += phase.steps
    names = [phase.name for phase in phases]
    return _draw(
        {
            "width": 640,
            "height": 240,
            "data": {"values": rows},
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {
                "x": {"field": "step", "type": "quantitative", "title": "step"},
                "y": {"field": "loss", "type": "quantitative", "title": "loss", "scale": {"zero": False}},
                "color": _colours("phase", names),
            },
        }
    )


def draw_differences(scores: Sequence[Score]) -> str:
    """Differences with their intervals, a row a leaf; the scores are of one measure."""
    rows = [
        {"leaf": _short(s.leaf), "difference": s.difference, "low": s.low, "high": s.high} for s in scores
    ]
    y = {"field": "leaf", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 260}}
    return _draw(
        {
            "width": 420,
            "height": {"step": 26},
            "data": {"values": rows},
            "layer": [
                {
                    "mark": {"type": "rule", "strokeDash": [4, 3]},
                    "encoding": {"x": {"datum": 0}, "color": {"value": _INK}},
                },
                {
                    "transform": [{"filter": "datum.low !== null"}],
                    "mark": {"type": "rule", "strokeWidth": 3, "strokeCap": "round"},
                    "encoding": {
                        "y": y,
                        "x": {"field": "low", "type": "quantitative", "title": "difference"},
                        "x2": {"field": "high"},
                        "color": {"value": _COLOURS[0]},
                    },
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                    "encoding": {
                        "y": y,
                        "x": {"field": "difference", "type": "quantitative"},
                        "color": {"value": _COLOURS[0]},
                    },
                },
            ],
        }
    )


def _colours(field: str, names: Sequence[str]) -> dict[str, Any]:
    colours = [_COLOURS[number % len(_COLOURS)] for number in range(len(names))]
    return {"field": field, "type": "nominal", "scale": {"domain": list(names), "range": colours}}


def _short(leaf: str) -> str:
    return leaf.rpartition("/")[2]


def _draw(spec: dict[str, Any]) -> str:
    schema = "https://vega.github.io/schema/vega-lite/v5.json"
    svg: str = vl_convert.vegalite_to_svg(json.dumps({"$schema": schema, **spec, "config": _CONFIG}))
    return svg
