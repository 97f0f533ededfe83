"""Dashboards and alerts: what is written is what writes it, and everything asks for what there is."""

import asyncio
import json
import math
import re
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from deploy import catalogue
from deploy.alerts import rules
from deploy.dashboards import write
from seedbed.cli.collector import collector_address, with_collector
from seedbed.cli.local import address
from seedbed.cli.reach import open_runs
from seedbed.cli.stack import wait_open
from seedbed.kernel.settings import load_settings
from seedbed.kernel.telemetry.setup import telling
from seedbed.kernel.telemetry.students import tell_score, tell_step
from seedbed.runs.v1.runs_service_pb2 import ListRunsRequest
from tests.cli.stage import TAXONOMY, finish, open_teacher, start
from tests.servers.prometheus import Prometheus

RUNBOOKS = Path(rules.__file__).parents[2] / "docs" / "runbooks"
INTERVAL = "15s"
PATIENCE = 120


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
    return any(math.isfinite(float(series["value"][1])) for series in found)


@asynccontextmanager
async def a_run(folder):
    """A run that goes on, with its collector; somebody calls, and a training and an evaluation tell, too."""
    async with open_teacher(0.3) as teacher:
        asked = ("--teacher", teacher.url, "--model", "rehearsal", "--target", 40, "--concurrency", 6)
        places = ("--state", folder / "state", "--out", folder / "dataset", "--telemetry", "--json")
        process = await start("generate", TAXONOMY, *places, *asked, SEEDBED_TELEMETRY_INTERVAL="1")
        ports = folder / "state" / "ports.json"
        async with asyncio.timeout(60):
            while not ports.exists() or "collector" not in json.loads(ports.read_text()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            found = json.loads(ports.read_text())
            await wait_open(address(found["collector"]))
            await wait_open(address(found["runs"]))
        others = asyncio.create_task(tell_beside(found))
        try:
            yield found["collector"]
        finally:
            others.cancel()
            process.terminate()
            await finish(process)


async def tell_beside(ports):
    settings = load_settings({"SEEDBED_TELEMETRY_INTERVAL": "1"})
    told = telling(with_collector(ports["collector"], settings), "beside")
    async with told, open_runs(address(ports["runs"])) as runs:
        while True:
            tell_step("knowledge", 1.5, 1000)
            tell_score("knowledge", "choice", 0.7, 0.1)
            await runs.stub.ListRuns(ListRunsRequest(), timeout=20)
            await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_query_of_every_panel_and_rule_returns_data_on_a_live_run(prometheus_root, tmp_path):
    async with a_run(tmp_path) as port:
        server = Prometheus(prometheus_root, tmp_path, collector_address(port).removeprefix("http://"))
        server.start()
        missing = dict(queries())
        try:
            async with asyncio.timeout(PATIENCE):
                while missing:
                    await asyncio.sleep(1)
                    for name, expr in list(missing.items()):
                        if has_data(await asyncio.to_thread(server.query, expr)):
                            del missing[name]
            for alert in rules.ALERTS:
                server.query(alert.rule()["expr"])
            # From a slow bucket to its trace.
            exemplars = server.exemplars("gen_ai_client_operation_duration_seconds_bucket")
            assert all(len(found["labels"]["trace_id"]) == 32 for found in exemplars)
            assert exemplars
        except TimeoutError:
            pytest.fail(f"no data: {missing}")
        finally:
            server.stop()


def test_the_rules_name_severities_that_can_be_routed():
    text = yaml.safe_load(rules.TARGET.read_text())
    severities = {rule["labels"]["severity"] for group in text["groups"] for rule in group["rules"]}
    assert severities <= {"warning", "critical"}


def test_the_catalogue_is_what_the_registry_says():
    assert catalogue.TARGET.read_text() == catalogue.written(), "run: python -m deploy.catalogue"
