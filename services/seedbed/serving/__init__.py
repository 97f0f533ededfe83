"""Serves students by transformers, where there is no vLLM: OpenAI's chat form, one answer at a time."""
