"""Asking a model: from a prompt to a checked reply, over endpoints that share one limit."""
