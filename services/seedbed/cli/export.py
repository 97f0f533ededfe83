"""Fetching a run's parts and writing them down as a dataset."""

import os
from pathlib import Path

from seedbed.cli.failure import DONE
from seedbed.cli.reach import Runs
from seedbed.cli.screen import Screen
from seedbed.dataset import DatasetWriter, LeafPart, Manifest
from seedbed.dataset.folder import check_replaceable
from seedbed.kernel.errors import InputError
from seedbed.runs.v1.runs_service_pb2 import DatasetPart, GetDatasetRequest, ReadPartRequest

_TIMEOUT = 300.0


def check_target(out: Path) -> None:
    """Find out before the run whether its dataset can be written there. Raises InputError."""
    folder = out.expanduser().absolute()
    check_replaceable(folder)
    place = folder.parent
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise InputError(
            f"the dataset cannot be written to {out}: {place} does not allow it", hint="name another folder"
        )


async def export(runs: Runs, run: str, out: Path, screen: Screen) -> int:
    """Write what a run has to a folder, and say what it is."""
    check_target(out)
    manifest = await export_dataset(runs, run, out)
    screen.say(describe_dataset(manifest, out))
    if screen.machine:
        screen.emit({"run": run, "folder": str(out), "partial": manifest.partial})
    return DONE


async def export_dataset(runs: Runs, run: str, out: Path) -> Manifest:
    """Write what the run has: all of it, or a dataset marked as partial. Raises SeedbedError."""
    dataset = await runs.stub.GetDataset(GetDatasetRequest(run=run), timeout=_TIMEOUT)
    with DatasetWriter(out.expanduser(), dataset.plan, partial=dataset.partial) as writer:
        for entry in dataset.parts:
            writer.add(await _read_part(runs, run, entry))
        return writer.finish()


async def _read_part(runs: Runs, run: str, entry: DatasetPart) -> LeafPart:
    request = ReadPartRequest(run=run, part=entry.part)
    data = [answer.data async for answer in runs.stub.ReadPart(request, timeout=_TIMEOUT)]
    return LeafPart.parse(entry, b"".join(data))


def describe_dataset(manifest: Manifest, out: Path) -> str:
    """Where the files are and how many rows they have, one line each."""
    partial = " (partial: the run has not ended)" if manifest.partial else ""
    lines = [f"dataset in {out}{partial}:"]
    for file in manifest.files:
        rows = "" if file.rows is None else f"  {file.rows} rows"
        lines.append(f"  {out / file.name}{rows}")
    return "\n".join([*lines, f"  {out / 'manifest.json'}"])
