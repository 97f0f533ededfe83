"""Seedbed: from a taxonomy of seed examples to a judged, traceable dataset, through services over NATS."""

__version__ = "0.1.0"
