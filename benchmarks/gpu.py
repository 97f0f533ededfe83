"""Share of a GPU's peak that training reaches: `python benchmarks/gpu.py`, on a machine that has one.

The trainer's own loop trains a Llama of 1.2 billion random weights, kept in float32 and computed with in
bfloat16, on packed conversations. The share is the one that a training reports: operations of the weights,
and the head's for tokens that count, of what the maker gives for dense bfloat16. Beside it stands what a
large product of matrices reaches on the same card.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import transformers

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.students import make_llama, make_samples, run_loop
from seedbed.trainer.loop.train import settle
from seedbed.trainer.loop.utilization import share_of_peak

BAR = 0.45
LONGEST = 4096
VOCABULARY = 128_256
SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131_072,
}
STEP = 131_072
"""Tokens a step."""


def measure_product(size: int = 8192, times: int = 20) -> float:
    """Operations a second of a product of two large matrices in bfloat16."""
    left, right = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        left @ right
    torch.cuda.synchronize()
    began = time.monotonic()
    for _ in range(times):
        left @ right
    torch.cuda.synchronize()
    return 2 * size**3 * times / (time.monotonic() - began)


def measure_training(room: int, steps: int) -> dict[str, Any]:
    """Tokens a second and share of the peak in rows of `room` tokens, once two steps have warmed up."""
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    with torch.device("cuda"):
        model = make_llama(**SHAPE)
    samples = make_samples(VOCABULARY, (steps + 4) * STEP // 250, LONGEST)
    noted = run_loop(model, samples, steps + 2, room, STEP // room, bfloat16=True)[1:]
    speed = statistics.median(
        (now["tokens_seen"] - then["tokens_seen"]) / (now["clock"] - then["clock"])
        for then, now in pairwise(noted)
    )
    last = noted[-1]
    return {
        "room": room,
        "tokens_per_second": round(speed),
        # What is told is of all steps, the first and slow one too; here it is at the speed of the others.
        "share": round(last["share_of_peak"] / last["tokens_per_second"] * speed, 4),
        "memory_gib": round(last["memory"] / 2**30, 1),
        "loss": [round(row["loss"], 3) for row in noted],
    }


def main() -> int:
    """Measure, and say whether what must hold does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, nargs="+", default=[LONGEST, 16_384], help="tokens of a row")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    if not torch.cuda.is_available():
        print("there is no GPU here", file=sys.stderr)
        return 2
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    settle(torch.device("cuda"))
    product = share_of_peak(measure_product(), torch.device("cuda"))
    print(f"{torch.cuda.get_device_name()}, {versions}\na product of matrices: {product:.1%} of the peak")
    print(f"{'tokens a row':>12}  {'tokens/s':>9}  {'of peak':>7}  {'memory':>8}")
    rows = []
    for room in wanted.rooms:
        row = measure_training(room, wanted.steps)
        rows.append(row)
        memory = f"{row['memory_gib']:.1f} GiB"
        print(f"{room:>12,}  {row['tokens_per_second']:>9,}  {row['share']:>7.1%}  {memory:>8}", flush=True)
    if wanted.out:
        wanted.out.write_text(json.dumps(rows, indent=1) + "\n")
    return int(max(row["share"] for row in rows) < BAR)


if __name__ == "__main__":
    sys.exit(main())
