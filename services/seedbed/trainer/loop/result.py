"""What comes of a phase: a checkpoint in Hugging Face's layout, and a manifest of all that it came from."""

import math
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import torch
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

from seedbed import __version__
from seedbed.kernel.store.checkpoints import write_checkpoint_manifest
from seedbed.trainer.data.masks import Sample
from seedbed.trainer.data.selection import Chosen
from seedbed.trainer.loop.card import licence_of, write_card
from seedbed.trainer.loop.distributed import ProcessGroup
from seedbed.trainer.loop.job import CHECKPOINT, METRICS, Job
from seedbed.trainer.loop.prepare import Prepared
from seedbed.trainer.loop.snapshot import Progress
from seedbed.trainer.model.dtypes import narrow
from seedbed.trainer.model.generation_ends import learnt_ends, name_ends
from seedbed.trainer.service.disk import writing
from seedbed.trainer.v1.checkpoint_pb2 import (
    CheckpointManifest,
    LeafWeight,
    ReplayWeight,
    Surroundings,
    WeightsKind,
)

_LIBRARIES = ("torch", "transformers", "peft", "tokenizers", "safetensors")
_PART = 10
CARD = "README.md"


def save_result(
    job: Job, prepared: Prepared, progress: Progress, group: ProcessGroup, *, sharded: bool
) -> None:
    """Write the checkpoint's folder, its manifest last. Called by every process."""
    folder, model, state = job.work / CHECKPOINT, prepared.model, {}
    if sharded:
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        whole = get_model_state_dict(prepared.student, options=options)
        state = {name.removeprefix("model."): value for name, value in whole.items()}
    if not group.first:
        return
    _name_base(model, job.model_name)
    ends = name_ends(model, learnt_ends(prepared.plan.samples))
    adapter = hasattr(model, "peft_config")
    if prepared.kept_as is not None and not adapter:
        state = narrow(model, state or model.state_dict(), prepared.kept_as)
    manifest = _describe(job.head(), prepared, progress, group)
    with writing(folder):
        folder.mkdir()
        prepared.tokenizer.save_pretrained(folder)
        model.save_pretrained(folder, **({"state_dict": state} if state else {}))
        if prepared.kept_as is not None and not adapter:
            model.config.dtype = prepared.kept_as
            model.config.save_pretrained(folder)
        if adapter:
            # Beside an adapter nobody else writes it.
            ends.save_pretrained(folder)
        (folder / CARD).write_text(write_card(manifest, licence_of(job.model)), encoding="utf-8")
        (folder / METRICS).write_bytes((job.work / METRICS).read_bytes())
        write_checkpoint_manifest(folder, manifest)


def _name_base(model: Any, name: str) -> None:
    for config in getattr(model, "peft_config", {}).values():
        config.base_model_name_or_path = name


def _describe(
    manifest: CheckpointManifest, prepared: Prepared, progress: Progress, group: ProcessGroup
) -> CheckpointManifest:
    adapter = hasattr(prepared.model, "peft_config")
    manifest.kind = WeightsKind.WEIGHTS_KIND_ADAPTER if adapter else WeightsKind.WEIGHTS_KIND_FULL
    samples = prepared.plan.samples
    manifest.leaves.extend(weigh_leaves(prepared.chosen, samples))
    manifest.replay.extend(weigh_sources(prepared.chosen, samples))
    manifest.excluded.CopyFrom(prepared.excluded)
    manifest.epochs = math.ceil(prepared.plan.epochs)
    manifest.steps = progress.step
    manifest.samples_seen = progress.samples
    manifest.tokens_seen = progress.tokens
    manifest.counted_tokens_seen = progress.counted
    manifest.seconds = round(progress.seconds, 3)
    manifest.first_loss, manifest.last_loss = ends_of_loss(progress.metrics)
    manifest.surroundings.CopyFrom(
        Surroundings(
            seedbed=__version__,
            libraries={**{name: version(name) for name in _LIBRARIES}, "python": platform.python_version()},
            device=torch.cuda.get_device_name(group.device) if group.device.type == "cuda" else "cpu",
            processes=group.count,
            threads=torch.get_num_threads(),
            precision="bfloat16" if prepared.bfloat16 else "float32",
        )
    )
    return manifest


def weigh_leaves(chosen: Sequence[Chosen], samples: Sequence[Sample]) -> list[LeafWeight]:
    """How much of an epoch each leaf has, replayed rows included, in order of path."""
    total = sum(sample.counted_tokens for sample in samples)
    found: dict[str, LeafWeight] = {}
    for one, sample in zip(chosen, samples, strict=True):
        if not one.row.leaf:
            continue
        weight = found.setdefault(
            one.row.leaf, LeafWeight(path=one.row.leaf, leaf_digest=one.row.leaf_digest)
        )
        _add(weight, sample)
        weight.share = weight.counted_tokens / total
    return [found[path] for path in sorted(found)]


def weigh_sources(chosen: Sequence[Chosen], samples: Sequence[Sample]) -> list[ReplayWeight]:
    """How much of an epoch is replayed or comes from elsewhere, in order of source."""
    total = sum(sample.counted_tokens for sample in samples)
    found: dict[str, ReplayWeight] = {}
    for one, sample in zip(chosen, samples, strict=True):
        if not one.source:
            continue
        weight = found.setdefault(one.source, ReplayWeight(source=one.source))
        _add(weight, sample)
        weight.share = weight.counted_tokens / total
    return [found[source] for source in sorted(found)]


def _add(weight: LeafWeight | ReplayWeight, sample: Sample) -> None:
    weight.samples += 1
    weight.tokens += len(sample.ids)
    weight.counted_tokens += sample.counted_tokens


def ends_of_loss(metrics: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """The mean loss over the first and the last tenth of the steps."""
    part = max(1, len(metrics) // _PART)
    return _mean(metrics[:part]), _mean(metrics[-part:])


def _mean(rows: Sequence[dict[str, Any]]) -> float:
    counted = sum(row["counted_tokens"] for row in rows)
    return float(sum(row["loss"] * row["counted_tokens"] for row in rows) / counted) if counted else 0.0
