import asyncio
import threading
import time
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.settings import Settings
from seedbed.kernel.work.lease import Lease
from seedbed.kernel.work.pull_consumer import PullConsumer
from tests.kernel.killing import killing
from tests.kernel.waiting import until

STEP = "test.step"
ACK_WAIT = 1.0


def item(number):
    return Item(run="r", leaf="l", step=STEP, digest=f"{number:064}")


@asynccontextmanager
async def taking(bus):
    """An intake, and what it has handed out, with the leases."""
    came: asyncio.Queue[tuple[Msg, Lease]] = asyncio.Queue()
    await bus.add_consumer(STEP, ACK_WAIT)
    consumer = PullConsumer(bus, STEP, lambda *found: came.put_nowait(found), lambda: None, ack_wait=ACK_WAIT)
    await consumer.start()
    yield consumer, came
    await consumer.stop()


async def take(came):
    async with asyncio.timeout(10):
        return await came.get()


def publish_meanwhile(url, *items):
    """Publish over a connection of its own: the one who waits does nothing else, as if it were frozen."""

    async def publish():
        bus = await Bus.connect(Settings(nats_url=url), "other")
        for found in items:
            await bus.publish_work(found)
        await bus.close()

    thread = threading.Thread(target=lambda: asyncio.run(publish()))
    thread.start()
    thread.join()


async def test_what_comes_is_in_hand_for_as_long_as_the_broker_waits(bus):
    async with taking(bus) as (consumer, came):
        await consumer.ask(1)
        await bus.publish_work(item(1))
        message, lease = await take(came)
        assert not lease.lapsed
        await asyncio.sleep(ACK_WAIT)
        assert lease.lapsed
        await message.ack()


async def test_what_lay_unread_in_a_frozen_process_is_not_in_its_hand(bus, nats_server):
    async with taking(bus) as (consumer, came):
        await consumer.ask(2)
        await bus.client.flush()
        publish_meanwhile(nats_server.url, item(1))
        time.sleep(ACK_WAIT * 2)  # noqa: ASYNC251  nothing of this process may run
        # As the first thing on waking: the request has ended, and nobody has told us yet.
        assert consumer.outstanding == 2
        await consumer.ask(1)
        message, lease = await take(came)
        assert lease.lapsed
        # Nobody else had it, so it is handed out again, by a request of now.
        again, fresh = await take(came)
        assert (again.data, again.metadata.num_delivered) == (message.data, 2)
        assert not fresh.lapsed
        await again.ack()


async def test_a_request_whose_end_the_server_never_tells_is_given_up(bus, monkeypatch):
    async def swallow(*_):
        pass

    async with taking(bus) as (consumer, _):
        with monkeypatch.context() as lost:
            lost.setattr(bus.client, "publish", swallow)
            await consumer.ask(3)
        assert consumer.outstanding == 3
        await asyncio.sleep(ACK_WAIT)
        # Over by now, but the word may be on its way.
        assert consumer.outstanding == 3
        await asyncio.sleep(1.1)
        assert consumer.outstanding == 0


@killing
async def test_what_was_asked_for_while_there_was_no_broker_is_in_hand(bus, nats_server):
    async with taking(bus) as (consumer, came):
        nats_server.kill()
        await until(lambda: not bus.client.is_connected)
        # Kept until there is a connection, which then is another: the request is not counted any more.
        await consumer.ask(1)
        await asyncio.sleep(ACK_WAIT)
        nats_server.start()
        await until(lambda: bus.client.is_connected)
        await bus.persist(lambda: bus.publish_work(item(1)))
        message, lease = await take(came)
        assert not lease.lapsed
        await message.ack()
