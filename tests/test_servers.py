"""The servers of the tests keep what real ones keep, else the tests about dying parts would prove nothing."""

import nats
import pytest


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_a_nats_server_keeps_its_address_and_its_streams(nats_server, ending):
    url = nats_server.url
    client = await nats.connect(url)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept.*"])
    await client.jetstream().publish("kept.one", b"seed")
    await client.close()

    getattr(nats_server, ending)()
    nats_server.start()

    assert nats_server.url == url
    client = await nats.connect(url)
    message = await client.jetstream().get_last_msg("KEPT", "kept.one")
    assert message.data == b"seed"
    await client.close()
