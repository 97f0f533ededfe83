"""What docs/ says is tried: marked blocks run, on a real stack where they name one; links lead somewhere."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed.cli.stack.ports import choose_ports
from tests.docs.pages import NAMES, PAGES, ROOT, blocks, leads_somewhere, links
from tests.faults.stage import wait_for
from tests.servers.process import end, spawn

# What stands above docs/.
ABOVE = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "benchmarks/README.md")]
TRIED = [page for page in PAGES if blocks(page)]
# What the pages call services by, as compose opens them.
PORTS = {"taxonomy": 7401, "runs": 7402, "judge": 7405}
TOKEN = "SEEDBED_API_TOKEN_FILE"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("docs")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A stack that stays up: where its services answer, and the file of its token."""
    folder = tmp_path_factory.mktemp("stack")
    log = folder / "log"
    command = [sys.executable, "-m", "seedbed.cli", "up", "--teacher", "rehearsal", "--json"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
    environment = {**kept, "PYTHONPATH": str(ROOT / "services")}
    process = spawn([*command, "--state", str(folder / "state")], log, environment)
    try:
        wait_for(lambda: b'"addresses"' in log.read_bytes(), "the stack is up", 90)
        found = dict(re.findall(r'"(\w+)": "(127\.0\.0\.1:\d+)"', log.read_text()))
        yield {**{name: found[name] for name in PORTS}, TOKEN: str(folder / "state" / "api_token")}
    finally:
        process.send_signal(signal.SIGINT)
        end(process, patience=30)


@pytest.mark.parametrize("page", TRIED, ids=lambda page: page.stem)
def test_what_a_page_says_is_so(page, stack, packages, tmp_path):
    for name in ("deploy", "docs", "taxonomy", "services"):
        (tmp_path / name).symlink_to(ROOT / name)
    programs = [str(packages.helm().parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
    environment = {**kept, "PATH": ":".join(programs), "PYTHONPATH": "services", "COLUMNS": "150"}
    if any(f"localhost:{port}" in page.read_text() for port in PORTS.values()):
        environment[TOKEN] = stack[TOKEN]
    said = ""
    for block in blocks(page):
        if block.title:
            file = tmp_path / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
        elif block.mark == "run":
            said = _run(_localize(block.text, stack), block.status, tmp_path, environment)
        else:
            assert [line for line in _shown(block.text) if line not in said] == [], said


def _run(script, status, folder, environment):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
    )
    assert done.returncode == status, f"{script}\n{done.stdout[-4000:]}"
    return done.stdout


def _shown(text):
    return [line for line in map(str.strip, text.splitlines()) if line.strip("…")]


def _localize(block, stack):
    for name, port in PORTS.items():
        block = block.replace(f"localhost:{port}", stack[name])
    rehearsal = choose_ports(["rehearsal"], {})["rehearsal"]
    block = block.replace("127.0.0.1:8001", f"127.0.0.1:{rehearsal}")
    return block.replace(" /taxonomy ", f" {ROOT}/taxonomy ")


@pytest.mark.parametrize("page", [*PAGES, *ABOVE], ids=[*NAMES, *(page.stem for page in ABOVE)])
def test_every_link_leads_somewhere(page):
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []
