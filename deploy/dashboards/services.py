"""What the services are at, what waits for them, and what fails."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from deploy.dashboards.panels import Panel, Query, board, graph
from deploy.dashboards.queries import RATE, by, count, quantile, rate, series, share_of_errors, shown, top
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics as m


def build() -> Dashboard:
    """The dashboard."""
    start = board("seedbed-services", "Seedbed: services and queues", "What waits, who works, what fails.")
    rows = {"Queues": _queues(), "Items": _items(), "gRPC": _calls(), "Processes": _processes()}
    for title, panels in rows.items():
        start.with_row(Row(title))
        for panel in panels:
            start.with_panel(panel)
    return start


def _queues() -> list[Panel]:
    letters = f"{by(a.STEP, a.OUTCOME)} (increase({series(m.DEAD_LETTERS)}[{RATE}]))"
    rows = (
        ("Waiting items", "That nobody has taken: more workers help, unless the teacher is the limit.",
            m.QUEUE_LAG),
        ("In hand", "Taken and not acknowledged.", m.QUEUE_HELD),
        ("Handed out again", "Items that were in another's hand: of a worker that died or fell silent.",
            m.QUEUE_AGAIN),
    )  # fmt: skip
    graphs = [
        graph(title, description, "short", Query(top(metric, a.STEP), shown(a.STEP)))
        for title, description, metric in rows
    ]
    dead = "Items given up; `seedbed dead list` says why."
    return [*graphs, graph("Dead letters", dead, "short", Query(letters, shown(a.STEP, a.OUTCOME)))]


def _items() -> list[Panel]:
    name = shown(a.MESSAGING_TEMPLATE)
    taken, queued = (f"{by(a.MESSAGING_TEMPLATE)} ({rate(series(x))})" for x in (m.CONSUMED, m.SENT))
    length = quantile(0.95, m.PROCESS_DURATION, a.MESSAGING_TEMPLATE)
    publish = quantile(0.99, m.PUBLISH_DURATION)
    return [
        graph("Taken", "Items off the bus, a second.", "ops", Query(taken, name), stacked=True),
        graph("Queued", "Items put on the bus, a second.", "ops", Query(queued, name), stacked=True),
        graph("An item's time", "From arrival to acknowledgement, 95 of 100. Its points lead to traces.",
            "s", Query(length, name, exemplars=True)),
        graph("Queueing", "Until the broker has said so. Long: its disk is slow.", "s",
            Query(publish, "99 of 100", exemplars=True)),
    ]  # fmt: skip


def _calls() -> list[Panel]:
    calls = f"{by(a.RPC_METHOD, a.RPC_STATUS)} ({rate(count(m.RPC_SERVER))})"
    answered, made = (quantile(0.95, metric, a.RPC_METHOD) for metric in (m.RPC_SERVER, m.RPC_CLIENT))
    faults, method = share_of_errors(m.RPC_SERVER, a.ERROR_TYPE, a.RPC_METHOD), shown(a.RPC_METHOD)
    return [
        graph("Calls a second", "By method and status.", "ops",
            Query(calls, shown(a.RPC_METHOD, a.RPC_STATUS))),
        graph("A call's time", "95 of 100. Its points lead to traces.", "s",
            Query(answered, method, exemplars=True)),
        graph("Faults", "Share of calls that failed by the server's fault.", "percentunit",
            Query(faults, method)),
        graph("As callers see it", "A call's time, 95 of 100.", "s", Query(made, method, exemplars=True)),
    ]  # fmt: skip


def _processes() -> list[Panel]:
    rows = (
        ("Processor", "Cores in use.", "short", f"sum by (job) ({rate(series(m.CPU_TIME))})"),
        ("Memory", "Resident, of the largest process.", "bytes", f"max by (job) ({series(m.MEMORY)})"),
        ("Processes", "That tell of themselves.", "short", f"count by (job) ({series(m.UPTIME)})"),
        (
            "Youngest",
            "Since the last start. A saw: it keeps dying.",
            "s",
            f"min by (job) ({series(m.UPTIME)})",
        ),
    )
    return [graph(title, text, unit, Query(expr, "{{job}}")) for title, text, unit, expr in rows]
