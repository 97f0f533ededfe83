"""Serves students by transformers, where there is no vLLM: OpenAI's chat form, one answer at a time.

Own, by what others do, not by their speed: `benchmarks/serving.py`, 135M weights in float32 on two cores,
gave 14.6 tokens/s here and 15.1 by `transformers serve` 5.24 (four chats at once: 14.3 and 14.2). That has no
adapters that share a base, takes `frequency_penalty` for another penalty, and leaves `n`, `presence_penalty`
and `response_format` out with a warning in its log alone. llama.cpp's server gave 44.5 and 96.4 by four bits,
in a quarter of the memory, but reads GGUF, to which the package `gguf` converts no student.
"""
