"""The collector of one machine: takes OTLP over HTTP, keeps spans in a file and shows metrics to Prometheus.

In production its place is OpenTelemetry's own collector's; the services do not know the difference.
"""
