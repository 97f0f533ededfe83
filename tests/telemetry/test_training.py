from seedbed.collector.spans import plain
from seedbed.kernel.telemetry.setup import exporting
from seedbed.trainer.service.phase_runner import record_progress
from seedbed.trainer.v1.trainer_service_pb2 import MetricsRow
from tests.kernel.telemetry.settings_of import settings
from tests.telemetry.listening import listening


def row(step, tokens, loss):
    return MetricsRow(phase="skills", step=step, tokens_seen=tokens, loss=loss)


async def test_a_phase_tells_its_loss_and_counts_what_has_come():
    rows = [row(100, 5_000, 3.0), row(101, 5_600, 2.5), row(104, 7_000, 2.0)]
    async with listening() as heard, exporting(settings(otlp_endpoint=heard.url), "trainer"):
        for before, after in zip([None, *rows], rows, strict=False):
            record_progress(before, after)
    [loss] = heard.last("seedbed.training.loss").gauge.data_points
    assert (plain(loss.attributes), loss.as_double) == ({"seedbed.training.phase": "skills"}, 2.0)
    [steps] = heard.last("seedbed.training.steps").sum.data_points
    [tokens] = heard.last("seedbed.training.tokens").sum.data_points
    assert (steps.as_double, tokens.as_double) == (5, 2_000)
