"""An endpoint that repeats the key it was shown does not make it known to anyone else."""

import pytest

from seedbed.kernel.endpoint.chat_client import Endpoint as Address
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.endpoint.preflight import check_endpoint
from seedbed.kernel.errors import InputError, Refused
from tests.kernel.asking import ask
from tests.kernel.fake_endpoint import fault, reply

KEY = "marked-key-4f1c"


@pytest.fixture
async def teacher(endpoint):
    teacher = Teacher(Address(endpoint.url, "tiny", KEY))
    yield teacher
    await teacher.close()


async def test_not_where_it_refuses(teacher, endpoint):
    endpoint.answer = lambda _: fault(400, f"not with {KEY}")
    with pytest.raises(Refused) as caught:
        await ask(teacher)
    assert "not with ***" in caught.value.message


async def test_not_where_it_answers(teacher, endpoint):
    endpoint.answer = lambda _: reply(f'{{"text": "fine, {KEY}"}}')
    assert (await ask(teacher)).reply.text == "fine, ***"


async def test_not_where_it_is_looked_at_before_a_run(endpoint):
    endpoint.answer = lambda _: fault(400, f"not with {KEY}")
    with pytest.raises(InputError) as caught:
        await check_endpoint(Address(endpoint.url, "tiny", KEY))
    assert "not with ***" in caught.value.message


def test_it_is_not_in_what_an_endpoint_looks_like():
    assert KEY not in repr(Address("http://x/v1", "tiny", KEY))
