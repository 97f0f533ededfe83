"""What a leaf's seals tell of it, as far as they can be read."""

import pytest

from seedbed.bus.v1.bus_pb2 import Outcome, Record, Usage
from seedbed.estimate.history import recall
from seedbed.estimate.weighing import spec_digests
from seedbed.kernel.store.connect import open_store
from seedbed.pipeline.recipe import Gates
from seedbed.runs.storage.seals import Seals
from tests.runs.damaging import HARMS

PATH, ASKED = "knowledge/birds", ("granite", "")


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
async def test_a_damaged_seal_tells_nothing_and_stops_nobody(file_store_url, harm):
    store = await open_store(file_store_url)
    spec = min(spec_digests(teacher=ASKED, judge=ASKED))
    record = Record(step="judge.pair", digest="a", outcome=Outcome.OUTCOME_FAILED, spec=spec)
    record.usage.CopyFrom(Usage(requests=1, prompt_tokens=7))
    await Seals(store).write(PATH, [record])
    (key,) = [key for key in await store.keys("seals/") if not key.endswith(".json")]
    whole = await recall(store, PATH, Gates(), teacher=ASKED, judge=ASKED)
    assert whole.items["judge.pair"] == 1
    await harm(store, key)
    left = await recall(store, PATH, Gates(), teacher=ASKED, judge=ASKED)
    assert left.items["judge.pair"] == 0
