"""What checkpoints say of their training: which was trained on a leaf last, and in which turns. Pure."""

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest


def find_last_trained(checkpoints: Sequence[tuple[str, CheckpointManifest]]) -> dict[str, str]:
    """By leaf the checkpoint's name; what a recipe does not say counts as trained on where it was seen."""
    last_trained: dict[str, str] = {}
    for name, manifest in checkpoints:
        data = _data_of(manifest)
        for leaf in manifest.leaves:
            if data is None or any(_selects(selection, leaf.path) for selection in data):
                last_trained[leaf.path] = name
    return last_trained


def find_turns(manifest: CheckpointManifest) -> str:
    """What a training made of system messages; where its recipe does not say they were kept."""
    try:
        return str(json.loads(manifest.recipe)["system"])
    except (ValueError, TypeError, KeyError):
        return "keep"


def _data_of(manifest: CheckpointManifest) -> list[dict[str, Any]] | None:
    """What the phase has of its own, by its recipe."""
    try:
        phases = json.loads(manifest.recipe)["phases"]
    except (ValueError, TypeError, KeyError):
        return None
    for phase in phases:
        if phase.get("name") == manifest.phase:
            return list(phase.get("data", ()))
    return None


def _selects(selection: dict[str, Any], path: str) -> bool:
    kinds, globs = selection.get("kinds"), selection.get("leaves")
    return (not kinds or _kind_of(path) in kinds) and (not globs or any(fnmatchcase(path, g) for g in globs))


def _kind_of(path: str) -> str:
    """A leaf's kind as training recipes name it: its branch of the taxonomy."""
    return path.partition("/")[0].partition("_skills")[0]
