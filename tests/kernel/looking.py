"""What a worker has left behind on the bus."""

from seedbed.bus.v1.bus_pb2 import DeadLetter
from seedbed.kernel.bus.streams import DEAD, MEMO, WORK
from tests.kernel.fake_endpoint import fault, reply
from tests.kernel.waiting import until


def scored(body):
    """A longer word weighs more; one word in each way that the endpoint can fail."""
    word = body["messages"][1]["content"]
    if word == "malformed":
        return reply("what?")
    return fault(400, "not this word") if word == "refused" else reply(f'{{"score": {len(word)}}}')


async def open_items(bus, number):
    """Wait until so many items are open; the broker counts what was acknowledged a moment later."""

    async def counted():
        return (await bus.js.stream_info(WORK)).state.messages == number

    await until(counted, 20)


async def done(bus):
    """Wait until no item is open."""
    await open_items(bus, 0)


async def letters(bus):
    state = (await bus.js.stream_info(DEAD)).state
    messages = [await bus.js.get_msg(DEAD, number + 1) for number in range(state.messages)]
    return [DeadLetter.FromString(message.data) for message in messages]


async def keys_of(bus, bucket):
    """What a bucket holds. Not by its own `keys`: that can miss what is still on its way."""
    return sorted(entry.key for entry in await bus.entries(bucket))


async def records(bus, memo):
    return {key: (await memo.get(key)).record for key in await keys_of(bus, MEMO)}
