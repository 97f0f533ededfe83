"""`seedbed report`: one page about a run, with its training and evaluation where there are any."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from seedbed.cli.commands.export import export_dataset
from seedbed.cli.commands.watch import get_run
from seedbed.cli.reach.connect import Runs
from seedbed.cli.reach.evidence import Evidence, find_evidence
from seedbed.cli.reach.ids import LATEST
from seedbed.cli.render.failure import DONE
from seedbed.cli.render.screen import Screen
from seedbed.dataset.manifest import CANDIDATES_FILE, MANIFEST_FILE, SAMPLES_FILE
from seedbed.kernel.errors import InputError
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.interface import Store
from seedbed.report import gather_facts, write_page


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Which report, and where it goes."""

    run: str
    out: Path
    training: str = ""


async def report(runs: Runs, store: Store, request: ReportRequest, screen: Screen) -> int:
    """Write the page. Raises SeedbedError."""
    check_place(request.out)
    run = await get_run(runs, request.run)
    with tempfile.TemporaryDirectory(prefix="seedbed-report-") as folder:
        dataset = Path(folder) / "dataset"
        await export_dataset(runs, request.run, dataset)
        digest = sha256_hex((dataset / MANIFEST_FILE).read_bytes())
        samples, candidates = _read(dataset / SAMPLES_FILE), _read(dataset / CANDIDATES_FILE)
    found = await find_evidence(store, digest, "" if request.training == LATEST else request.training)
    page = write_page(
        gather_facts(run, samples, candidates, found.checkpoints, found.metrics, found.evaluation)
    )
    try:
        request.out.expanduser().write_text(page, encoding="utf-8")
    except OSError as error:
        raise _cannot_write(request.out, error.strerror or str(error)) from error
    screen.say(_describe(request, found))
    if screen.machine:
        training = found.checkpoints[-1].training if found.checkpoints else ""
        evaluation = found.evaluation.name if found.evaluation else ""
        screen.emit(
            {"report": str(request.out), "run": request.run, "training": training, "evaluation": evaluation}
        )
    return DONE


def check_place(out: Path) -> None:
    """Find out early whether the page can be written there. Raises InputError."""
    place = out.expanduser().absolute()
    if place.is_dir():
        raise _cannot_write(out, "it is a folder")
    if not place.parent.is_dir():
        raise _cannot_write(out, f"there is no folder {place.parent}")


def _cannot_write(out: Path, why: str) -> InputError:
    return InputError(f"the report cannot be written to {out}: {why}", hint="name another file with --out")


def _read(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return rows


def _describe(request: ReportRequest, found: Evidence) -> str:
    if not found.checkpoints:
        return f"report in {request.out}: the dataset; nothing was trained on it yet"
    training = found.checkpoints[-1].training
    if found.evaluation is None:
        return f"report in {request.out}: the dataset and training {training}, which was not evaluated yet"
    return f"report in {request.out}: the dataset, training {training} and evaluation {found.evaluation.name}"
