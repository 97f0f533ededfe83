"""What has no end, or more than can be carried, comes to a clear end."""

import pytest
from aiohttp import web

from seedbed.bus.v1.bus_pb2 import Outcome
from seedbed.kernel.bus.streams import ITEM_BYTES, size_fault
from seedbed.kernel.endpoint.chat_client import Endpoint as Address
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.endpoint.endpoint_client import REPLY_BYTES
from seedbed.kernel.endpoint.preflight import check_endpoint
from seedbed.kernel.errors import InputError, Refused
from seedbed.kernel.work.memo import Memo, memo_key
from tests.kernel.asking import ask
from tests.kernel.chain import open_run, sow, working
from tests.kernel.fake_endpoint import reply
from tests.kernel.looking import done, letters, records, scored


@pytest.fixture
async def teacher(endpoint):
    teacher = Teacher(Address(endpoint.url, "tiny"))
    yield teacher
    await teacher.close()


async def test_an_answer_without_end_is_the_requests_fault_and_said(teacher, endpoint):
    endpoint.answer = lambda _: reply("x" * (REPLY_BYTES + 1))
    with pytest.raises(Refused, match="more than 4,194,304 bytes") as caught:
        await ask(teacher)
    assert "max_tokens" in caught.value.hint
    endpoint.answer = lambda _: reply('{"text": "fine"}')
    assert (await ask(teacher)).reply.text == "fine"


async def test_one_that_is_packed_small_is_none_the_less_too_long(teacher, endpoint):
    def answer(_):
        response = reply("x" * (REPLY_BYTES * 8))
        response.enable_compression(web.ContentCoding.gzip)
        return response

    endpoint.answer = answer
    with pytest.raises(Refused, match="more than 4,194,304 bytes"):
        await ask(teacher)


async def test_it_is_found_before_a_run_starts(endpoint):
    endpoint.answer = lambda _: reply("x" * (REPLY_BYTES + 1))
    with pytest.raises(InputError, match="more than 4,194,304 bytes"):
        await check_endpoint(Address(endpoint.url, "tiny"))


def test_an_items_size_has_a_limit():
    assert size_fault("judge.pair", ITEM_BYTES) == ""
    assert "item for judge.pair has 786,433 bytes" in size_fault("judge.pair", ITEM_BYTES + 1)


async def test_what_the_bus_cannot_carry_ends_its_parent_once(bus, nats_server, store, endpoint):
    endpoint.answer = scored
    await open_run(bus)
    memo = Memo(bus, store)
    item = sow(f"seed {'x' * (ITEM_BYTES + 10)}")
    async with working(nats_server.url, store, endpoint.url) as process:
        await bus.publish_work(item)
        await done(bus)
        assert process.sow.runs == 1
    record = (await memo.get(memo_key(item))).record
    assert record.outcome == Outcome.OUTCOME_FAILED
    assert record.reason.startswith("an item for test.weigh has 786,4")
    assert list(record.announced) == []
    assert len(await records(bus, memo)) == 1
    assert [letter.reason for letter in await letters(bus)] == [record.reason]
    assert endpoint.bodies == []
