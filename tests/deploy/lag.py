"""What KEDA reads to scale by: the lag of each consumer, from the broker's monitoring endpoint."""

import json
import urllib.request
from typing import Any

from deploy.nats.permissions import ACCOUNT
from seedbed.kernel.bus.streams import WORK


def read_lags(monitor: str, account: str = ACCOUNT, stream: str = WORK) -> dict[str, int]:
    """Items that wait and those in hand, by consumer; of a cluster's, those that this server leads."""
    return {
        consumer["name"]: consumer["num_pending"] + consumer["num_ack_pending"]
        for consumer in _consumers(monitor, account, stream)
        if consumer.get("cluster", {}).get("leader", "") in ("", _name(monitor))
    }


def _consumers(monitor: str, account: str, stream: str) -> list[dict[str, Any]]:
    accounts = _read(f"http://{monitor}/jsz?acc={account}&consumers=true&config=true")["account_details"]
    streams = [found for one in accounts if one["name"] == account for found in one.get("stream_detail", ())]
    consumers: list[dict[str, Any]] = [
        found for one in streams if one["name"] == stream for found in one.get("consumer_detail") or ()
    ]
    return consumers


def _name(monitor: str) -> str:
    return str(_read(f"http://{monitor}/varz")["server_name"])


def _read(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
