"""OpenAI's chat API as the many endpoints speak it: requests, completions, refusals. Pure."""
