"""What a real run tells is what the registry says: all of it, and nothing else."""

from pathlib import Path

import yaml

from seedbed.collector.spans import plain
from seedbed.kernel.identity import leaf_token, sha256_hex
from seedbed.kernel.telemetry.attributes import ATTRIBUTES
from seedbed.kernel.telemetry.context import Context, of_item, of_leaf, of_run, of_snapshot, span_of
from seedbed.kernel.telemetry.metrics import METRICS
from seedbed.kernel.telemetry.spans import SPANS
from tests.cli.stage import TAXONOMY
from tests.telemetry.live import CALLER, marks

pytestmark = marks

TYPES = {"string": str, "int": int, "double": float, "boolean": bool}
DATA = {"counter": "sum", "gauge": "gauge", "histogram": "histogram"}


def points(metric):
    return getattr(metric, metric.WhichOneof("data")).data_points


def test_every_registered_metric_is_reported_by_every_service_it_names_and_by_no_other(live_run):
    emitted = {(metric.name, who) for who, metric in live_run.received.families() if who != CALLER}
    assert {(metric.name, service) for metric in METRICS.values() for service in metric.services} == emitted


def test_every_metric_that_is_reported_is_registered_as_it_is(live_run):
    for _, metric in live_run.received.families():
        known = METRICS[metric.name]
        assert metric.WhichOneof("data") == DATA[known.kind]
        assert (metric.unit, metric.description) == (known.unit, known.description)
        allowed = {*known.constant, *(attribute.name for attribute in known.attributes)}
        for point in points(metric):
            assert set(plain(point.attributes)) <= allowed
        if known.kind == "counter":
            assert metric.sum.is_monotonic


def test_every_span_and_every_attribute_of_it_is_registered(live_run):
    for span in live_run.received.spans:
        assert span.name.startswith(tuple(SPANS)) or "rpc.method" in span.attributes, span.name
        for name, value in span.attributes.items():
            assert isinstance(value, TYPES[ATTRIBUTES[name].type]), (span.name, name, value)


def test_every_kind_of_span_there_is_was_reported(live_run):
    for name in SPANS:
        assert any(span.name.startswith(name) for span in live_run.received.spans), name


def hexed(context: Context):
    return context.trace.hex(), context.span.hex()


def test_a_sample_can_be_followed_from_its_taxonomy_to_its_dataset(live_run):
    sample = next(row for row in live_run.samples if row["leaf_kind"] == "knowledge")
    by_id = {(span.trace, span.span): span for span in live_run.received.spans}
    born = next(
        span
        for span in live_run.received.spans
        if span.name.startswith("process seedbed.v1.work.judge.grounded")
        and span.attributes.get("seedbed.candidate") == sample["id"]
    )
    way = [born]
    while way[-1].parent:
        way.append(by_id[way[-1].trace, way[-1].parent])
    assert [(span.service, span.name.split()[0]) for span in way] == [
        ("judge", "process"),
        ("knowledge", "process"),
        ("runs", "publish"),
    ]
    draw = way[-1]
    assert (draw.trace, draw.span) == hexed(of_item(live_run.run, draw.attributes["seedbed.item"]))
    settled = [s for s in live_run.received.spans if s.name == "settle draw" and s.parent == draw.span]
    assert ["accepted" in span.attributes["seedbed.candidate.end"] for span in settled] == [True]

    leaf = by_id[hexed(of_leaf(live_run.run, leaf_token(str(sample["leaf"]))))]
    assert draw.links == ((leaf.trace, leaf.span),)
    below = {(s.service, s.name.split(".")[0]) for s in live_run.received.spans if s.parent == leaf.span}
    assert below >= {("knowledge", "process seedbed"), ("runs", "round"), ("runs", "end leaf")}
    run = by_id[hexed(of_run(live_run.run))]
    assert leaf.links == ((run.trace, run.span),)
    imported = by_id[hexed(of_snapshot(run.attributes["seedbed.snapshot"]))]
    assert (imported.service, imported.name) == ("taxonomy", "import taxonomy")
    assert (imported.trace, imported.span) in run.links
    # And each to the call that it was asked for by.
    for span in (run, imported):
        called = by_id[span.links[-1]]
        assert by_id[called.trace, called.parent].service == "cli"


def test_each_phase_of_a_training_begins_a_trace_that_links_to_what_it_was_asked_by(live_run):
    by_id = {(span.trace, span.span): span for span in live_run.received.spans}
    training, phases = live_run.ended.object["train"]["training"], live_run.ended.object["train"]["phases"]
    digests = [sha256_hex(f"{training}/{phase['name']}") for phase in phases]
    queued = [by_id[hexed(of_item(training, digest))] for digest in digests]
    worked = [by_id[hexed(span_of(of_item(training, digest), digest, "1"))] for digest in digests]
    assert [span.parent for span in worked] == [span.span for span in queued]
    assert {(span.service, span.name, span.error) for span in worked} == {
        ("trainer", "process seedbed.v1.work.trainer.phase.{run}.{leaf}.{item}", "")
    }
    # The first by the call, each other by the phase before.
    [call], *others = [span.links for span in queued]
    assert by_id[call].name == "seedbed.trainer.v1.TrainerService/Train"
    assert others == [((span.trace, span.span),) for span in worked[:-1]]


def test_an_evaluations_calls_are_below_its_item_and_that_is_linked_to_its_call(live_run):
    by_id = {(span.trace, span.span): span for span in live_run.received.spans}
    [worked] = [
        span for span in live_run.received.spans if span.name.startswith("process seedbed.v1.work.evaluator.")
    ]
    queued = by_id[worked.trace, worked.parent]
    assert worked.attributes["messaging.message.conversation_id"] == live_run.ended.object["evaluate"]["name"]
    assert {by_id[link].name for link in queued.links} == {"seedbed.evaluator.v1.EvaluatorService/Evaluate"}
    below = {span.name.split()[0] for span in live_run.received.spans if span.parent == worked.span}
    assert "chat" in below


def test_the_teachers_request_is_reported_below_its_item_with_what_it_cost(live_run):
    by_id = {(span.trace, span.span): span for span in live_run.received.spans}
    chats = [span for span in live_run.received.spans if span.name.startswith("chat ")]
    assert {by_id[chat.trace, chat.parent].name.split()[0] for chat in chats} == {"process"}
    assert all(chat.attributes["gen_ai.usage.input_tokens"] > 0 for chat in chats)


def test_no_text_of_the_taxonomy_and_none_of_the_teacher_is_reported(live_run):
    texts = [str(row["question"]) for row in live_run.samples]
    for path in Path(TAXONOMY).rglob("qna.yaml"):
        for seed in yaml.safe_load(path.read_text(encoding="utf-8"))["seed_examples"]:
            texts += [str(value).strip()[:60] for value in seed.values() if isinstance(value, str)]
            texts += [str(pair["question"]).strip()[:60] for pair in seed.get("questions_and_answers", ())]
    assert len(texts) > 30
    whole = "\n".join(map(repr, [*live_run.received.spans, *live_run.received.metrics]))
    assert [text for text in texts if text and (text in whole or repr(text)[1:-1] in whole)] == []


def test_an_exemplar_leads_from_a_slow_bucket_to_its_trace(live_run):
    known = {span.trace for span in live_run.received.spans}
    metric = live_run.received.last("gen_ai.client.operation.duration")
    exemplars = [exemplar for point in points(metric) for exemplar in point.exemplars]
    assert exemplars
    assert {exemplar.trace_id.hex() for exemplar in exemplars} <= known
