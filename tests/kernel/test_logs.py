import json
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed.kernel.telemetry.context import of_run

SECRET = "sk-very-secret"
PROGRAM = f"""
import logging
from seedbed.kernel.logs import bind, configure_logs, get_logger
from seedbed.kernel.settings import load_settings
from seedbed.kernel.endpoint.chat_client import Endpoint

settings = load_settings()
configure_logs(settings, "judge")
log = get_logger("a.module")
log.debug("not shown")
with bind(run="r1", leaf="l1", item="i1"):
    log.info("씨앗", settings=settings, endpoint=Endpoint("http://x", "m", api_key="{SECRET}"))
try:
    raise ValueError("out of luck")
except ValueError:
    log.exception("failed")
logging.getLogger("a.library").warning("of a library")
"""


def run(**environment):
    environment = {"SEEDBED_TEACHER_API_KEY": SECRET, **environment}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert SECRET not in done.stderr
    return done.stderr.splitlines()


def test_logs_are_json_with_their_context_and_without_secrets():
    said, failed, library = run()
    line = json.loads(said)
    assert line["event"] == "씨앗"
    assert (line["run"], line["leaf"], line["item"]) == ("r1", "l1", "i1")
    assert (line["service"], line["module"], line["level"]) == ("judge", "a.module", "info")
    assert line["timestamp"].endswith("Z")
    line = json.loads(failed)
    assert "ValueError: out of luck" in line["exception"]
    assert "run" not in line
    assert library == "a.library WARNING of a library"


@pytest.mark.parametrize(("level", "shown"), [("debug", True), ("info", False), ("error", False)])
def test_the_level_is_a_setting(level, shown):
    lines = "\n".join(run(SEEDBED_LOG_LEVEL=level))
    assert ("not shown" in lines) == shown
    assert ("씨앗" in lines) == (level != "error")


def test_people_get_text():
    lines = run(SEEDBED_LOG_FORMAT="text")
    assert "씨앗" in lines[0]
    assert "\x1b" not in lines[0]
    assert not lines[0].startswith("{")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_costs_the_lines_and_not_the_work():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", f"{PROGRAM}\nprint('worked')"],
            env={},
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
        )
    assert done.stdout == "worked\n"


TRACED = """
from seedbed.kernel.logs import configure_logs, get_logger
from seedbed.kernel.settings import load_settings
from seedbed.kernel.telemetry.context import current, of_run

configure_logs(load_settings(), "judge")
get_logger("a.module").info("without")
current.set(of_run("r1"))
get_logger("a.module").info("within")
"""


def test_a_line_said_in_a_span_leads_to_its_trace():
    done = subprocess.run([sys.executable, "-c", TRACED], env={}, capture_output=True, text=True, check=True)
    without, within = map(json.loads, done.stderr.splitlines())
    assert "trace_id" not in without
    assert (within["trace_id"], within["span_id"]) == (
        of_run("r1").trace.hex(),
        of_run("r1").span.hex(),
    )
