"""Fetching a run's parts and writing them down as a dataset."""

import contextlib
import tempfile
from pathlib import Path
from typing import BinaryIO

import grpc
import grpc.aio

from seedbed.bus.v1.bus_pb2 import LeafState
from seedbed.cli.commands.watch import get_run
from seedbed.cli.reach.connect import Runs
from seedbed.cli.render.failure import DONE
from seedbed.cli.render.screen import Screen
from seedbed.dataset import DatasetWriter, LeafPart, Manifest
from seedbed.dataset.folder import check_replaceable
from seedbed.kernel.errors import InputError
from seedbed.runs.v1.runs_service_pb2 import (
    DatasetPart,
    GetDatasetRequest,
    GetDatasetResponse,
    ReadPartRequest,
)

_TIMEOUT = 300.0


def check_target(out: Path) -> None:
    """Find out before the run whether its dataset can be written there. Raises InputError."""
    made: list[Path] = []
    try:
        # Where the writer goes, too: a link is followed.
        folder = out.expanduser().resolve()
        check_replaceable(folder)
        # Tried and not asked: a superuser may do all, but not on a disk that is read-only, or below a file.
        for place in reversed(folder.parents):
            if not place.exists():
                place.mkdir()
                made.append(place)
        tempfile.TemporaryDirectory(prefix=f".{folder.name}.probe-", dir=folder.parent).cleanup()
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"the dataset cannot be written to {out}: {why}", hint="name another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            for place in reversed(made):
                place.rmdir()


async def export(runs: Runs, run: str, out: Path, screen: Screen) -> int:
    """Write what a run has to a folder, and say what it is."""
    check_target(out)
    manifest = await export_dataset(runs, run, out)
    screen.say(describe_dataset(manifest, out))
    if manifest.partial:
        for leaf in (await get_run(runs, run)).leaves:
            if leaf.state == LeafState.LEAF_STATE_DAMAGED:
                screen.warn(f"{leaf.path}: {leaf.reason}")
    if screen.machine:
        screen.emit({"run": run, "folder": str(out), "partial": manifest.partial})
    return DONE


async def export_dataset(runs: Runs, run: str, out: Path) -> Manifest:
    """Write what the run has: all of it, or a dataset marked as partial. Raises SeedbedError."""
    dataset = await _get_dataset(runs, run)
    while True:
        try:
            return await _write_dataset(runs, dataset, out)
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.DATA_LOSS:
                raise
            # A part is damaged: its leaf has ended so by now, and is left out when the run is asked again.
            before, dataset = len(dataset.parts), await _get_dataset(runs, run)
            if len(dataset.parts) >= before:
                raise


async def _get_dataset(runs: Runs, run: str) -> GetDatasetResponse:
    return await runs.stub.GetDataset(GetDatasetRequest(run=run), timeout=_TIMEOUT)


async def _write_dataset(runs: Runs, dataset: GetDatasetResponse, out: Path) -> Manifest:
    with DatasetWriter(out.expanduser(), dataset.plan, partial=dataset.partial) as writer:
        for entry in dataset.parts:
            with tempfile.TemporaryFile() as file:
                writer.add(await _read_part(runs, dataset.run, entry, file))
        return writer.finish()


async def _read_part(runs: Runs, run: str, entry: DatasetPart, file: BinaryIO) -> LeafPart:
    """Through a file, as a large leaf's part may be larger than the memory."""
    request = ReadPartRequest(run=run, part=entry.part)
    async for answer in runs.stub.ReadPart(request, timeout=_TIMEOUT):
        file.write(answer.data)
    return LeafPart.read(entry, file)


def describe_dataset(manifest: Manifest, out: Path) -> str:
    """Where the files are and how many rows they have, one line each."""
    partial = " (partial: leaves have not ended, or are damaged)" if manifest.partial else ""
    lines = [f"dataset in {out}{partial}:"]
    for file in manifest.files:
        rows = "" if file.rows is None else f"  {file.rows} rows"
        lines.append(f"  {out / file.name}{rows}")
    return "\n".join([*lines, f"  {out / 'manifest.json'}"])
