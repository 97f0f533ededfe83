"""How a training goes."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.dashboards.panels import Query, board, graph
from deploy.dashboards.queries import by, rate, series, shown, top
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics as m


def build() -> Dashboard:
    """The dashboard."""
    start = board("seedbed-training", "Seedbed: training", "Loss and speed of the phases.")
    tokens, steps = (f"{by(a.PHASE)} ({rate(series(x))})" for x in (m.TRAINING_TOKENS, m.TRAINING_STEPS))
    rows = (
        ("Loss", "Of the last step.", top(m.TRAINING_LOSS, a.PHASE)),
        ("Tokens a second", "Trained on.", tokens),
        ("Steps a minute", "Of the optimizer.", f"{steps} * 60"),
        ("Steps", "Made so far.", f"{by(a.PHASE)} ({series(m.TRAINING_STEPS)})"),
    )
    for title, description, expr in rows:
        start.with_panel(graph(title, description, "short", Query(expr, shown(a.PHASE))))
    return start
