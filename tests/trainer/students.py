"""Tiny real students, datasets in the exported form, and phases to train on them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from google.protobuf import json_format
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from seedbed.dataset import write_dataset
from seedbed.trainer.data.masks import Sample
from seedbed.trainer.loop.job import CHECKPOINT, JOB, METRICS, Job
from seedbed.trainer.model.attention import SEGMENTS, register
from seedbed.trainer.model.scratch import make_tokenizer
from seedbed.trainer.model.student import Student
from seedbed.trainer.recipe import TrainingRecipe, read_training_recipe
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest
from tests.dataset.leaves import make_leaves, make_plan

ROOT = Path(__file__).resolve().parent.parent.parent
VOCABULARY = 300
WORDS = "seeds wake when water comes and the soil is warm enough for them to grow"
RECIPE: dict[str, Any] = {
    "precision": "float32",
    "pack_tokens": 512,
    "phases": [
        {
            "name": "kt1",
            "data": [{"kinds": ["knowledge"], "answers": "short"}],
            "learning_rate": 0.01,
            "warmup": 2,
            "batch_samples": 4,
            "epochs": 3,
            "context": 512,
        },
        {
            "name": "st",
            "data": [{"kinds": ["compositional"]}],
            "replay": [{"phase": "kt1", "share": 0.5}],
            "learning_rate": 0.01,
            "batch_samples": 8,
            "epochs": 1,
            "context": 512,
        },
    ],
}

SMALL: dict[str, Any] = {
    "vocabulary": 400,
    "hidden": 32,
    "layers": 1,
    "heads": 2,
    "key_value_heads": 1,
    "context": 512,
    "epochs": 1,
}
"""A student from scratch that is made in a moment."""


def recipe(**more: Any) -> TrainingRecipe:
    """A recipe of two phases."""
    return read_training_recipe(json.dumps({**RECIPE, **more}))


def distilled(phase: dict[str, Any], teacher: Path | str = "base", **options: Any) -> dict[str, Any]:
    """A phase with a teacher."""
    return {**phase, "objective": "distil", "distil": {"from": str(teacher), **options}}


def tiny(vocabulary: int = VOCABULARY, attention: str = SEGMENTS, seed: int = 0) -> LlamaForCausalLM:
    """A causal model of a few thousand weights."""
    register()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        attn_implementation=attention,
    )
    return LlamaForCausalLM(config)


def student(attention: str = SEGMENTS, **more: Any) -> Student:
    """A tiny student, told that its scores are its head's."""
    made = Student(tiny(attention=attention, **more), eager=attention != SEGMENTS)
    made.plain_head = True
    return made


def samples(count: int = 5, seed: int = 1) -> list[Sample]:
    """Samples of different lengths, of which some tokens count."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(4, 40, (count,), generator=generator).tolist()
    return [
        Sample(
            tuple(torch.randint(0, VOCABULARY, (length,), generator=generator).tolist()),
            tuple(place >= length // 3 for place in range(length)),
        )
        for length in lengths
    ]


def tokenizer(texts: tuple[str, ...] = (WORDS,)) -> Any:
    """A byte-level tokenizer with a chat template."""
    return make_tokenizer(texts, 400, 512)


def write_tiny(folder: Path, seed: int = 0) -> Path:
    """A tiny student with its tokenizer, as a model in a folder."""
    made = tokenizer()
    made.save_pretrained(folder)
    tiny(len(made), seed=seed).save_pretrained(folder)
    return folder


def write_rows(folder: Path) -> Path:
    """A dataset in the exported form."""
    leaves = make_leaves()
    write_dataset(folder, make_plan(leaves), leaves)
    return folder


def make_job(work: Path, dataset: Path, model: Path | str, **more: Any) -> Job:
    """A job for the first phase."""
    work.mkdir(parents=True, exist_ok=True)
    recipe_text = more.pop("recipe", None) or recipe().canonical()
    job = Job(
        work=work,
        phase=more.pop("phase", "kt1"),
        recipe=recipe_text,
        dataset=dataset,
        model=str(model),
        model_name=str(model) or "scratch",
        manifest=json_format.MessageToJson(CheckpointManifest(training="t1", number=1)),
        threads=1,
        **more,
    )
    (work / JOB).write_text(job.model_dump_json())
    return job


def start(job: Job, processes: int = 1, env: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
    """Start a training process, or several."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    module = ["-m", "seedbed.trainer.loop.train", str(job.work / JOB)]
    command = [sys.executable, *(torchrun if processes > 1 else []), *module]
    with (job.work / "log.txt").open("ab") as log:
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}/services:{ROOT}",
                "OMP_WAIT_POLICY": "PASSIVE",
                "HF_HUB_OFFLINE": "1",
                **(env or {}),
            },
        )


def train(job: Job, processes: int = 1, env: Mapping[str, str] | None = None) -> int:
    """Train a phase to its end; the exit status."""
    return start(job, processes, env).wait(timeout=400)


def wait_for_steps(job: Job, count: int) -> None:
    """Wait until a training has done so many steps."""
    path = job.work / METRICS
    deadline = time.monotonic() + 90
    while not path.exists() or len(path.read_text().splitlines()) < count:
        assert time.monotonic() < deadline, log_of(job)
        time.sleep(0.01)


def losses(job: Job) -> list[float]:
    """The loss of each step."""
    return [json.loads(line)["loss"] for line in (job.work / METRICS).read_text().splitlines()]


def weights(job: Job, name: str = "model.safetensors") -> bytes:
    """All weights of the checkpoint, as bytes."""
    return weights_in(job.work / CHECKPOINT, name)


def weights_in(folder: Path, name: str = "model.safetensors") -> bytes:
    """All weights of a checkpoint's folder, as bytes."""
    found = load_file(folder / name)
    return b"".join(found[key].numpy().tobytes() for key in sorted(found))


def log_of(job: Job) -> str:
    """What the process said."""
    return (job.work / "log.txt").read_text()
