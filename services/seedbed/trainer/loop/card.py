"""The model card of a checkpoint: what it was made from, how, and how far it came."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from seedbed.kernel.weights import is_gguf
from seedbed.trainer.recipe import BASE, read_training_recipe
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest, WeightsKind

_SCRATCH = "scratch"
_MOST = 20
"""Leaves that are named, at most."""


def write_card(manifest: CheckpointManifest, licence: str) -> str:
    """Write a checkpoint's `README.md`, the model card that hubs show."""
    adapter = manifest.kind == WeightsKind.WEIGHTS_KIND_ADAPTER
    head: dict[str, object] = {"library_name": "peft" if adapter else "transformers"}
    if manifest.base.name != _SCRATCH:
        kind = "adapter" if adapter else "finetune"
        head |= {"base_model": manifest.base.name, "base_model_relation": kind}
    if licence:
        head["license"] = licence
    head |= {"pipeline_tag": "text-generation", "tags": ["seedbed", *(["lora"] if adapter else [])]}
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n" + "\n".join(_body(manifest, licence, adapter=adapter)) + "\n"


def licence_of(base: str) -> str:
    """The licence that a base's own card or file names; "" where it names none here."""
    if is_gguf(base):
        return _licence_in(base)
    try:
        text = (Path(base) / "README.md").read_text(encoding="utf-8")
        front = yaml.safe_load(text.split("---")[1]) if text.startswith("---") else None
    except (OSError, ValueError, IndexError, yaml.YAMLError):
        return ""
    named = front.get("license") if isinstance(front, dict) else None
    return named if isinstance(named, str) else ""


def _licence_in(file: str) -> str:
    from gguf import GGUFReader  # noqa: PLC0415  most begin from no such file

    field = GGUFReader(file).get_field("general.license")
    return str(field.contents()) if field else ""


def _body(manifest: CheckpointManifest, licence: str, *, adapter: bool) -> Iterator[str]:
    what = "An adapter (LoRA)" if adapter else "A whole model"
    yield f"# {manifest.training}, phase {manifest.phase}\n"
    yield f"{what}, tuned by Seedbed {manifest.surroundings.seedbed}; more is in `manifest.json`.\n"
    yield "## From what\n"
    yield f"- Base: {_base(manifest)}"
    yield f"- Licence: {licence or 'that of its base, which does not name one where it lies'}"
    yield f"- Dataset: sha256 of its manifest `{manifest.dataset}`"
    yield from _phases(manifest)
    yield "\n## How it went\n"
    yield from _table(_figures(manifest))
    yield "\n## What it was shown\n"
    leaves = sorted(manifest.leaves, key=lambda leaf: -leaf.share)
    shown = [(f"`{one.path}`", f"{one.samples}", f"{one.share:.1%}") for one in leaves]
    shown += [(f"{one.source}, besides", f"{one.samples}", f"{one.share:.1%}") for one in manifest.replay]
    yield from _table([("leaf or source", "samples", "share of an epoch"), *shown[:_MOST]])
    if len(shown) > _MOST:
        yield f"\nand {len(shown) - _MOST} more"
    yield "\nWhat it gained and what it forgot, leaf by leaf, is told by `seedbed evaluate`."


def _base(manifest: CheckpointManifest) -> str:
    if manifest.base.name == _SCRATCH:
        return "none, it was made from scratch: a few million weights, no model to use"
    at = f" at `{manifest.base.digest}`" if manifest.base.digest else ""
    return f"`{manifest.base.name}`{at}"


def _phases(manifest: CheckpointManifest) -> Iterator[str]:
    """The phases up to this one."""
    if manifest.phase == BASE:
        yield "- Phase: its first words, from text that comes with Seedbed"
        return
    for phase in read_training_recipe(manifest.recipe).phases if manifest.recipe else ():
        batch = f"{phase.batch_samples} samples" if phase.batch_samples else f"{phase.batch_tokens} tokens"
        this = phase.name == manifest.phase
        ends = [phase.tuned_for.describe(), "this checkpoint" if this else ""]
        long = f"{phase.epochs} epochs" if phase.tokens is None else f"{phase.tokens} tokens learnt"
        yield (
            f"- Phase `{phase.name}`: {long}, {batch} a step, learning rate "
            f"{phase.learning_rate:g}{''.join(f', {end}' for end in ends if end)}"
        )
        if this:
            return


def _figures(manifest: CheckpointManifest) -> list[tuple[str, str]]:
    around, left_out = manifest.surroundings, manifest.excluded
    count = left_out.too_long + left_out.malformed + left_out.not_rendered + left_out.nothing_counted
    return [
        ("figure", "value"),
        ("loss, first tenth of the steps", f"{manifest.first_loss:.4f}"),
        ("loss, last tenth of the steps", f"{manifest.last_loss:.4f}"),
        ("steps", f"{manifest.steps}"),
        ("samples seen", f"{manifest.samples_seen}"),
        ("tokens seen", f"{manifest.tokens_seen}"),
        ("tokens learnt", f"{manifest.counted_tokens_seen}"),
        ("rows left out", f"{count}"),
        ("seed", f"{manifest.seed}"),
        ("device", f"{around.device}, {around.processes} processes, arithmetic in {around.precision}"),
    ]


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    head, *rest = rows
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rest:
        yield f"| {' | '.join(row)} |"
