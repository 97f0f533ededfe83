"""The job of a training process and its outcome: two files in a folder of its own."""

from pathlib import Path
from typing import Literal

from google.protobuf import json_format
from pydantic import BaseModel, ConfigDict

from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest

JOB, OUTCOME, METRICS, CHECKPOINT, SNAPSHOTS = (
    "job.json",
    "outcome.json",
    "metrics.jsonl",
    "checkpoint",
    "snapshots",
)
_PART = f".{OUTCOME}"
_MOST = 4096


class Job(BaseModel):
    """One phase to train: what, from where, with what; all that the process is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    work: Path
    """The folder where all of it happens."""
    phase: str
    recipe: str
    dataset: Path
    external: dict[str, Path] = {}
    """Datasets from elsewhere, by the path that the recipe has."""
    model: str
    """Folder or name of the base; empty where a student is to be made."""
    model_name: str
    """As it is to be called."""
    revision: str = ""
    """On the hub."""
    parent: Path | None = None
    """The checkpoint that the phase begins from; else it begins from the base."""
    snapshot: Path | None = None
    """Where the phase was left."""
    manifest: str
    """The manifest of the checkpoint, as JSON, with what is known before."""
    threads: int = 0
    """Of each process; 0 means as many as there are cores for it."""
    shard: bool | None = None
    """Whether the weights are spread over the processes; by itself on several GPUs."""
    snapshot_seconds: float = 600
    owner: int = 0
    """The process that wants it; ends it, so does this one. 0 means nobody."""

    def head(self) -> CheckpointManifest:
        """The manifest, as far as it is known before."""
        return json_format.Parse(self.manifest, CheckpointManifest())


class Outcome(BaseModel):
    """How a training process ended: done, stopped on request, or failed and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    end: Literal["done", "stopped", "failed"]
    error: str = ""
    hint: str = ""


def read_outcome(work: Path) -> Outcome | None:
    """The answer; None where there is none, as after a crash."""
    try:
        return Outcome.model_validate_json((work / OUTCOME).read_bytes())
    except (OSError, ValueError):
        return None


def reserve_space(work: Path) -> None:
    """Take the disk space that the outcome needs, while there is some: it may have to report a full disk."""
    (work / _PART).write_bytes(bytes(_MOST))


def write_outcome(work: Path, outcome: Outcome) -> None:
    """Write the outcome, all of it or nothing; in the space that was reserved, where it was."""
    part = work / _PART
    with part.open("r+b" if part.exists() else "wb") as file:
        file.write(outcome.model_dump_json().encode())
        file.truncate()
    part.replace(work / OUTCOME)
