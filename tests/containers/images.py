"""Builds each target of deploy/Dockerfile, starts it as it is deployed, and asks its health.

`python -m tests.containers.images [TARGET …]`; all where none is named. `--where-possible` makes a missing
engine or base image something that is said, and no failure.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence

from tests.containers import base
from tests.containers import engine as engines
from tests.containers.building import TARGETS, Builder
from tests.containers.overrides import alone, rehearsing, stand_ins
from tests.containers.project import Project
from tests.containers.trying import Failed, project, run, say

PATIENCE = 5400
_INSIDE = """
import os
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
found = [os.getuid(), int(status["CapEff"], 16), int(status["NoNewPrivs"])]
assert found == [10001, 0, 1], f"user, capabilities, no new privileges: {found}"
for folder in ("/", "/opt/seedbed", "/usr", "/var"):
    try:
        open(os.path.join(folder, "written"), "w")
    except OSError:
        continue
    raise AssertionError(f"it may write to {folder}")
open("/tmp/written", "w").close()
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.containers.images", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--where-possible", action="store_true", help="without an engine, say so and exit 0")
    options = parser.parse_args(arguments)
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    # Those who work wait until `runs` has made the streams.
    targets = sorted({"runs", *(options.targets or TARGETS)}, key=TARGETS.index)
    return run(lambda: try_images(targets), PATIENCE, where_possible=options.where_possible)


def try_images(targets: Sequence[str]) -> None:
    """Build and start them. Raises BaseUnavailable, EngineError, EngineUnavailable, Failed."""
    engine = engines.find()
    builder = Builder(engine, base.find(engine))
    build_images(builder, targets)
    over = {**stand_ins(builder, "nats"), **{target: alone(target) for target in targets}}
    with project(engine, rehearsing()) as made:
        made.lay_over(over)
        started = time.monotonic()
        made.up("nats", *targets)
        for target in targets:
            made.wait(target, patience=180)
            look_inside(made, target)
            say(f"{target:<24} healthy after {time.monotonic() - started:.1f} s, locked down")


def build_images(builder: Builder, targets: Iterable[str]) -> None:
    """Build one after the other, and say what each took. Raises EngineError."""
    say(f"{builder.engine.program} builds on {builder.base}")
    say(f"{'image':<24} {'seconds':>8} {'MB':>7}")
    for target in targets:
        built = builder.build(target)
        say(f"{built.name:<24} {built.seconds:>8.1f} {built.megabytes:>7.0f}")


def look_inside(made: Project, service: str) -> None:
    """Whether it runs as it is deployed: nobody, without rights, on a root that is not written to."""
    container = made.container(service)
    try:
        made.engine.run("exec", container, "python", "-c", _INSIDE)
    except engines.EngineError as error:
        raise Failed(f"{service} is not locked down: {str(error).splitlines()[-1]}") from error


if __name__ == "__main__":
    sys.exit(main())
