"""The job with datatrove: a runner whose rollout makes both calls; its own checkpoints and cache."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from datatrove.data import Document
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceResult, InferenceRunner
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from job import FIRST, MODEL, SECOND, Job, read_job

Generate = Callable[[dict[str, Any]], Awaitable[InferenceResult]]
_CHUNK = 100


async def roll_out(document: Document, generate: Generate) -> dict[str, str]:
    """Both calls of a row."""
    first = await generate(_payload(FIRST.format(text=document.text)))
    second = await generate(_payload(SECOND.format(first=first.text)))
    return {"first": first.text, "second": second.text}


def _payload(prompt: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}]}


def main() -> None:
    """Do the job."""
    job = read_job()
    runner = InferenceRunner(
        rollout_fn=roll_out,
        config=InferenceConfig(
            server_type="endpoint",
            model_name_or_path=MODEL,
            endpoint_url=job.url.removesuffix("/v1"),
            api_key="none",
            max_concurrent_generations=job.at_once,
        ),
        output_writer=JsonlWriter(
            str(job.folder / "made"), output_filename="${rank}_${chunk_index}.jsonl", compression=None
        ),
        checkpoints_local_dir=str(job.folder / "checkpoints"),
        records_per_chunk=_CHUNK,
        skip_bad_requests=True,
    )
    LocalPipelineExecutor(
        pipeline=[
            JsonlReader(str(job.folder), glob_pattern="rows.jsonl", text_key="text", id_key="id"),
            runner,
        ],
        logging_dir=str(job.folder / "logs"),
    ).run()
    job.finish(_read(job))


def _read(job: Job) -> list[dict[str, Any]]:
    rows = []
    for path in sorted((job.folder / "made").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            made = json.loads(line)
            rows.append({"id": made["id"], "text": made["text"], **made["metadata"]["rollout_results"][0]})
    return rows


if __name__ == "__main__":
    main()
