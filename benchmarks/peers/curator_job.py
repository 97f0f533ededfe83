"""The job with curator: one LLM after the other over the whole dataset; resumed from its own cache."""

# ruff: noqa: E402  what it reads when it is loaded is set before

import os
from importlib.util import find_spec
from pathlib import Path

_LITELLM = find_spec("litellm")
if _LITELLM is not None and _LITELLM.origin:
    # It counts tokens before it asks: by the vocabulary that litellm brings along, not by another.
    vocabulary = Path(_LITELLM.origin).parent / "litellm_core_utils" / "tokenizers"
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(vocabulary))
os.environ["TELEMETRY_ENABLED"] = "false"
os.environ["CURATOR_DISABLE_RICH_DISPLAY"] = "1"
os.environ.setdefault("OPENAI_API_KEY", "none")

from typing import Any

from bespokelabs import curator
from job import FIRST, MODEL, SECOND, read_job

_NO_LIMIT = 1_000_000_000


class First(curator.LLM):
    """The first call of a row."""

    def prompt(self, row: dict[str, Any]) -> str:
        """What is asked."""
        return FIRST.format(text=row["text"])

    def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
        """The row with the reply."""
        return {"id": row["id"], "text": row["text"], "first": response}


class Second(curator.LLM):
    """The second, which needs the reply to the first."""

    def prompt(self, row: dict[str, Any]) -> str:
        """What is asked."""
        return SECOND.format(first=row["first"])

    def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
        """The row with both replies."""
        return {**row, "second": response}


def main() -> None:
    """Do the job."""
    job = read_job()
    options = {
        "model_name": MODEL,
        "backend": "openai",
        "backend_params": {
            "base_url": job.url,
            "max_concurrent_requests": job.at_once,
            "max_requests_per_minute": _NO_LIMIT,
            "max_tokens_per_minute": _NO_LIMIT,
        },
    }
    cache = str(job.folder / "cache")
    first = First(**options)(job.rows(), working_dir=cache)
    second = Second(**options)(first.dataset, working_dir=cache)
    job.finish(sorted(second.dataset.to_list(), key=lambda row: row["id"]))


if __name__ == "__main__":
    main()
