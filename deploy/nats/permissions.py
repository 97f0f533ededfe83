"""Who may say and hear what on the bus: one table, from which `users.conf` is written.

`python deploy/nats/permissions.py` writes it anew; a test holds the two together, and the table to the steps.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seedbed.kernel.bus import (
    DEAD,
    DEATHS,
    EVENTS,
    LIMITS,
    MEMO,
    ROOT,
    RUNS,
    STEPS,
    TRAININGS,
    WORK,
    consumer_name,
)

TARGET = Path(__file__).with_name("users.conf")
# The chart carries its files with it.
COPY = TARGET.parents[1] / "helm" / "seedbed" / "files" / TARGET.name
ACCOUNT = "SEEDBED"
API = "$JS.API"

_HEADER = """\
# Written by deploy/nats/permissions.py; changes are lost.
# A password is read from the server's environment: SEEDBED_NATS_PASSWORD_<USER>, plain or as bcrypt's hash.
"""


@dataclass(frozen=True, slots=True)
class Worker:
    """A service with steps on the bus. `follows` are the steps that its own announce."""

    name: str
    steps: tuple[str, ...]
    follows: tuple[str, ...]


WORKERS = (
    Worker(
        "knowledge",
        ("knowledge.chunk", "knowledge.augment", "knowledge.generate"),
        ("knowledge.chunk", "knowledge.augment", "judge.grounded"),
    ),
    Worker(
        "skills",
        ("skills.context", "skills.instruct", "skills.respond"),
        ("skills.instruct", "judge.instruction", "judge.pair"),
    ),
    Worker("judge", ("judge.instruction", "judge.pair", "judge.grounded"), ("skills.respond",)),
    # An evaluation is queued by the service that works on it.
    Worker("evaluator", ("evaluator.score",), ("evaluator.score",)),
)


@dataclass(frozen=True, slots=True)
class User:
    """What a user may do. Everything else is refused."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def users() -> list[User]:
    """All users there are."""
    workers = [_user(worker.name, _work(worker)) for worker in WORKERS]
    # The taxonomy service hears nothing, and what happens in it is all it may tell.
    taxonomy = _user("taxonomy", [f"{ROOT}.event.taxonomy.>"])
    return [taxonomy, _user("runs", _runs()), *workers, _user("trainer", _trainer()), _watcher()]


def _user(name: str, publish: list[str], *hears: str) -> User:
    return User(name, tuple(publish), (f"_INBOX_{name}.>", *hears))


def _work(worker: Worker) -> list[str]:
    """What a worker needs: to take and end its items, write its records, and queue what follows from them."""
    # The steps of a service stand below its name, in keys as in subjects.
    own = f"*.*.{worker.name}.*.*"
    allowed = [f"{ROOT}.{kind}.{worker.name}.>" for kind in ("dead", "event")]
    for step in worker.steps:
        allowed += [*_take(step), f"$KV.{STEPS}.{step}"]
    allowed += [f"{ROOT}.work.{step}.>" for step in worker.follows]
    allowed += [*_open(STEPS), *_read(MEMO, own), f"$KV.{MEMO}.{own}", *_read(DEATHS, own)]
    allowed += [f"$KV.{DEATHS}.{own}", *_read(RUNS, ">"), *_follow(RUNS)]
    # The limits are shared by all who ask a teacher: each writes its own line of one table.
    return [*allowed, *_read(LIMITS, ">"), *_follow(LIMITS), f"$KV.{LIMITS}.>"]


def _trainer() -> list[str]:
    """The trainer decides on its trainings alone, and queues their phases for itself and its like."""
    allowed = [
        *_take("trainer.phase"),
        f"{ROOT}.work.trainer.phase.>",
        f"{ROOT}.event.trainer.>",
        *_open(STEPS),
    ]
    return [*allowed, *_read(TRAININGS, ">"), *_follow(TRAININGS), f"$KV.{TRAININGS}.>"]


def _take(step: str) -> list[str]:
    """Take items of a step, and end them."""
    consumer = consumer_name(step)
    return [
        f"{API}.CONSUMER.CREATE.{WORK}.{consumer}.{ROOT}.work.{step}.>",
        f"{API}.CONSUMER.MSG.NEXT.{WORK}.{consumer}",
        f"$JS.ACK.{WORK}.{consumer}.>",
        # The form of acknowledgements to come (ADR-15): domain and account stand before the stream.
        f"$JS.ACK.*.*.{WORK}.{consumer}.>",
    ]


def _runs() -> list[str]:
    """The runs service makes everything, decides everything and clears up."""
    buckets = (MEMO, RUNS, LIMITS, STEPS, DEATHS, TRAININGS)
    streams = [WORK, DEAD, EVENTS, *(f"KV_{bucket}" for bucket in buckets)]
    allowed = [f"{API}.STREAM.{verb}.{stream}" for stream in streams for verb in ("CREATE", "INFO")]
    for bucket in (MEMO, RUNS, LIMITS, STEPS):
        allowed += _follow(bucket)
    allowed += [*_read(MEMO, ">"), *_read(RUNS, ">"), f"$KV.{MEMO}.>", f"$KV.{RUNS}.>"]
    allowed += [f"{API}.STREAM.PURGE.{stream}" for stream in (WORK, f"KV_{MEMO}", f"KV_{RUNS}")]
    allowed += [*_tail(DEAD), f"{API}.STREAM.MSG.DELETE.{DEAD}"]
    # How long the queues are, for whoever looks after them.
    allowed += [f"{API}.CONSUMER.INFO.{WORK}.*"]
    return [*allowed, f"{ROOT}.work.>", f"{ROOT}.dead.>", f"{ROOT}.event.runs.>"]


def _watcher() -> User:
    """Dashboards: they see events as they come and those of before, and say nothing."""
    return _user("watcher", [f"{API}.STREAM.INFO.{EVENTS}", *_tail(EVENTS)], f"{ROOT}.event.>")


def _open(bucket: str) -> list[str]:
    return [f"{API}.STREAM.INFO.KV_{bucket}"]


def _read(bucket: str, keys: str) -> list[str]:
    return [*_open(bucket), f"{API}.DIRECT.GET.KV_{bucket}.$KV.{bucket}.{keys}"]


def _follow(bucket: str) -> list[str]:
    return [*_open(bucket), *_tail(f"KV_{bucket}")]


def _tail(stream: str) -> list[str]:
    """Read a stream to its end and on, through a consumer that goes with its reader."""
    return [f"{API}.CONSUMER.CREATE.{stream}", f"{API}.CONSUMER.INFO.{stream}.*", f"$JS.FC.{stream}.>"]


def write() -> str:
    """The file's text."""
    return _HEADER + "\n".join(
        ["", "accounts {", f"  {ACCOUNT} {{", "    jetstream: enabled", *_lines(), "  }", "}", ""]
    )


def _lines() -> Iterator[str]:
    yield "    users = ["
    for user in users():
        yield "      {"
        yield f"        user: {user.name}"
        yield f"        password: $SEEDBED_NATS_PASSWORD_{user.name.upper()}"
        yield "        permissions {"
        for verb, subjects in (("publish", user.publish), ("subscribe", user.subscribe)):
            yield f"          {verb}: {{ allow: ["
            yield from (f"            {json.dumps(subject)}" for subject in dict.fromkeys(subjects))
            yield "          ] }"
        yield "        }"
        yield "      }"
    yield "    ]"


if __name__ == "__main__":
    for target in (TARGET, COPY):
        target.write_text(write(), encoding="utf-8")
