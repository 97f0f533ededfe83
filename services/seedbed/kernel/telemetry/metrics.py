"""The metrics there are: all of them, with what they count and which services report them.

Where a value is recorded is where the work is done; here stands what it is called. `docs/telemetry.md` is
written from this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry.attributes import Attribute
from seedbed.pipeline.kinds import SERVICES

Kind = Literal["counter", "gauge", "histogram"]

WORKERS = SERVICES
TUNING = ("trainer", "evaluator")
ALL = ("cli", "taxonomy", "runs", *WORKERS, *TUNING)
TAKING = (*WORKERS, *TUNING)
QUEUEING = ("runs", *WORKERS, *TUNING)
ASKING = (*WORKERS, "evaluator")

_RPC = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_MESSAGING = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_GEN_AI = tuple(0.01 * 2**n for n in range(14))
_TOKENS = tuple(float(4**n) for n in range(14))


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric. `attributes` are in the order in which values are given for them."""

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[Attribute, ...]
    services: tuple[str, ...]
    constant: Mapping[str, str] = field(default_factory=dict)
    """Attributes whose value never changes."""
    bounds: tuple[float, ...] = ()
    """A histogram's buckets."""


_GRPC = {a.RPC_SYSTEM.name: "grpc"}
_NATS = {a.MESSAGING_SYSTEM.name: "nats"}
_PUBLISH = {**_NATS, a.MESSAGING_OPERATION.name: "publish"}
_PROCESS = {**_NATS, a.MESSAGING_OPERATION.name: "process"}
_CHAT = {a.GEN_AI_OPERATION.name: "chat", a.GEN_AI_PROVIDER.name: "openai"}

RPC_SERVER = Metric(
    "rpc.server.call.duration", "histogram", "s", "gRPC calls answered",
    (a.RPC_METHOD, a.RPC_STATUS, a.ERROR_TYPE), ("taxonomy", "runs", *TUNING), _GRPC, _RPC,
)  # fmt: skip
RPC_CLIENT = Metric(
    "rpc.client.call.duration", "histogram", "s", "gRPC calls made to other services",
    (a.RPC_METHOD, a.RPC_STATUS, a.ERROR_TYPE), ("cli", "evaluator"), _GRPC, _RPC,
)  # fmt: skip

PROCESS_DURATION = Metric(
    "messaging.process.duration", "histogram", "s", "Items, from their arrival to their acknowledgement",
    (a.MESSAGING_TEMPLATE, a.ERROR_TYPE), TAKING, _PROCESS, _MESSAGING,
)  # fmt: skip
CONSUMED = Metric(
    "messaging.client.consumed.messages", "counter", "{message}", "Items taken off the bus",
    (a.MESSAGING_TEMPLATE,), TAKING, _PROCESS,
)  # fmt: skip
SENT = Metric(
    "messaging.client.sent.messages", "counter", "{message}", "Items queued, those queued already included",
    (a.MESSAGING_TEMPLATE,), QUEUEING, _PUBLISH,
)  # fmt: skip
PUBLISH_DURATION = Metric(
    "messaging.client.operation.duration", "histogram", "s", "Queueing an item, until the broker has said so",
    (a.MESSAGING_TEMPLATE,), QUEUEING, _PUBLISH, _MESSAGING,
)  # fmt: skip

CHAT_DURATION = Metric(
    "gen_ai.client.operation.duration", "histogram", "s", "Requests to a teacher or judge",
    (a.GEN_AI_MODEL, a.SERVER_ADDRESS, a.ERROR_TYPE), ASKING, _CHAT, _GEN_AI,
)  # fmt: skip
TOKENS = Metric(
    "gen_ai.client.token.usage", "histogram", "{token}", "Tokens of a request, as the endpoint counts them",
    (a.GEN_AI_MODEL, a.SERVER_ADDRESS, a.GEN_AI_TOKEN_TYPE), ASKING, _CHAT, _TOKENS,
)  # fmt: skip

PERMIT_WAIT = Metric(
    "seedbed.permit.wait.duration", "histogram", "s", "From an item's arrival until it had its permit",
    (a.STEP,), WORKERS, bounds=_MESSAGING,
)  # fmt: skip
DEAD_LETTERS = Metric(
    "seedbed.dead_letters", "counter", "{item}", "Items given up", (a.STEP, a.OUTCOME), WORKERS
)

ENDPOINT_LIMIT = Metric(
    "seedbed.endpoint.limit", "gauge", "{call}", "Calls that all processes together may have in flight",
    (a.SERVER_ADDRESS, a.ROLE), ASKING,
)  # fmt: skip
ENDPOINT_GRANTED = Metric(
    "seedbed.endpoint.granted", "gauge", "{call}", "Calls that this process may have in flight",
    (a.SERVER_ADDRESS, a.ROLE), ASKING,
)  # fmt: skip
ENDPOINT_USED = Metric(
    "seedbed.endpoint.in_use", "gauge", "{call}", "Permits that this process uses",
    (a.SERVER_ADDRESS, a.ROLE), ASKING,
)  # fmt: skip
ENDPOINT_PAUSED = Metric(
    "seedbed.endpoint.paused", "gauge", "{process}", "1 while this process makes no calls there",
    (a.SERVER_ADDRESS, a.ROLE), ASKING,
)  # fmt: skip

_OF_STEP = (a.RUN, a.LEAF_KIND, a.STEP)
RUN_ITEMS = Metric(
    "seedbed.run.items", "counter", "{item}", "Items closed, by end", (*_OF_STEP, a.OUTCOME), ("runs",)
)
RUN_RECALLED = Metric(
    "seedbed.run.recalled", "counter", "{item}", "Items that were recalled, not paid for", _OF_STEP, ("runs",)
)
RUN_REQUESTS = Metric(
    "seedbed.run.requests", "counter", "{request}", "Requests paid for", _OF_STEP, ("runs",)
)
RUN_TOKENS = Metric(
    "seedbed.run.tokens", "counter", "{token}", "Tokens paid for",
    (*_OF_STEP, a.GEN_AI_TOKEN_TYPE), ("runs",),
)  # fmt: skip
RUN_CANDIDATES = Metric(
    "seedbed.run.candidates", "counter", "{candidate}", "Candidates decided, by end",
    (a.RUN, a.LEAF_KIND, a.CANDIDATE_END), ("runs",),
)  # fmt: skip
RUN_SAMPLES = Metric(
    "seedbed.run.samples", "gauge", "{sample}", "Samples so far, near duplicates not yet taken out",
    (a.RUN, a.LEAF_KIND), ("runs",),
)  # fmt: skip
RUN_TARGET = Metric(
    "seedbed.run.target", "gauge", "{sample}", "Samples wanted", (a.RUN, a.LEAF_KIND), ("runs",)
)
RUN_OPEN = Metric("seedbed.run.open_items", "gauge", "{item}", "Items queued or at work", (a.RUN,), ("runs",))
RUN_LEAVES = Metric(
    "seedbed.run.leaves", "gauge", "{leaf}", "Leaves by state", (a.RUN, a.LEAF_STATE), ("runs",)
)
RUN_LEFT = Metric(
    "seedbed.run.time_left", "gauge", "s", "Until all targets are met at the present speed; 0 at the end",
    (a.RUN,), ("runs",),
)  # fmt: skip
RUN_PAUSED = Metric(
    "seedbed.run.paused", "gauge", "{run}", "1 while a run waits for an endpoint, the store or a person",
    (a.RUN,), ("runs",),
)  # fmt: skip
SETTLEMENT = Metric(
    "seedbed.settlement.duration", "histogram", "s", "Deciding the candidates of one draw",
    (a.LEAF_KIND,), ("runs",), bounds=_MESSAGING,
)  # fmt: skip
QUEUE_LAG = Metric(
    "seedbed.queue.lag", "gauge", "{item}", "Items of a step that nobody has taken", (a.STEP,), ("runs",)
)
QUEUE_HELD = Metric(
    "seedbed.queue.in_hand", "gauge", "{item}", "Items of a step taken and not acknowledged",
    (a.STEP,), ("runs",),
)  # fmt: skip
QUEUE_AGAIN = Metric(
    "seedbed.queue.redelivered", "gauge", "{item}", "Items in flight that had been handed out before",
    (a.STEP,), ("runs",),
)  # fmt: skip

TRAINING_LOSS = Metric(
    "seedbed.training.loss", "gauge", "{nat}", "Loss of the last step", (a.PHASE,), ("trainer",)
)
TRAINING_STEPS = Metric(
    "seedbed.training.steps", "counter", "{step}", "Optimizer steps made", (a.PHASE,), ("trainer",)
)
TRAINING_TOKENS = Metric(
    "seedbed.training.tokens", "counter", "{token}", "Tokens trained on", (a.PHASE,), ("trainer",)
)
EVALUATION_SCORE = Metric(
    "seedbed.evaluation.score", "gauge", "{score}", "Mean score of the last checkpoint",
    (a.EVALUATION, a.MEASURE), ("evaluator",),
)  # fmt: skip
EVALUATION_GAIN = Metric(
    "seedbed.evaluation.gain", "gauge", "{score}", "Mean score of the last checkpoint minus the base's",
    (a.EVALUATION, a.MEASURE), ("evaluator",),
)  # fmt: skip

CPU_TIME = Metric("process.cpu.time", "counter", "s", "Processor time", (a.CPU_MODE,), ALL)
MEMORY = Metric("process.memory.usage", "gauge", "By", "Resident memory", (), ALL)
UPTIME = Metric("process.uptime", "gauge", "s", "Since the process started", (), ALL)

METRICS = {found.name: found for found in list(globals().values()) if isinstance(found, Metric)}
"""By name."""
