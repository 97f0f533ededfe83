"""Random students and samples, and the trainer's own loop over them: what its benchmarks begin from."""

import random
import time
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from seedbed.trainer.data.batches import plan_steps
from seedbed.trainer.data.masks import Sample
from seedbed.trainer.loop.distributed import ProcessGroup
from seedbed.trainer.loop.loop import Hooks, Loop, PhasePlan
from seedbed.trainer.model.attention import SEGMENTS, register
from seedbed.trainer.model.gpu import suit_gpu
from seedbed.trainer.model.student import Student, check_packing
from seedbed.trainer.recipe import Phase, TrainingRecipe

Row = dict[str, Any]
"""Of metrics, with the processor's time beside the clock's."""


def make_samples(vocabulary: int, count: int, longest: int) -> list[Sample]:
    """Conversations of many lengths, of whose tokens three quarters count."""
    draw = random.Random(7)
    samples = []
    for _ in range(count):
        length = min(longest, max(24, int(draw.lognormvariate(5.6, 0.75))))
        ids = tuple(draw.randrange(10, vocabulary) for _ in range(length))
        samples.append(Sample(ids, tuple(place >= length // 4 for place in range(length))))
    return samples


def make_llama(attention: str = SEGMENTS, **shape: Any) -> Any:
    """A Llama with random weights, the same each time; its embeddings are its head."""
    register()
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(tie_word_embeddings=True, attn_implementation=attention, **shape))


def run_loop(
    model: Any, samples: list[Sample], steps: int, room: int, rows: int, *, bfloat16: bool
) -> list[Row]:
    """What the trainer's loop notes of so many steps, on the device where the model is.

    `room` is how many tokens a row has, `rows` how many of them a step.
    """
    device = next(model.parameters()).device
    phase = Phase.model_construct(
        name="bench", learning_rate=1e-4, warmup=0, schedule="constant", floor=0, epochs=1,
        batch_samples=None, batch_tokens=room * rows, context=room, data=(), external=(), replay=(),
    )  # fmt: skip
    recipe = TrainingRecipe.model_construct(
        phases=(phase,), seed=1, betas=(0.9, 0.999), epsilon=1e-8, weight_decay=0.0, clip=1.0
    )
    suit_gpu(model)
    student = Student(model, eager=False)
    check_packing(student, model.config.vocab_size)
    planned = plan_steps(phase, [len(one.ids) for one in samples], 1, room, packing=True)[:steps]
    plan = PhasePlan(recipe, phase, samples, planned, phase.tuned_for.start(()))
    loop = Loop(plan, student, student.model, ProcessGroup(0, 1, device), bfloat16=bfloat16, sharded=False)
    noted: list[Row] = []

    def note(row: Row) -> None:
        noted.append({**row, "processor": time.process_time(), "clock": time.monotonic()})

    loop.run(Hooks(lambda: False, note, lambda _: None))
    return noted
