"""Who may say and hear what on the bus: one table, for one machine's broker and for those of production."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from seedbed.kernel.bus.streams import (
    DEAD,
    DEATHS,
    EVENTS,
    FORMATS,
    LIMITS,
    MEMO,
    REQUESTS,
    ROOT,
    RUNS,
    STEPS,
    TRAININGS,
    WORK,
    consumer_name,
)
from seedbed.pipeline.items import EVALUATION, TRAINING_PHASE
from seedbed.pipeline.kinds import SERVICES, steps_of

_API = "$JS.API"


@dataclass(frozen=True, slots=True)
class Worker:
    """A service with steps on the bus.

    `follows` are the steps that its own announce, `ids` says whether callers give it request ids.
    """

    name: str
    steps: tuple[str, ...]
    follows: tuple[str, ...]
    ids: bool = False


def _worker(service: str) -> Worker:
    steps = steps_of(service)
    follows = dict.fromkeys(name for step in steps for name in step.announces)
    return Worker(service, tuple(step.name for step in steps), tuple(follows))


WORKERS = (
    *map(_worker, SERVICES),
    # An evaluation is queued by the service that works on it.
    Worker("evaluator", (EVALUATION,), (EVALUATION,), ids=True),
)


@dataclass(frozen=True, slots=True)
class User:
    """What a user may do. Everything else is refused."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def users() -> list[User]:
    """A user for each service, allowed no more subjects than its work needs; and one that only watches."""
    workers = [_user(worker.name, _work(worker)) for worker in WORKERS]
    # The taxonomy service hears nothing, and may tell what happens in it and what it was asked.
    taxonomy = _user("taxonomy", [f"{ROOT}.event.taxonomy.>", *_answer("taxonomy")])
    return [taxonomy, _user("runs", _runs()), *workers, _user("trainer", _trainer()), _watcher()]


def users_of_one_machine() -> list[User]:
    """The same where commands bring a stack up: its trainer also puts aside what an earlier one queued."""
    # The broker does not look which subjects a purge is for.
    aside = (f"{_API}.STREAM.PURGE.{WORK}",)
    return [replace(one, publish=one.publish + aside) if one.name == "trainer" else one for one in users()]


def _user(name: str, publish: list[str], *hears: str) -> User:
    # Each looks first whether it knows what a later version may have written.
    return User(name, (*_read(FORMATS, ">"), *publish), (f"_INBOX_{name}.>", *hears))


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
    allowed += [*_read(LIMITS, ">"), *_follow(LIMITS), f"$KV.{LIMITS}.>"]
    return [*allowed, *(_answer(worker.name) if worker.ids else [])]


def _trainer() -> list[str]:
    """The trainer decides on its trainings alone, and queues their phases for itself and its like."""
    allowed = [
        *_take(TRAINING_PHASE),
        f"{ROOT}.work.{TRAINING_PHASE}.>",
        f"{ROOT}.event.trainer.>",
        *_open(STEPS),
    ]
    allowed += [*_read(TRAININGS, ">"), *_follow(TRAININGS), f"$KV.{TRAININGS}.>"]
    return [*allowed, *_answer("trainer")]


def _answer(service: str) -> list[str]:
    """Remember the ids of its requests, and what came of them."""
    return [*_read(REQUESTS, f"{service}.*"), f"$KV.{REQUESTS}.{service}.*"]


def _take(step: str) -> list[str]:
    """Take items of a step, and end them."""
    consumer = consumer_name(step)
    return [
        f"{_API}.CONSUMER.CREATE.{WORK}.{consumer}.{ROOT}.work.{step}.>",
        f"{_API}.CONSUMER.MSG.NEXT.{WORK}.{consumer}",
        f"$JS.ACK.{WORK}.{consumer}.>",
        # The form of acknowledgements to come (ADR-15): domain and account stand before the stream.
        f"$JS.ACK.*.*.{WORK}.{consumer}.>",
    ]


def _runs() -> list[str]:
    """The runs service makes everything, decides everything and clears up."""
    buckets = (MEMO, RUNS, LIMITS, STEPS, DEATHS, TRAININGS, FORMATS, REQUESTS)
    streams = [WORK, DEAD, EVENTS, *(f"KV_{bucket}" for bucket in buckets)]
    allowed = [f"{_API}.STREAM.{verb}.{stream}" for stream in streams for verb in ("CREATE", "INFO")]
    for bucket in (MEMO, RUNS, LIMITS, STEPS):
        allowed += _follow(bucket)
    allowed += [*_read(MEMO, ">"), *_read(RUNS, ">"), f"$KV.{MEMO}.>", f"$KV.{RUNS}.>"]
    allowed += [f"$KV.{FORMATS}.>", *_answer("runs")]
    # Of trainings only by a repair: one whose checkpoint is damaged is let go of, to be made again.
    purged = (WORK, *(f"KV_{bucket}" for bucket in (MEMO, RUNS, TRAININGS, REQUESTS)))
    allowed += [f"{_API}.STREAM.PURGE.{stream}" for stream in purged]
    allowed += [*_tail(DEAD), f"{_API}.STREAM.MSG.DELETE.{DEAD}"]
    # How long the queues are, for whoever looks after them.
    allowed += [f"{_API}.CONSUMER.INFO.{WORK}.*"]
    return [*allowed, f"{ROOT}.work.>", f"{ROOT}.dead.>", f"{ROOT}.event.runs.>"]


def _watcher() -> User:
    """Dashboards: they see events as they come and those of before, and say nothing."""
    return _user("watcher", [f"{_API}.STREAM.INFO.{EVENTS}", *_tail(EVENTS)], f"{ROOT}.event.>")


def _open(bucket: str) -> list[str]:
    return [f"{_API}.STREAM.INFO.KV_{bucket}"]


def _read(bucket: str, keys: str) -> list[str]:
    return [*_open(bucket), f"{_API}.DIRECT.GET.KV_{bucket}.$KV.{bucket}.{keys}"]


def _follow(bucket: str) -> list[str]:
    return [*_open(bucket), *_tail(f"KV_{bucket}")]


def _tail(stream: str) -> list[str]:
    """Read a stream to its end and on, through a consumer that goes with its reader."""
    return [f"{_API}.CONSUMER.CREATE.{stream}", f"{_API}.CONSUMER.INFO.{stream}.*", f"$JS.FC.{stream}.>"]


def password_variable(user: str) -> str:
    """The variable of the broker's environment that holds a user's password, plain or as bcrypt's hash."""
    return f"SEEDBED_NATS_PASSWORD_{user.upper()}"


def format_users(chosen: Iterable[User]) -> Iterator[str]:
    """Lines of the broker's configuration."""
    yield "users = ["
    for user in chosen:
        yield "  {"
        yield f"    user: {user.name}"
        yield f"    password: ${password_variable(user.name)}"
        yield "    permissions {"
        for verb, subjects in (("publish", user.publish), ("subscribe", user.subscribe)):
            yield f"      {verb}: {{ allow: ["
            yield from (f"        {json.dumps(subject)}" for subject in dict.fromkeys(subjects))
            yield "      ] }"
        yield "    }"
        yield "  }"
    yield "]"
