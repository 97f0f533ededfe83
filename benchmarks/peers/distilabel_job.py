"""The job with distilabel: two generating steps, each a process of its own; resumed from its cache."""

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import KeepColumns, LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration
from job import FIRST, MODEL, SECOND, Job, read_job


def main() -> None:
    """Do the job."""
    job = read_job()
    with Pipeline(name="rows", cache_dir=job.folder / "cache") as pipeline:
        load = LoadDataFromDicts(data=job.rows(), batch_size=job.at_once)
        first = _ask(job, "first", FIRST, "text")
        second = _ask(job, "second", SECOND, "first")
        keep = KeepColumns(columns=["id", "text", "first", "second"])
        load >> first >> second >> keep
    made = pipeline.run(use_cache=True)["default"]["train"]
    job.finish(sorted(made.to_list(), key=lambda row: row["id"]))


def _ask(job: Job, name: str, prompt: str, column: str) -> TextGeneration:
    # A batch is what it asks at once.
    return TextGeneration(
        name=f"ask_{name}",
        llm=OpenAILLM(model=MODEL, base_url=job.url, api_key="none"),
        template=prompt.replace("{", "{{ ").replace("}", " }}"),
        columns=[column],
        output_mappings={"generation": name, "model_name": f"model_{name}"},
        input_batch_size=job.at_once,
        add_raw_output=False,
        add_raw_input=False,
    )


if __name__ == "__main__":
    main()
