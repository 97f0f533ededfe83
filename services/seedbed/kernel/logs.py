"""Structured logs to stderr: JSON for machines, text for people; run, leaf and item ride along by context."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog

from seedbed.kernel.settings import Settings
from seedbed.kernel.telemetry.context import current

bind = structlog.contextvars.bound_contextvars


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines say under `module` where they come from; `name` is the module's `__name__`."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(module=name)
    return logger


class _Unfailing:
    """A stream whose failures are its own: on a full disk a line is lost, not the work it reports."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


def _add_trace(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Lead from a line to its trace, where the work is traced."""
    if span := current.get():
        event["trace_id"], event["span_id"] = span.trace.hex(), span.span.hex()
    return event


def configure_logs(settings: Settings, service: str) -> None:
    """Set up logging for this process, once."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
