"""Serves students by transformers, where there is no vLLM: OpenAI's chat form, one answer at a time.

Own, by what others do, not by their speed: `transformers serve` 5.24 has no adapters that share a base, takes
`frequency_penalty` for another penalty, and leaves `n`, `presence_penalty` and `response_format` out with a
warning in its log alone; llama.cpp's server reads GGUF, and the package `gguf` converts no student to it.
"""
