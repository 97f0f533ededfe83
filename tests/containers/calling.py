"""Calls a stack as docs/api.md has it, by its published ports, and looks at what comes of it."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.containers.trying import Failed, say
from tests.deploy.images import ROOT

RUNS, TAXONOMY, PROMETHEUS = "localhost:7402", "localhost:7401", "http://localhost:9090"
SOURCE = "/taxonomy"
TARGET = 15


@dataclass(frozen=True)
class Caller:
    """One who has the token and believes the authority. What it makes goes to `folder`."""

    token_file: Path
    authority: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
        told = {"SEEDBED_API_TOKEN_FILE": str(self.token_file), "SEEDBED_TLS_CA": str(self.authority)}
        return {**kept, **told, "PYTHONUNBUFFERED": "1"}

    @contextlib.contextmanager
    def run_under_way(self) -> Iterator["UnderWay"]:
        """A run that has its first samples."""
        log = self.folder / "client.log"
        client = [str(ROOT / "docs" / "examples" / "client.py"), RUNS, TAXONOMY, SOURCE, str(TARGET)]
        with log.open("w") as output:
            command = [sys.executable, *client, str(self.folder / "samples.jsonl")]
            process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=subprocess.STDOUT)
        under_way = UnderWay(self, process, log)
        try:
            under_way.wait_for_samples()
            yield under_way
        finally:
            process.kill()
            process.wait()

    def seedbed(self, *arguments: str) -> str:
        """What the command says."""
        command = [str(Path(sys.executable).with_name("seedbed")), *arguments, "--server", RUNS]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def check_metrics(self, jobs: set[str]) -> None:
        """Wait until Prometheus has heard of each."""
        query = urllib.parse.urlencode({"query": 'group by (job) ({job=~"seedbed/.+"})'})
        deadline = time.monotonic() + 60
        while True:
            with urllib.request.urlopen(f"{PROMETHEUS}/api/v1/query?{query}", timeout=20) as answer:
                heard = {found["metric"]["job"] for found in json.load(answer)["data"]["result"]}
            if jobs <= heard:
                return say(f"Prometheus has metrics of {', '.join(sorted(heard))}")
            if time.monotonic() > deadline:
                raise Failed(f"Prometheus has no metrics of {', '.join(sorted(jobs - heard))}")
            time.sleep(1)


@dataclass(frozen=True)
class UnderWay:
    """A run, and the client that watches it."""

    caller: Caller
    process: subprocess.Popen[bytes]
    log: Path

    def wait_for_samples(self) -> None:
        while not (found := re.findall(r": ([1-9]\d*) of (\d+) samples", self.log.read_text())):
            if self.process.poll() is not None:
                raise Failed(f"the run has ended before it had begun:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)
        say(f"a run is under way: {found[-1][0]} of {found[-1][1]} samples")

    def finish(self) -> None:
        """Wait for its end, and look whether all is there, in the tables and in the dataset."""
        try:
            status = self.process.wait(300)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"the run does not end:\n{self.log.read_text()[-4000:]}") from error
        said = self.log.read_text()
        if status:
            raise Failed(f"the client ended with {status}:\n{said[-4000:]}")
        [run] = set(re.findall(r"^(r[0-9a-f]{16}):", said, re.MULTILINE))
        say(self.caller.seedbed("runs", "show", run))
        shown: dict[str, Any] = json.loads(self.caller.seedbed("runs", "show", run, "--json"))
        accepted = {leaf["path"]: leaf["accepted"] for leaf in shown["leaves"]}
        if shown["state"] != "succeeded" or set(accepted.values()) != {TARGET} or shown["dead"]:
            raise Failed(f"run {run} {shown['state']}, {shown['dead']} dead letters; by leaf: {accepted}")
        rows = (self.caller.folder / "samples.jsonl").read_text().splitlines()
        if (
            len({json.loads(row)["id"] for row in rows}) != TARGET * len(accepted)
            or len(rows) != shown["samples"]
        ):
            raise Failed(f"the client has {len(rows)} samples of {TARGET * len(accepted)}")
        say(self.caller.seedbed("export", run, str(self.caller.folder / "dataset")))
