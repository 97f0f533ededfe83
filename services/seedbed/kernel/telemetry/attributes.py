"""The attributes of metrics and spans: every name there is, its type, and how many values it takes.

What is not here is not sent. Our own names begin with `seedbed.`, all others are OpenTelemetry's conventions.
"""

from dataclasses import dataclass
from typing import Literal

from seedbed.pipeline.kinds import Kind

Type = Literal["string", "int", "double", "boolean"]


# Compared by identity: they are keys of a dictionary for every span.
@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """One attribute. `values` says how many it takes: on a metric each makes a series of its own."""

    name: str
    type: Type
    values: str


ERROR_TYPE = Attribute(
    "error.type", "string", "a reason of the error tree, a status or how a phase ended; absent on success"
)
SERVER_ADDRESS = Attribute("server.address", "string", "one for each endpoint: host and port")

RPC_SYSTEM = Attribute("rpc.system.name", "string", "one: grpc")
RPC_METHOD = Attribute("rpc.method", "string", "the methods of the contracts")
RPC_STATUS = Attribute("rpc.response.status_code", "string", "the 17 of gRPC")

MESSAGING_SYSTEM = Attribute("messaging.system", "string", "one: nats")
MESSAGING_OPERATION = Attribute("messaging.operation.name", "string", "two: publish, process")
MESSAGING_TEMPLATE = Attribute("messaging.destination.template", "string", "one a step; never a subject")
MESSAGING_CONVERSATION = Attribute("messaging.message.conversation_id", "string", "spans only: the run")

GEN_AI_OPERATION = Attribute("gen_ai.operation.name", "string", "one: chat")
GEN_AI_PROVIDER = Attribute("gen_ai.provider.name", "string", "one: openai, as its interface is spoken")
GEN_AI_MODEL = Attribute("gen_ai.request.model", "string", "the models of the settings")
GEN_AI_TOKEN_TYPE = Attribute("gen_ai.token.type", "string", "two: input, output")
GEN_AI_TEMPERATURE = Attribute("gen_ai.request.temperature", "double", "spans only")
GEN_AI_SEED = Attribute("gen_ai.request.seed", "int", "spans only")
GEN_AI_MAX_TOKENS = Attribute("gen_ai.request.max_tokens", "int", "spans only")
GEN_AI_INPUT_TOKENS = Attribute("gen_ai.usage.input_tokens", "int", "spans only")
GEN_AI_OUTPUT_TOKENS = Attribute("gen_ai.usage.output_tokens", "int", "spans only")
GEN_AI_INPUT = Attribute("gen_ai.input.messages", "string", "spans only, and only with TELEMETRY_CONTENT")
GEN_AI_OUTPUT = Attribute("gen_ai.output.messages", "string", "spans only, and only with TELEMETRY_CONTENT")

CPU_MODE = Attribute("cpu.mode", "string", "two: user, system")

RUN = Attribute("seedbed.run", "string", "runs that go on, or ended in the last quarter of an hour")
LEAF = Attribute("seedbed.leaf", "string", "spans only: the leaf's token; of a training's item its phase")
LEAF_PATH = Attribute("seedbed.leaf.path", "string", "spans only")
LEAF_KIND = Attribute("seedbed.leaf.kind", "string", f"three: {', '.join(Kind)}")
LEAF_STATE = Attribute("seedbed.leaf.state", "string", "five: waiting, open, sealed, cancelled, damaged")
LEAF_SHORT = Attribute("seedbed.leaf.short", "string", "spans only: why the leaf ended short")
SNAPSHOT = Attribute("seedbed.snapshot", "string", "spans only")
STEP = Attribute("seedbed.step", "string", "the steps of all services")
ITEM = Attribute("seedbed.item", "string", "spans only: the item's digest")
OUTCOME = Attribute("seedbed.item.outcome", "string", "five: done, malformed, failed, skipped, damaged")
RECALLED = Attribute("seedbed.item.recalled", "boolean", "spans only")
DELIVERY = Attribute("seedbed.item.delivery", "int", "spans only: how often the broker has handed it out")
WAITED = Attribute("seedbed.item.waited", "double", "spans only: seconds for its permit")
CANDIDATE = Attribute("seedbed.candidate", "string", "spans only")
CANDIDATE_END = Attribute("seedbed.candidate.end", "string", "four: accepted, rejected, duplicate, unneeded")
DRAW = Attribute("seedbed.draw", "int", "spans only")
ROUND = Attribute("seedbed.round", "int", "spans only")
ACCEPTED = Attribute("seedbed.accepted", "int", "spans only: samples")
ROLE = Attribute("seedbed.endpoint.role", "string", "two: teacher, judge")
PHASE = Attribute("seedbed.training.phase", "string", "the phases of a recipe")
EVALUATION = Attribute("seedbed.evaluation.set", "string", "four: the kinds of leaf, and general")
MEASURE = Attribute("seedbed.evaluation.measure", "string", "three: choice, likelihood, rating")

ATTRIBUTES = {
    found.name: found for found in list(globals().values()) if isinstance(found, Attribute)
}  # fmt: skip
"""By name."""
