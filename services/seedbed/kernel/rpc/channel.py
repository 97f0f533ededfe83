"""Calling other services: channels that wait for readiness, retry what may be retried, and keep deadlines."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import grpc
import grpc.aio

from seedbed.kernel.rpc.bearer_tokens import admin_tokens_of, tokens_of
from seedbed.kernel.rpc.certificates import channel_credentials
from seedbed.kernel.rpc.client_interceptors import client_interceptors
from seedbed.kernel.settings import Settings

MESSAGE_LIMIT = 64 * 1024 * 1024

_RETRY = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}

OPTIONS: list[tuple[str, object]] = [
    ("grpc.service_config", json.dumps(_RETRY)),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_send_message_length", MESSAGE_LIMIT),
]


@dataclass(frozen=True, slots=True)
class Access:
    """What calls to other services show: nothing, where nothing is asked."""

    credentials: grpc.ChannelCredentials | None = None
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "Access":
        """As the settings say. Raises InputError."""
        tokens = [*admin_tokens_of(settings), *tokens_of(settings)]
        return cls(channel_credentials(settings), tokens[0] if tokens else "")


OPEN = Access()


def open_channel(
    address: str, access: Access = OPEN, more: Sequence[tuple[str, object]] = ()
) -> grpc.aio.Channel:
    """A channel to `host:port` with the interceptors of all our clients; encrypted where `access` says so."""
    options = [*OPTIONS, *more]
    around = client_interceptors(access.token)
    if access.credentials:
        return grpc.aio.secure_channel(address, access.credentials, options=options, interceptors=around)
    return grpc.aio.insecure_channel(address, options=options, interceptors=around)
