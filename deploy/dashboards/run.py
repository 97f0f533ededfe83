"""How far a run is, where its candidates go, and what it costs."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, TextBoxVariable

from deploy.dashboards.panels import Panel, Query, bars, board, choice, figure, graph
from deploy.dashboards.queries import by, label, quantile, rate, series, shown
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics as m

_RUN = f'{label(a.RUN)}=~"$run"'


def build() -> Dashboard:
    """The dashboard."""
    prices = ("input_price", "Price of a million tokens in"), ("output_price", "and out")
    start = board(
        "seedbed-run", "Seedbed: run", "How far a run is, where it loses, what it costs."
    ).with_variable(choice("run", "Run", f"label_values({series(m.RUN_TARGET)}, {label(a.RUN)})"))
    for name, title in prices:
        start.with_variable(TextBoxVariable(name).label(title).default_value("0"))
    for panel in (*_figures(), *_candidates(), *_work()):
        start.with_panel(panel)
    return start


def _of(metric: m.Metric, attribute: a.Attribute | None = None, value: str = "") -> str:
    more = f', {label(attribute)}="{value}"' if attribute else ""
    return f"{series(metric)}{{{_RUN}{more}}}"


def _figures() -> list[Panel]:
    spent = [
        f"sum({_of(m.RUN_TOKENS, a.GEN_AI_TOKEN_TYPE, kind)}) * ${kind}_price" for kind in ("input", "output")
    ]
    rows = (
        ("Samples", "So far, near duplicates not yet taken out.", "short", f"sum({_of(m.RUN_SAMPLES)})"),
        ("Wanted", "Targets of all leaves.", "short", f"sum({_of(m.RUN_TARGET)})"),
        ("Time left", "At the present speed.", "s", f"max({_of(m.RUN_LEFT)})"),
        ("Open items", "Queued or at work.", "short", f"sum({_of(m.RUN_OPEN)})"),
        ("Cost", "Tokens at the prices above.", "short", f"({' + '.join(spent)}) / 1e6"),
        ("Waiting", "1: for an endpoint, the store or a person.", "short", f"max({_of(m.RUN_PAUSED)})"),
    )
    return [figure(title, description, unit, Query(expr)) for title, description, unit, expr in rows]


def _candidates() -> list[Panel]:
    decided = f"sum({_of(m.RUN_CANDIDATES)})"
    shares = [
        Query(f"sum({_of(m.RUN_CANDIDATES, a.CANDIDATE_END, end)}) / {decided}", end)
        for end in ("accepted", "duplicate")
    ]
    speed = f"{by(a.LEAF_KIND)} (clamp_min(deriv({_of(m.RUN_SAMPLES)}[5m]), 0)) * 60"
    ends = f"{by(a.CANDIDATE_END)} ({_of(m.RUN_CANDIDATES)})"
    recalled = f"{by(a.STEP)} ({_of(m.RUN_RECALLED)}) / {by(a.STEP)} ({_of(m.RUN_ITEMS)})"
    return [
        graph("Samples a minute", "By kind of leaf.", "short", Query(speed, shown(a.LEAF_KIND))),
        bars(
            "Funnel",
            "Candidates by end: what most end as is what to mend.",
            "short",
            Query(ends, shown(a.CANDIDATE_END)),
            width=12,
        ),
        graph("Acceptance and duplicates", "Of the candidates decided.", "percentunit", *shares),
        graph(
            "Recalled",
            "Share of items that were not paid for: nearly all, after an edit.",
            "percentunit",
            Query(recalled, shown(a.STEP)),
        ),
    ]


def _work() -> list[Panel]:
    items = f"{by(a.STEP)} ({rate(series(m.RUN_ITEMS), _RUN)})"
    tokens = f"{by(a.LEAF_KIND, a.STEP)} ({rate(series(m.RUN_TOKENS), _RUN)})"
    leaves = f"{by(a.LEAF_STATE)} ({_of(m.RUN_LEAVES)})"
    return [
        graph("Items a second", "Closed, by step.", "ops", Query(items, shown(a.STEP)), stacked=True),
        graph(
            "Tokens a second",
            "Paid for, by kind of leaf and step.",
            "short",
            Query(tokens, shown(a.LEAF_KIND, a.STEP)),
            stacked=True,
        ),
        graph("Leaves", "By state.", "short", Query(leaves, shown(a.LEAF_STATE)), stacked=True),
        graph(
            "Settlement",
            "Deciding the candidates of one draw. Long: `runs` is the limit.",
            "s",
            Query(quantile(0.5, m.SETTLEMENT), "half"),
            Query(quantile(0.99, m.SETTLEMENT), "99 of 100", exemplars=True),
        ),
    ]
