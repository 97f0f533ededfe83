"""Dashboards and alerts: what is written is what writes it, and everything asks for what there is."""

import json
import math
import re
import time
from pathlib import Path

import pytest
import yaml

from deploy import catalogue
from deploy.alerts import rules
from deploy.dashboards import write
from tests.servers.prometheus import Prometheus

RUNBOOKS = Path(rules.__file__).parents[2] / "docs" / "runbooks"
INTERVAL = "15s"


def panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def queries():
    """Every query of every panel, and what every rule looks at, by where it stands."""
    for path, text in write.written().items():
        for panel in panels(json.loads(text)):
            for target in panel.get("targets", ()):
                expr = target["expr"].replace("$__rate_interval", INTERVAL).replace("$run", ".*")
                yield f"{path.stem}: {panel['title']} {target['refId']}", re.sub(r"\$\w+_price", "0.5", expr)
    for alert in rules.ALERTS:
        yield alert.name, alert.value


@pytest.mark.parametrize("path", write.written(), ids=lambda path: path.stem)
def test_a_dashboard_is_what_writes_it(path):
    assert path.read_text() == write.written()[path], "run: python -m deploy.dashboards.write"


def test_the_rules_are_what_writes_them():
    assert rules.TARGET.read_text() == rules.written(), "run: python -m deploy.alerts.rules"


def test_every_alert_has_its_page_and_every_page_its_alert():
    assert {path.stem for path in RUNBOOKS.glob("Seedbed*.md")} == {alert.name for alert in rules.ALERTS}
    for alert in rules.ALERTS:
        text = (RUNBOOKS / f"{alert.name}.md").read_text()
        assert text.startswith(f"# {alert.name}\n")
        assert {"## What it means", "## What to look at", "## What to do"} <= set(text.splitlines())
        assert (RUNBOOKS.parents[1] / alert.rule()["annotations"]["runbook"]).is_file()


def test_every_panel_says_what_it_tells_and_no_two_dashboards_have_one_name():
    boards = [json.loads(text) for text in write.written().values()]
    assert len({board["uid"] for board in boards}) == len(boards)
    for board in boards:
        for panel in panels(board):
            assert panel["type"] == "row" or panel["description"]


@pytest.mark.slow
def test_prometheus_takes_the_rules(prometheus_root, tmp_path):
    Prometheus(prometheus_root, tmp_path, "").check_rules(rules.TARGET)


def has_data(found):
    return any(math.isfinite(float(value)) for series in found for _, value in series["values"])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("live_run")
def test_every_query_of_every_panel_and_rule_returns_data_on_a_live_run(prometheus_root, live_run):
    # From a taxonomy to a report: run, training and evaluation, looked at every second while they went on.
    look, now = live_run.prometheus.query_range, time.time()
    assert [name for name, expr in queries() if not has_data(look(expr, live_run.began, now))] == []
    for alert in rules.ALERTS:
        look(alert.rule()["expr"], live_run.began, now)
    # From a slow bucket to its trace.
    exemplars = live_run.prometheus.exemplars("gen_ai_client_operation_duration_seconds_bucket")
    assert exemplars
    traces = {span.trace for span in live_run.received.spans}
    assert {found["labels"]["trace_id"] for found in exemplars} <= traces


def test_the_rules_name_severities_that_can_be_routed():
    text = yaml.safe_load(rules.TARGET.read_text())
    severities = {rule["labels"]["severity"] for group in text["groups"] for rule in group["rules"]}
    assert severities <= {"warning", "critical"}


def test_the_catalogue_is_what_the_registry_says():
    assert catalogue.TARGET.read_text() == catalogue.written(), "run: python -m deploy.catalogue"
