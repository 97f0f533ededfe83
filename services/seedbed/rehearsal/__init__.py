"""The rehearsal teacher: an OpenAI-compatible endpoint that answers by rules, without any weights."""
