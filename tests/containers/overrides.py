"""What is laid over compose.yaml to try it: servers in the place of images that cannot be pulled."""

from typing import Any

from tests.containers.building import Builder, image, stand_in_image
from tests.containers.engine import EngineError
from tests.containers.project import Override, Reset
from tests.deploy.compose import read_compose

_ASK_COLLECTOR = "import urllib.request; urllib.request.urlopen('http://localhost:4318/metrics')"
_WGET = ["CMD", "wget", "-q", "-O", "/dev/null"]
# Where no image of that name can be had. Of the collector's place one of our own takes care.
_STAND_INS: dict[str, dict[str, Any]] = {
    "nats": {"image": stand_in_image("nats")},
    "store": {
        "image": stand_in_image("store"),
        "command": [],
        "healthcheck": {"test": Override([*_WGET, "http://localhost:8333/"])},
    },
    "collector": {
        "image": image("rehearsal"),
        "command": ["python", "-m", "seedbed.collector", "--listen=0.0.0.0:4318", "--folder=/tmp/spans"],
        "user": "10001:10001",
        "tmpfs": ["/tmp:mode=1777"],
        "healthcheck": {"test": ["CMD", "python", "-c", _ASK_COLLECTOR]},
    },
    "prometheus": {
        "image": stand_in_image("prometheus"),
        "command": ["--storage.tsdb.path=/prometheus", "--enable-feature=exemplar-storage"],
    },
}
OTHERS = (*_STAND_INS, "tempo", "grafana")


def stand_ins(builder: Builder, *services: str) -> dict[str, dict[str, Any]]:
    """What takes the place of each whose image cannot be pulled, built; nothing for those where it can.

    Who has neither is not there.
    """
    named = read_compose({})["services"]
    found: dict[str, dict[str, Any]] = {}
    for service in services:
        try:
            builder.engine.get(named[service]["image"])
            found[service] = {}
        except EngineError:
            if over := stand_in(service):
                found[service] = over
                if over["image"] == stand_in_image(service):
                    builder.build_stand_in(service)
    return found


def stand_in(service: str) -> dict[str, Any] | None:
    """What takes the place of one, where anything does."""
    return _STAND_INS.get(service)


def alone(service: str) -> dict[str, Any]:
    """For one that is to be well by itself: no port of this machine, and a store in its own memory."""
    published = "ports" in read_compose({})["services"][service]
    told = {"SEEDBED_STORE_URL": "file:///tmp/store", "SEEDBED_OTLP_ENDPOINT": ""}
    return {"environment": told, **({"ports": Reset()} if published else {})}


def slowed() -> dict[str, Any]:
    """A rehearsal teacher that takes its time, so that something can happen meanwhile."""
    return {"command": ["python", "-m", "seedbed.rehearsal", "--listen", "0.0.0.0:8001", "--delay-ms", "700"]}


def rehearsing() -> dict[str, str]:
    """What a stack is told that asks the rehearsal teacher."""
    return {"SEEDBED_TEACHER_URL": "http://rehearsal:8001/v1", "SEEDBED_TEACHER_MODEL": "rehearsal"}
