"""Switches telemetry on for a process, where the settings name a collector."""

import contextlib
import os
import resource
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed import __version__
from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import Settings
from seedbed.kernel.telemetry import metrics
from seedbed.kernel.telemetry.meters import Instrument, Observation, Observed, forget
from seedbed.kernel.telemetry.spans import tracing

if TYPE_CHECKING:  # loaded where it is needed: the SDK is an extra, and slow to come
    from seedbed.kernel.telemetry.otlp import Otlp

_STANDARD = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
_BEGAN = time.monotonic()


def is_wanted(settings: Settings, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a collector is named, by our setting or by OpenTelemetry's own."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return bool(settings.otlp_endpoint) or any(environ.get(name) for name in _STANDARD)


@contextlib.asynccontextmanager
async def exporting(settings: Settings, service: str) -> AsyncIterator[None]:
    """Export this process's telemetry while it works, where a collector is named. Raises InputError."""
    if not is_wanted(settings):
        yield
        return
    otlp = _open(settings, service)
    tracing.sink, tracing.ratio, tracing.content = otlp, settings.trace_ratio, settings.telemetry_content
    Instrument.on = True
    otlp.start()
    try:
        yield
    finally:
        await otlp.stop()
        Instrument.on, tracing.sink = False, None
        forget()


def _open(settings: Settings, service: str) -> "Otlp":
    try:
        from seedbed.kernel.telemetry.otlp import Otlp  # noqa: PLC0415  an extra, and slow to come
    except ImportError as error:
        raise InputError(
            f"a collector is named, but {error.name} is not installed",
            hint="pip install 'seedbed[telemetry]', or name none in SEEDBED_OTLP_ENDPOINT",
        ) from error
    who = {
        "service.namespace": "seedbed",
        "service.name": service,
        "service.instance.id": str(uuid.uuid4()),
        "service.version": __version__,
    }
    token = settings.otlp_token.get_secret_value()
    return Otlp(who, settings.otlp_endpoint, settings.telemetry_interval, token)


def _observe_cpu() -> Iterator[Observation]:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    yield ("user",), spent.ru_utime
    yield ("system",), spent.ru_stime


def _observe_memory() -> Iterator[Observation]:
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        yield (), float(pages * resource.getpagesize())
        return
    # The most there ever was, where nobody says how much there is: in bytes on macOS, else in KiB.
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield (), float(most if sys.platform == "darwin" else most * 1024)


def _observe_uptime() -> Iterator[Observation]:
    yield (), time.monotonic() - _BEGAN


Observed(metrics.CPU_TIME).observe(_observe_cpu)
Observed(metrics.MEMORY).observe(_observe_memory)
Observed(metrics.UPTIME).observe(_observe_uptime)
