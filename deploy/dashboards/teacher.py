"""The endpoints: what they take, what they cost, how they fail."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.dashboards.panels import Panel, Query, board, graph
from deploy.dashboards.queries import by, count, quantile, rate, series, share_of_errors, shown, top
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics as m

_SERVER = shown(a.SERVER_ADDRESS)


def build() -> Dashboard:
    """The dashboard."""
    start = board(
        "seedbed-teacher", "Seedbed: teacher and judge", "What endpoints take, and how they answer."
    )
    for panel in (*_permits(), *_requests()):
        start.with_panel(panel)
    return start


def _permits() -> list[Panel]:
    both, names = by(a.SERVER_ADDRESS, a.ROLE), shown(a.SERVER_ADDRESS, a.ROLE)
    granted, used, paused = (
        f"{both} ({series(metric)})" for metric in (m.ENDPOINT_GRANTED, m.ENDPOINT_USED, m.ENDPOINT_PAUSED)
    )
    return [
        graph("Limit", "Calls that all processes together may have in flight: it falls where the endpoint "
            "refuses, and comes back.", "short", Query(top(m.ENDPOINT_LIMIT, a.SERVER_ADDRESS), _SERVER)),
        graph("Granted and used", "The limit's parts, by role.", "short",
            Query(granted, f"granted {names}"), Query(used, f"used {names}")),
        graph("Paused", "Processes that make no calls there.", "short", Query(paused, names)),
        graph("Wait for a permit", "95 of 100. Long: the teacher is the limit.", "s",
            Query(quantile(0.95, m.PERMIT_WAIT, a.STEP), shown(a.STEP), exemplars=True)),
    ]  # fmt: skip


def _requests() -> list[Panel]:
    requests = f"{by(a.GEN_AI_MODEL, a.SERVER_ADDRESS)} ({rate(count(m.CHAT_DURATION))})"
    failed = share_of_errors(m.CHAT_DURATION, a.ERROR_TYPE, a.SERVER_ADDRESS)
    half, most = (quantile(share, m.CHAT_DURATION, a.SERVER_ADDRESS) for share in (0.5, 0.95))
    tokens = f"{by(a.GEN_AI_TOKEN_TYPE)} ({rate(series(m.TOKENS) + '_sum')})"
    size = quantile(0.5, m.TOKENS, a.GEN_AI_TOKEN_TYPE)
    return [
        graph("Requests a second", "By model.", "ops",
            Query(requests, shown(a.GEN_AI_MODEL, a.SERVER_ADDRESS)), stacked=True),
        graph("Failed", "Share of requests refused, or not answered.", "percentunit", Query(failed, _SERVER)),
        graph("An answer's time", "Its points lead to traces.", "s", Query(half, f"half {_SERVER}"),
            Query(most, f"95 of 100 {_SERVER}", exemplars=True)),
        graph("Tokens a second", "As the endpoints count them.", "short",
            Query(tokens, shown(a.GEN_AI_TOKEN_TYPE)), stacked=True),
        graph("Tokens a request", "Half of the requests have fewer.", "short",
            Query(size, shown(a.GEN_AI_TOKEN_TYPE))),
    ]  # fmt: skip
