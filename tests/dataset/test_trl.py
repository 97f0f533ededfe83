"""The dataset trains as it is with TRL's SFTTrainer: nothing is converted, renamed or left out on the way."""

import math
import warnings

import pytest

from seedbed.dataset.manifest import KNOWLEDGE_FILE, SKILLS_FILE
from tests.trainer.students import write_rows, write_tiny

STEPS = 8


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("trl")
    write_rows(root / "dataset")
    write_tiny(root / "model")
    return root


def fit(place, rows, out):
    """The loss of each step, as TRL logs it."""
    import trl  # noqa: PLC0415

    config = trl.SFTConfig(
        output_dir=str(out), max_steps=STEPS, per_device_train_batch_size=4, learning_rate=0.01,
        lr_scheduler_type="constant", max_length=512, logging_steps=1, report_to=[], save_strategy="no",
        bf16=False, use_cpu=True, disable_tqdm=True, dataloader_pin_memory=False, seed=1,
    )  # fmt: skip
    trainer = trl.SFTTrainer(model=str(place / "model"), args=config, train_dataset=rows)
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [KNOWLEDGE_FILE, SKILLS_FILE])
def test_it_trains_as_it_is_with_trl(place, tmp_path, monkeypatch, name):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets  # noqa: PLC0415

        file, cache = str(place / "dataset" / name), str(tmp_path / "cache")
        rows = datasets.load_dataset("json", data_files=file, split="train", cache_dir=cache)
        losses = fit(place, rows, tmp_path / "out")
    assert len(losses) == STEPS
    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < 0.9 * losses[0]
