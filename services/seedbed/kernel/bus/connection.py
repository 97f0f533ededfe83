"""The connection to the broker: kept for ever once it stands, given up at once where we are refused."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from nats.aio.client import Client

from seedbed.kernel.errors import InputError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.rpc.certificates import client_context
from seedbed.kernel.settings import Settings, split_urls
from seedbed.kernel.tasks import end_tasks

log = get_logger(__name__)


SUBJECT_BYTES = 1024
"""The most that a subject may have: over 4,096 in one line the broker drops the whole connection."""


class BoundedClient(Client):
    """A client that sends nothing the broker would drop the connection for."""

    async def publish(
        self, subject: str, payload: bytes = b"", reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        """As nats-py's own, but raises InputError for a subject that is too long."""
        if len(subject) > SUBJECT_BYTES:
            raise InputError(
                f"a name of {len(subject):,} characters is too long for the broker",
                hint=f"{subject[:40]}… is no name of anything",
            )
        await super().publish(subject, payload, reply, headers)


async def connect(settings: Settings, name: str) -> Client:
    """Connect, and wait for the server as long as it takes. Raises InputError where it refuses us."""
    faults: asyncio.Queue[str] = asyncio.Queue()

    async def report(error: Exception) -> None:
        # Permission violations come here only; the caller sees a timeout.
        log.error("bus", error=str(error))
        if fault := _grave(error):
            faults.put_nowait(fault)

    connecting = asyncio.create_task(_open(settings, name, report))
    refused = asyncio.create_task(faults.get())
    try:
        await asyncio.wait((connecting, refused), return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            return connecting.result()
        fault = refused.result()
    finally:
        await end_tasks((connecting, refused))
    places = (urlsplit(url).netloc.rpartition("@")[2] for url in split_urls(settings.nats_url))
    raise InputError(
        f"the broker at {', '.join(places)}: {fault}",
        hint="SEEDBED_NATS_USER and SEEDBED_NATS_PASSWORD (or _FILE) say who this process is there, and "
        "SEEDBED_TLS_CA who the broker's certificate is from",
    )


async def _open(settings: Settings, name: str, report: Callable[[Exception], Awaitable[None]]) -> Client:
    async def gone() -> None:
        log.warning("bus disconnected")

    async def back() -> None:
        log.info("bus reconnected")

    client = BoundedClient()
    await client.connect(
        split_urls(settings.nats_url),
        name=name,
        user=settings.nats_user or None,
        password=settings.nats_password.get_secret_value() or None,
        # Where the users have names, each may hear its own answers only.
        inbox_prefix=f"_INBOX_{settings.nats_user}" if settings.nats_user else "_INBOX",
        # The default gives up for good after 60 attempts, and notices a half-open link after 4 minutes.
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,  # type: ignore[arg-type]  # it sleeps for that, and says int
        ping_interval=10,
        connect_timeout=2,
        allow_reconnect=True,
        tls=client_context(settings) if settings.nats_url.startswith("tls:") else None,
        error_cb=report,
        disconnected_cb=gone,
        reconnected_cb=back,
    )
    return client


def _grave(error: Exception) -> str:
    """What no second attempt mends: it is raised, as retrying for ever would never say why."""
    if "authorization violation" in str(error).lower():
        return "it refuses this user, or its password"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not believed: {error.verify_message}"
    return ""
