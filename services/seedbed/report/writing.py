"""Writes the page: one file, with all that it needs in it, that asks nobody for anything."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from seedbed.report.charts import draw_differences, draw_losses
from seedbed.report.facts import Facts, Score
from seedbed.report.tree import grow

# What a measure is, for people.
MEASURES = {
    "choice": "right choices, share of questions",
    "likelihood": "log likelihood of the right answer, nats a token",
    "rating": "the judge's rating, 1 to 10",
}


def write_page(facts: Facts) -> str:
    """The report as one HTML page that needs nothing else."""
    verdict, tuning = facts.verdict, facts.tuning
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            facts=facts,
            tree=grow(facts.leaves),
            measures=MEASURES,
            losses=Markup(draw_losses(tuning.phases)) if tuning else "",  # noqa: S704  drawn by us
            gains=_charts(verdict.gains) if verdict else [],
            data=embed(facts),
            style=_read("report.css"),
            script=_read("report.js"),
        )
    )


def _charts(scores: Sequence[Score]) -> list[tuple[str, Markup, list[Score]]]:
    """Measure, chart and rows, a measure at a time."""
    ordered = sorted(scores, key=lambda score: (score.measure, score.leaf))
    groups = [(name, list(rows)) for name, rows in groupby(ordered, key=lambda score: score.measure)]
    return [(name, Markup(draw_differences(rows)), rows) for name, rows in groups]  # noqa: S704  drawn by us


def embed(facts: Facts) -> Markup:
    """The rows to look through, as JSON that cannot end the element it stands in."""
    text = json.dumps(facts.candidates, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(safe)  # noqa: S704  made safe just now


def _read(name: str) -> Markup:
    return Markup(files("seedbed.report").joinpath("page", name).read_text("utf-8"))  # noqa: S704  our own


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("seedbed.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = lambda path: Markup("/<wbr>").join(path.split("/"))
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["percent"] = lambda part, whole: f"{100 * part / whole:.0f} %" if whole else "–"
    return environment
