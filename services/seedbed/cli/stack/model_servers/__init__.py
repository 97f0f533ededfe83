"""Servers of models that the command starts itself: vLLM, else transformers."""
