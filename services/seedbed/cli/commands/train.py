"""`seedbed train`: from a dataset to a tuned student, on a stack of its own."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from seedbed.cli.commands.export import export_dataset
from seedbed.cli.commands.trainings import as_object, exit_code, report_training
from seedbed.cli.reach.connect import local_access, open_runs, reach_store, server_access
from seedbed.cli.reach.ids import find_run
from seedbed.cli.reach.student_folder import check_place, write_student
from seedbed.cli.reach.trainers import WITH_TRAINER, Trainer, open_trainer
from seedbed.cli.render.failure import INTERRUPTED
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.training_progress import follow_training
from seedbed.cli.stack.programs import DORMANT, address, make_programs, port_names
from seedbed.cli.stack.stack import Stack
from seedbed.cli.stack.state import StateFolder
from seedbed.dataset import read_manifest, verify_files
from seedbed.kernel.errors import InputError, SeedbedError
from seedbed.kernel.formats.yaml_config import read_yaml
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.rpc.channel import Access
from seedbed.kernel.settings import load_settings
from seedbed.kernel.store.artifacts import MANIFEST, dataset_prefix, put_folder
from seedbed.kernel.store.blobs import put_blob_file
from seedbed.kernel.store.interface import Store
from seedbed.trainer.v1.trainer_service_pb2 import (
    RowsFile,
    Training,
    TrainingMetadata,
    TrainingState,
    TrainRequest,
)

# A large model's files are hashed first.
_TIMEOUT = 1800.0
SCRATCH = "scratch"
SCRATCH_NOTICE = (
    "The student is made from scratch: a few million weights and no knowledge of the world. "
    "This shows how everything works; it is no model to use."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainArguments:
    """The arguments of `seedbed train`."""

    dataset: str
    """A dataset's folder, or a run."""
    model: str
    recipe: str
    state: Path
    out: Path
    server: str = ""
    rows: tuple[Path, ...] = ()
    """Files of rows from elsewhere."""


@dataclass(frozen=True, slots=True)
class TrainingStack:
    """The stack that trains: its trainer, its store, and how its runs service is reached."""

    trainer: Trainer
    store: Store
    runs: str
    access: Access


class TrainCommand:
    """One invocation, and how far it came: reported also when it ends before its time."""

    def __init__(self, order: TrainArguments, screen: Screen) -> None:
        self._order = order
        self._screen = screen
        self._training = Training()

    def report_failure(self, code: int, message: str) -> None:
        """Say how it stands after an end before its time."""
        if code == INTERRUPTED:
            self._screen.fail("interrupted; the same command goes on where it was")
        if self._screen.machine:
            self._screen.emit({**as_object(self._training), "error": message})

    async def run(self) -> int:
        """Send the dataset, train, write the student. Returns the exit status."""
        order, screen = self._order, self._screen
        if not order.model:
            raise InputError(
                "no model is named",
                hint="--model NAME for one on the hub, a folder, or `scratch` for one made here",
            )
        check_place(order.out)
        _check_names(order.rows)
        if order.model == SCRATCH:
            screen.warn(SCRATCH_NOTICE)
        async with self._open() as place:
            digest = await self._send(place)
            rows = [await _send_rows(place.store, path) for path in order.rows]
            await self._train(place, digest, await self._read_recipe(place.store), rows)
            report_training(self._training, screen)
            if self._training.state == TrainingState.TRAINING_STATE_SUCCEEDED:
                await write_student(place.store, self._training, order.out)
                screen.say(f"student in {order.out}")
        return exit_code(self._training)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[TrainingStack]:
        """The trainer that is meant: a named one, that of a stack that is up, or one of our own."""
        settings = load_settings()
        if self._order.server:
            store = await reach_store(self._order.server, self._order.state)
            access = server_access(self._order.server)
            async with open_trainer(self._order.server, access) as trainer:
                yield TrainingStack(trainer, store, settings.runs_address, access)
            return
        state = StateFolder(self._order.state)
        ports = state.live_ports() if state.exists else {}
        if set(WITH_TRAINER) <= ports.keys():
            async with self._at(state, ports) as place:
                yield place
            return
        with state.hold("train") as ended:
            if ended:
                self._screen.say(f"ended what a dead supervisor had left behind: {', '.join(ended)}")
            ports = state.choose_ports(port_names(WITH_TRAINER, rehearsal=False))
            programs = make_programs(state, ports, None, DORMANT)
            async with Stack(state, programs, ports, self._screen.warn) as stack:
                await stack.ready()
                async with self._at(state, ports) as place:
                    yield place

    @asynccontextmanager
    async def _at(self, state: StateFolder, ports: dict[str, int]) -> AsyncIterator[TrainingStack]:
        store = await reach_store("", state.root)
        access = local_access(state)
        async with open_trainer(address(ports["trainer"]), access) as trainer:
            yield TrainingStack(trainer, store, address(ports["runs"]), access)

    async def _send(self, place: TrainingStack) -> str:
        """Bring the dataset into the store; its digest."""
        named = Path(self._order.dataset).expanduser()
        if named.is_dir():
            return await _send_folder(place.store, named)
        folder = self._order.state.expanduser().absolute() / "cache" / f"export-{uuid4().hex}"
        try:
            async with open_runs(place.runs, place.access) as runs:
                await export_dataset(runs, await find_run(runs, self._order.dataset), folder)
            return await _send_folder(place.store, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _read_recipe(self, store: Store) -> str:
        """The training recipe's text, its external datasets in the store; or the name of a shipped one."""
        path = Path(self._order.recipe).expanduser()
        if not self._order.recipe or not path.is_file():
            return self._order.recipe
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the training recipe {path} cannot be read: {error}") from error
        try:
            values = read_yaml(text, "the training recipe")
        except InputError:
            return text  # Refused with line and column by whoever reads it in earnest.
        sent = [await _send_external(store, one, path.parent) for one in _externals(values)]
        return json.dumps(values) if sent else text

    async def _train(self, place: TrainingStack, dataset: str, recipe: str, rows: Sequence[RowsFile]) -> None:
        """Begin the training, or find it, and follow it to its end."""
        request = TrainRequest(
            dataset=dataset, model=self._order.model, recipe=recipe, rows=rows, request_id=str(uuid4())
        )
        operation = await place.trainer.stub.Train(request, timeout=_TIMEOUT)
        metadata = TrainingMetadata()
        if not operation.metadata.Unpack(metadata):
            raise SeedbedError("the trainer did not say which training it is")
        self._training = Training(name=metadata.training)
        self._screen.say(f"training {metadata.training}, dataset {dataset[:12]}")
        self._training = await follow_training(place.trainer, metadata.training, self._screen)


async def _send_folder(store: Store, folder: Path) -> str:
    read_manifest(folder)
    await asyncio.to_thread(verify_files, folder)
    digest = sha256_hex((folder / MANIFEST).read_bytes())
    return await put_folder(store, dataset_prefix(digest), folder)


def _check_names(files: Sequence[Path]) -> None:
    """Refuse files that a recipe could not tell apart, or that are not there. Raises InputError."""
    names = [path.name for path in files]
    for path in files:
        if names.count(path.name) > 1:
            raise InputError(f"several files of rows are called {path.name}", hint="rename one of them")
        if not path.expanduser().is_file():
            raise InputError(f"the file of rows {path} is not there")


async def _send_rows(store: Store, path: Path) -> RowsFile:
    digest = await _send_file(store, path.expanduser(), f"the file of rows {path}")
    return RowsFile(name=path.name, sha256=digest)


def _externals(values: Any) -> list[dict[str, Any]]:
    """The external datasets that a recipe names, as far as it is one."""
    phases = values.get("phases") if isinstance(values, dict) else None
    found = [
        one
        for phase in (phases if isinstance(phases, list) else [])
        if isinstance(phase, dict) and isinstance(phase.get("external"), list)
        for one in phase["external"]
    ]
    return [one for one in found if isinstance(one, dict) and one.get("path") and not one.get("sha256")]


async def _send_external(store: Store, one: dict[str, Any], beside: Path) -> str:
    path = beside / Path(str(one["path"])).expanduser()
    one["sha256"] = await _send_file(store, path, f"the external dataset {one['path']}")
    return str(one["sha256"])


async def _send_file(store: Store, path: Path, what: str) -> str:
    try:
        return await put_blob_file(store, path)
    except OSError as error:
        raise InputError(f"{what} cannot be read: {error.strerror or error}") from error
