"""Telemetry: metrics, traces and logs of a process's work, sent over OTLP. Switched off it costs nothing."""
