"""The job with Data Designer: two text columns, the second names the first; resumed by its own means."""

import os

os.environ.setdefault("NEMO_TELEMETRY_ENABLED", "false")

import data_designer.config as dd
import pandas as pd
from data_designer.interface import DataDesigner
from job import FIRST, MODEL, SECOND, read_job

_NAME = "rows"


def main() -> None:
    """Do the job."""
    job = read_job()
    source = job.folder / "rows.parquet"
    rows = pd.DataFrame(job.rows())
    rows.to_parquet(source)
    designer = DataDesigner(
        artifact_path=job.folder / "artifacts",
        model_providers=[dd.ModelProvider(name="mock", endpoint=job.url, api_key="none")],
    )
    designer.set_run_config(dd.RunConfig(buffer_size=1000))
    model = dd.ModelConfig(
        alias="mock",
        model=MODEL,
        provider="mock",
        skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(max_parallel_requests=job.at_once),
    )
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.LocalFileSeedSource(path=str(source)))
    for name, prompt in (("first", FIRST), ("second", SECOND)):
        filled = prompt.replace("{", "{{ ").replace("}", " }}")
        builder.add_column(dd.LLMTextColumnConfig(name=name, model_alias="mock", prompt=filled))
    made = designer.create(
        builder, num_records=len(rows), dataset_name=_NAME, resume=dd.ResumeMode.IF_POSSIBLE
    ).load_dataset()
    job.finish(made[["id", "text", "first", "second"]].to_dict("records"))


if __name__ == "__main__":
    main()
