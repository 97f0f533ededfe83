"""Snapshots: weights, optimizer, random states and progress; enough to go on as if nothing had been.

The states are complete, not one process's part, so that any number of processes can go on from them.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from seedbed.kernel.store.artifacts import MANIFEST, describe_files
from seedbed.trainer.loop.distributed import ProcessGroup
from seedbed.trainer.service.disk import writing

WEIGHTS, OPTIMIZER, CHANCE, PROGRESS = "weights.safetensors", "optimizer.pt", "chance.pt", "progress.json"


@dataclass
class Progress:
    """How far a phase is."""

    phase: str = ""
    """Digest of what its weights depend on: recipe, rows, code."""
    step: int = 0
    samples: int = 0
    tokens: int = 0
    counted: int = 0
    seconds: float = 0
    metrics: list[dict[str, Any]] = field(default_factory=list)
    """A row for each step."""


def rng_states(device: torch.device) -> dict[str, torch.Tensor]:
    """The states of this process's random number generators."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_rng_states(states: dict[str, torch.Tensor], device: torch.device) -> None:
    """Have the generators go on from these states."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)


def save_snapshot(
    folder: Path,
    model: Any,
    optimizer: torch.optim.Optimizer,
    chance: dict[str, torch.Tensor],
    progress: Progress,
    group: ProcessGroup,
) -> None:
    """Write a snapshot; the folder has its name once all is in it. Called by every process."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    weights = get_model_state_dict(model, options=options)
    state = get_optimizer_state_dict(model, optimizer, options=options)
    chances = group.gather(chance)
    if not group.first:
        return
    work = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    # torch says of a disk that is full that it is a runtime error.
    with writing(work, RuntimeError):
        work.mkdir(parents=True)
        save_file({name: value.contiguous() for name, value in _own(weights).items()}, work / WEIGHTS)
        torch.save(state, work / OPTIMIZER)
        torch.save(chances, work / CHANCE)
        (work / PROGRESS).write_text(json.dumps(asdict(progress)), encoding="utf-8")
        files = [asdict(file) for file in describe_files(work)]
        (work / MANIFEST).write_text(json.dumps({"files": files}), encoding="utf-8")
        work.rename(folder)


def read_progress(folder: Path) -> Progress:
    """How far a snapshot is, without its weights."""
    return Progress(**json.loads((folder / PROGRESS).read_text(encoding="utf-8")))


def load_snapshot(
    folder: Path, model: Any, optimizer: torch.optim.Optimizer, group: ProcessGroup
) -> tuple[Progress, dict[str, torch.Tensor]]:
    """Take up a snapshot; chance is given back, to be restored last. Called by every process."""
    options = StateDictOptions(full_state_dict=True, strict=False)
    set_model_state_dict(model, load_file(folder / WEIGHTS), options=options)
    state = torch.load(folder / OPTIMIZER, weights_only=True)
    set_optimizer_state_dict(model, optimizer, state, options=options)
    chances: Sequence[dict[str, torch.Tensor]] = torch.load(folder / CHANCE, weights_only=True)
    progress = read_progress(folder)
    # With another number of processes than before it draws on from the first one's.
    return progress, chances[group.number if len(chances) == group.count else 0]


def _own(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Each tensor once: tied weights stand under several names."""
    seen: set[int] = set()
    own = {}
    for name, value in weights.items():
        if value.data_ptr() not in seen:
            seen.add(value.data_ptr())
            own[name] = value
    return own
