"""Tokens a second beside TRL's SFTTrainer, on one thread of the processor: `python benchmarks/training.py`.

Both train the same Llama on the same samples, packed to the same length, with batches of the same size, the
same optimizer and precision, in turns in one process. Processor time is counted, so that neighbours on the
machine do not decide. TRL packs best-fit with one row at a time, its fastest way on a CPU, and also computes
the entropy and the accuracy of every token.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch
import transformers
import trl
from datasets import Dataset
from transformers import TrainerCallback

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.students import make_llama, make_samples, run_loop
from seedbed.trainer.data.masks import Sample
from seedbed.trainer.model.attention import SEGMENTS
from seedbed.trainer.model.scratch import make_tokenizer

ROW = 1024
ROWS = 2
"""Packed rows a step."""
SHAPES = {8_000: {"hidden": 256, "layers": 6}, 32_000: {"hidden": 256, "layers": 4}}
BARS = {8_000: 1.4, 32_000: 2.0}


def make_model(vocabulary: int, attention: str) -> Any:
    """A Llama of the size that goes with the vocabulary."""
    shape = SHAPES[vocabulary]
    return make_llama(
        attention,
        vocab_size=vocabulary,
        hidden_size=shape["hidden"],
        intermediate_size=shape["hidden"] * 11 // 4,
        num_hidden_layers=shape["layers"],
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=ROW,
    )


def run_ours(samples: list[Sample], vocabulary: int, steps: int, *, bfloat16: bool) -> float:
    """Tokens a second of processor time."""
    model = make_model(vocabulary, SEGMENTS)
    noted = run_loop(model, samples, steps + 1, ROW, ROWS, bfloat16=bfloat16)
    return rate([(row["processor"], row["tokens_seen"]) for row in noted])


class Marks(TrainerCallback):  # type: ignore[misc]  # transformers is not followed by the type checker
    """When each of TRL's steps ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """A step has ended."""
        self.times.append(time.process_time())


def run_trl(samples: list[Sample], vocabulary: int, steps: int, *, bfloat16: bool) -> float:
    """The same of TRL."""
    labels = [
        [token if counts else -100 for token, counts in zip(one.ids, one.counted, strict=True)]
        for one in samples
    ]
    rows = Dataset.from_dict({"input_ids": [list(one.ids) for one in samples], "labels": labels})
    marks = Marks()
    with tempfile.TemporaryDirectory() as folder:
        config = trl.SFTConfig(
            output_dir=folder, per_device_train_batch_size=1, gradient_accumulation_steps=ROWS,
            max_steps=steps + 1, max_length=ROW, packing=True, packing_strategy="bfd", learning_rate=1e-4,
            lr_scheduler_type="constant", max_grad_norm=1.0, bf16=bfloat16, fp16=False, use_cpu=True,
            report_to=[], save_strategy="no", logging_steps=1000, disable_tqdm=True, seed=1,
            gradient_checkpointing=False, dataloader_pin_memory=False,
        )  # fmt: skip
        trainer = trl.SFTTrainer(
            model=make_model(vocabulary, "sdpa"),
            args=config,
            train_dataset=rows,
            processing_class=make_tokenizer(["a b c"], 300, ROW),
            callbacks=[marks],
        )
        counted = [len(row["input_ids"]) for row in trainer.train_dataset]
        trainer.train()
    # Rows are full but for the last: the mean says how many tokens a step had.
    tokens = ROWS * statistics.mean(counted)
    return rate([(moment, round(tokens * number)) for number, moment in enumerate(marks.times, 1)])


def rate(marks: list[tuple[float, int]]) -> float:
    """Tokens a second after the first step, which also warms up."""
    (then, before), (now, done) = marks[0], marks[-1]
    return (done - before) / (now - then)


def compare(vocabulary: int, rounds: int, steps: int, *, bfloat16: bool) -> dict[str, Any]:
    """Both in turns."""
    samples = make_samples(vocabulary, max(64, (steps + 2) * ROWS * 4), ROW)
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(run_trl(samples, vocabulary, steps, bfloat16=bfloat16))
        ours.append(run_ours(samples, vocabulary, steps, bfloat16=bfloat16))
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    return {
        "vocabulary": vocabulary,
        "precision": "bfloat16" if bfloat16 else "float32",
        "trl": round(statistics.median(theirs)),
        "seedbed": round(statistics.median(ours)),
        "ratio": round(ratio, 2),
        "bar": BARS[vocabulary],
    }


def main() -> int:
    """Measure, and say whether what must hold does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument(
        "--bfloat16", action="store_true", help="autocast on both sides, where the CPU has it"
    )
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    print(
        f"trl {trl.__version__}, torch {torch.__version__}, transformers {transformers.__version__}, 1 thread"
    )
    rows = [compare(size, wanted.rounds, wanted.steps, bfloat16=wanted.bfloat16) for size in SHAPES]
    print(
        f"{'vocabulary':>10}  {'TRL tok/s':>10}  {'Seedbed tok/s':>13}  {'ratio':>5}  {'bar':>4}  precision"
    )
    for row in rows:
        print(
            f"{row['vocabulary']:>10,}  {row['trl']:>10,}  {row['seedbed']:>13,}  {row['ratio']:>5}  "
            f"{row['bar']:>4}  {row['precision']}"
        )
    print("of processor time; TRL also computes entropy and accuracy of every token")
    if wanted.out:
        wanted.out.write_text(json.dumps(rows, indent=1) + "\n")
    return int(any(row["ratio"] < row["bar"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
