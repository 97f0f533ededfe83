from seedbed.collector.spans import plain
from seedbed.evaluator.service.evaluation_runner import record_gain
from seedbed.evaluator.v1.evaluation_pb2 import Comparison, Measure
from seedbed.kernel.telemetry.setup import exporting
from tests.kernel.telemetry.settings_of import settings
from tests.telemetry.listening import listening


def row(leaf, before, after, mean, difference, kind="knowledge"):
    return Comparison(
        leaf=leaf, kind=kind, measure=Measure.MEASURE_CHOICE, before=before, after=after,
        after_mean=mean, difference=difference,
    )  # fmt: skip


async def test_the_gain_of_the_last_checkpoint_is_told_by_kind_of_leaf():
    rows = [
        row("knowledge/a", "base", "2-skills", 0.75, 0.25),
        row("knowledge/b", "base", "2-skills", 0.25, -0.75),
        row("knowledge/a", "base", "1-knowledge", 1.0, 1.0),
        row("knowledge/a", "1-knowledge", "2-skills", 1.0, 1.0),
        row("general", "base", "2-skills", 0.5, 0.0, kind=""),
    ]
    async with listening() as heard, exporting(settings(otlp_endpoint=heard.url), "evaluator"):
        record_gain(rows, "2-skills")
    found = {}
    for name in ("score", "gain"):
        for point in heard.last(f"seedbed.evaluation.{name}").gauge.data_points:
            told = plain(point.attributes)
            assert told["seedbed.evaluation.measure"] == "choice"
            found[told["seedbed.evaluation.set"], name] = point.as_double
    assert found == {
        ("knowledge", "score"): 0.5,
        ("knowledge", "gain"): -0.25,
        ("general", "score"): 0.5,
        ("general", "gain"): 0.0,
    }
