"""What a training has brought, and what was forgotten."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.dashboards.panels import Query, bars, board, graph
from deploy.dashboards.queries import shown, top
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics as m


def build() -> Dashboard:
    """The dashboard."""
    gain, score = top(m.EVALUATION_GAIN, a.EVALUATION), top(m.EVALUATION_SCORE, a.EVALUATION)
    name = shown(a.EVALUATION)
    return (
        board("seedbed-evaluation", "Seedbed: evaluation", "What was gained, and what was forgotten.")
        .with_panel(
            bars("Gain", "The tuned student's mean score minus the base's.", "short", Query(gain, name))
        )
        .with_panel(graph("Score", "The tuned student's mean.", "short", Query(score, name), width=16))
    )
