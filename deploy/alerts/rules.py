"""The alert rules: `python -m deploy.alerts.rules` writes them. A test holds what is written to this.

Each has what it looks at, when that is too much, for how long, and a page in docs/runbooks/ with what to do.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.dashboards.queries import by, label, quantile, series, share_of_errors, top
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics as m

TARGET = Path(__file__).with_name("seedbed.yaml")
_HEADER = "# Written by deploy/alerts/rules.py; changes are lost.\n"


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. `value` is what is looked at, `limit` what is wrong with it."""

    name: str
    value: str
    limit: str
    lasts: str
    severity: str
    summary: str

    def rule(self) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": f"{self.value} {self.limit}",
            "for": self.lasts,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "runbook": f"docs/runbooks/{self.name}.md"},
        }


_RUN, _SERVER = label(a.RUN), label(a.SERVER_ADDRESS)
_UPTIME = series(m.UPTIME)
_ACCEPTED = f'{label(a.CANDIDATE_END)}="accepted"'
_CANDIDATES = series(m.RUN_CANDIDATES)

_RUNS = (
    Alert("SeedbedRunPaused", top(m.RUN_PAUSED, a.RUN), "> 0", "5m", "warning",
        "The run {{ $labels.seedbed_run }} has been waiting for five minutes."),
    Alert("SeedbedRunStalled", f"{by(a.RUN)} (increase({series(m.RUN_ITEMS)}[10m]))",
        f"== 0 and on ({_RUN}) {by(a.RUN)} ({series(m.RUN_OPEN)}) > 0", "5m", "critical",
        "The run {{ $labels.seedbed_run }} has open items, and none has been closed for ten minutes."),
    Alert("SeedbedAcceptanceLow",
        f"{by(a.RUN)} (increase({_CANDIDATES}{{{_ACCEPTED}}}[30m]))"
        f" / {by(a.RUN)} (increase({_CANDIDATES}[30m]))", "< 0.1", "15m", "warning",
        "Of the candidates of {{ $labels.seedbed_run }} under one in ten is accepted."),
    Alert("SeedbedDeadLetters", f"{by(a.STEP)} (increase({series(m.DEAD_LETTERS)}[15m]))", "> 0", "0m",
        "warning", "Items of {{ $labels.seedbed_step }} were given up."),
    Alert("SeedbedSettlementSlow", quantile(0.99, m.SETTLEMENT, window="10m"), "> 1", "10m", "warning",
        "Deciding a draw takes longer than a second: `runs` is becoming the limit."),
)  # fmt: skip
_QUEUES = (
    Alert("SeedbedQueueGrows", f"deriv({series(m.QUEUE_LAG)}[15m])", f"> 0 and {series(m.QUEUE_LAG)} > 1000",
        "15m", "warning", "The queue of {{ $labels.seedbed_step }} is long and grows."),
    Alert("SeedbedItemsHandedOutAgain", top(m.QUEUE_AGAIN, a.STEP), "> 0", "10m", "warning",
        "Items of {{ $labels.seedbed_step }} keep coming back: its workers die or fall silent."),
    Alert("SeedbedBrokerSlow", quantile(0.99, m.PUBLISH_DURATION, window="5m"), "> 1", "10m", "warning",
        "Queueing an item takes longer than a second."),
)  # fmt: skip
_ENDPOINTS = (
    Alert("SeedbedEndpointPaused", f"min by ({_SERVER}) ({series(m.ENDPOINT_PAUSED)})", "> 0", "5m",
        "critical", "Nobody makes calls at {{ $labels.server_address }}."),
    Alert("SeedbedTeacherRefuses",
        share_of_errors(m.CHAT_DURATION, a.ERROR_TYPE, a.SERVER_ADDRESS, window="5m"), "> 0.2", "10m",
        "warning", "One request in five at {{ $labels.server_address }} fails."),
    Alert("SeedbedTeacherSlow", quantile(0.95, m.CHAT_DURATION, a.SERVER_ADDRESS, window="5m"), "> 60", "10m",
        "warning", "Answers of {{ $labels.server_address }} take longer than a minute."),
)  # fmt: skip
_PROCESSES = (
    Alert("SeedbedServiceSilent", f"count by (job) (last_over_time({_UPTIME}[1h]))",
        f"unless on (job) count by (job) ({_UPTIME})", "5m", "critical",
        "No process of {{ $labels.job }} reports any more."),
    Alert("SeedbedServiceRestarts", f"count by (job) (count_over_time({_UPTIME}[15m]))",
        f"- on (job) count by (job) ({_UPTIME}) > 3", "0m", "warning",
        "Processes of {{ $labels.job }} have started more than three times in a quarter of an hour."),
    Alert("SeedbedMemoryHigh", f"max by (job) ({series(m.MEMORY)})", "> 1.5e9", "10m", "warning",
        "A process of {{ $labels.job }} holds more than 1.5 GB."),
    Alert("SeedbedCallsFail", share_of_errors(m.RPC_SERVER, a.ERROR_TYPE, a.RPC_METHOD, window="5m"),
        "> 0.05", "10m", "critical",
        "Of the calls of {{ $labels.rpc_method }} one in twenty fails by our fault."),
)  # fmt: skip
_STUDENTS = (
    Alert("SeedbedLossDiverges", top(m.TRAINING_LOSS, a.PHASE),
        f"> 2 * min by ({label(a.PHASE)}) (min_over_time({series(m.TRAINING_LOSS)}[1h]))", "5m", "warning",
        "The loss of the phase {{ $labels.seedbed_training_phase }} is twice its least."),
    Alert("SeedbedGainNegative", top(m.EVALUATION_GAIN, a.EVALUATION, a.MEASURE), "< 0", "0m", "warning",
        "The tuned student does worse than its base at {{ $labels.seedbed_evaluation_set }}."),
)  # fmt: skip
ALERTS = (*_RUNS, *_QUEUES, *_ENDPOINTS, *_PROCESSES, *_STUDENTS)


def written() -> str:
    """The file."""
    groups = [{"name": "seedbed", "rules": [alert.rule() for alert in ALERTS]}]
    return _HEADER + yaml.safe_dump({"groups": groups}, sort_keys=False, width=110, allow_unicode=True)


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
