"""Brings compose.yaml up with TLS, takes a run through it while a service is killed, and takes all down.

`python -m tests.containers.stack`; of the images, only what has changed is built anew.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence

from tests.containers import base
from tests.containers import engine as engines
from tests.containers.building import TARGETS, Builder
from tests.containers.calling import Caller
from tests.containers.images import build_images
from tests.containers.overrides import OTHERS, rehearsing, slowed, stand_ins
from tests.containers.project import Project
from tests.containers.trying import Failed, project, run, say
from tests.deploy.compose import TLS, read_compose
from tests.deploy.images import ROOT

PATIENCE = 3600
KILLED = "judge"


def main() -> int:
    return run(try_stack, PATIENCE)


def try_stack() -> None:
    """All of it. Raises BaseUnavailable, EngineError, EngineUnavailable, Failed."""
    engine = engines.find()
    builder = Builder(engine, base.find(engine))
    with project(engine, rehearsing(), TLS) as made:
        refuse_taken_ports([*OTHERS, *TARGETS])
        build_images(builder, TARGETS)
        over = stand_ins(builder, *OTHERS)
        made.lay_over({**over, "rehearsal": slowed()})
        for service in OTHERS:
            if service not in over:
                say(f"left out: {service}, whose image cannot be pulled and which no package index has")
        say("left out: vllm, which takes a GPU; the rehearsal teacher answers")
        make_certificates(made)
        bring_up(made, list(over), TARGETS)
        take_through(made)
    say("all of it is taken down")


def take_through(made: Project) -> None:
    """A run, while a service is killed."""
    caller = Caller(made.secrets / "api_token", made.folder / "certificates" / "ca.crt", made.folder)
    with caller.run_under_way() as under_way:
        kill(made, KILLED)
        under_way.finish()
    caller.check_metrics({f"seedbed/{target}" for target in TARGETS if target != "rehearsal"})


def refuse_taken_ports(services: Iterable[str]) -> None:
    """Raise Failed where something listens on a port of ours, as another stack does."""
    for service in services:
        for published in read_compose({})["services"][service].get("ports", ()):
            host, port, _ = published.split(":")
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    raise Failed(f"{host}:{port}, where {service} is to be reached, is taken: is a stack up?")


def make_certificates(made: Project) -> None:
    """As docs/install.md says."""
    folder = made.folder / "certificates"
    subprocess.run(["sh", ROOT / "deploy" / "make_certificates.sh", folder], check=True)
    made.told["SEEDBED_CERTIFICATES"] = str(folder)


def bring_up(made: Project, *waves: Sequence[str]) -> None:
    """Start services, each wave when the one before is well: not every engine waits by itself."""
    begun = time.monotonic()
    for services in waves:
        made.up(*services)
        made.wait(*services, patience=180)
        say(f"{', '.join(services)}: well after {time.monotonic() - begun:.1f} s")


def kill(made: Project, service: str) -> None:
    """Kill what runs in a container, and wait until it is back by itself."""
    before, begun = made.started(service), time.monotonic()
    made.kill(service)
    while made.started(service) == before:
        time.sleep(0.2)
    made.wait(service, patience=120)
    say(f"{service} was killed, and is back and well after {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
