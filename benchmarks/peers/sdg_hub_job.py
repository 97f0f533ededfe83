"""The job with sdg_hub: a flow of prompt, call and extraction, twice; its own checkpoints."""

import pandas as pd
import yaml
from job import FIRST, MODEL, SECOND, read_job
from sdg_hub import Flow, FlowMetadata
from sdg_hub.core.blocks import (
    LLMChatBlock,
    LLMResponseExtractorBlock,
    PromptBuilderBlock,
    RenameColumnsBlock,
)

_SAVED = 200
"""Rows between two checkpoints; each is a barrier."""


def main() -> None:
    """Do the job."""
    job = read_job()
    blocks = []
    for name, prompt, inputs in (("first", FIRST, ["text"]), ("second", SECOND, ["first"])):
        path = job.folder / f"{name}.yaml"
        content = prompt.replace("{", "{{ ").replace("}", " }}")
        path.write_text(yaml.safe_dump([{"role": "user", "content": content}]))
        blocks += [
            PromptBuilderBlock(
                block_name=f"ask_{name}",
                input_cols=inputs,
                output_cols=f"{name}_messages",
                prompt_config_path=str(path),
            ),
            LLMChatBlock(
                block_name=f"call_{name}",
                input_cols=f"{name}_messages",
                output_cols=f"{name}_response",
                async_mode=True,
            ),
            LLMResponseExtractorBlock(
                block_name=f"read_{name}",
                input_cols=f"{name}_response",
                extract_content=True,
                field_prefix=f"{name}_",
            ),
        ]
        blocks.append(RenameColumnsBlock(block_name=f"rename_{name}", input_cols={f"{name}_content": name}))
    flow = Flow(blocks=blocks, metadata=FlowMetadata(name="two dependent calls"))
    flow.set_model_config(model=f"hosted_vllm/{MODEL}", api_base=job.url, api_key="none")
    made = flow.generate(
        pd.DataFrame(job.rows()),
        checkpoint_dir=str(job.folder / "checkpoints"),
        save_freq=_SAVED,
        max_concurrency=job.at_once,
    )
    job.finish(made[["id", "text", "first", "second"]].to_dict("records"))


if __name__ == "__main__":
    main()
