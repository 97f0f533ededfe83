"""What a training has brought, and what was forgotten."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.dashboards.panels import Query, bars, board, graph
from deploy.dashboards.queries import shown, top
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics as m


def build() -> Dashboard:
    """The dashboard."""
    both = (a.EVALUATION, a.MEASURE)
    gain, score, name = top(m.EVALUATION_GAIN, *both), top(m.EVALUATION_SCORE, *both), shown(*both)
    return (
        board("seedbed-evaluation", "Seedbed: evaluation", "What was gained, and what was forgotten.")
        .with_panel(
            bars("Gain", "The tuned student's mean score minus the base's.", "short", Query(gain, name))
        )
        .with_panel(graph("Score", "The tuned student's mean.", "short", Query(score, name), width=16))
    )
