"""Settings for a process that tells."""

from typing import Any

from seedbed.kernel.settings import Settings


def settings(**values: Any) -> Settings:
    """As given; all are traced, and metrics are told at the end only."""
    return Settings.model_validate({"trace_ratio": 1.0, "telemetry_interval": 3600, **values})
