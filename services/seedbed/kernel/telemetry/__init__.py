"""Telemetry: what a process tells of its work, in metrics, traces and logs. Switched off it costs nothing."""
