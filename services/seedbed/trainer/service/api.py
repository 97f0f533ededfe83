"""The trainer over gRPC. What it knows is on the bus, so any trainer answers for all."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
from google.longrunning.operations_pb2 import Operation

from seedbed.bus.v1.bus_pb2 import Event
from seedbed.dataset.manifest import Manifest
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import InputError, NotFound, SeedbedError, Violation
from seedbed.kernel.rpc.paging import take_page
from seedbed.kernel.rpc.request_ids import RequestIds
from seedbed.kernel.store.artifacts import dataset_prefix, read_folder_manifest
from seedbed.kernel.store.checkpoints import parse_checkpoint_manifest, prefix_of
from seedbed.kernel.store.interface import Store
from seedbed.trainer.model.bases import find_base, pin_models
from seedbed.trainer.phase_data import External
from seedbed.trainer.recipe import TrainingRecipe, read_training_recipe
from seedbed.trainer.service.external_rows import check_external
from seedbed.trainer.service.operations import make_operation
from seedbed.trainer.service.trainings import Trainings, latest_first
from seedbed.trainer.service.transitions import cancel, has_ended, set_going
from seedbed.trainer.shipped_recipes import DEFAULT, read_shipped, shipped_names
from seedbed.trainer.training import check_training, make_training
from seedbed.trainer.v1 import trainer_service_pb2 as pb
from seedbed.trainer.v1.trainer_service_pb2_grpc import TrainerServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]


class TrainerApi(TrainerServiceServicer):
    """TrainerService over the trainings in the bucket: queues phases, works on none itself."""

    def __init__(self, trainings: Trainings, bus: Bus, store: Store, *, trust_callers: bool) -> None:
        self._trainings = trainings
        self._bus = bus
        self._store = store
        self._trust_callers = trust_callers
        self._ids = RequestIds(bus, "trainer")

    async def Train(self, request: pb.TrainRequest, context: Context) -> Operation:  # noqa: N802
        del context
        answer = await self._ids.answer_once(request, Operation, lambda: self._train(request))
        await self._take_up(answer)
        return answer

    async def _train(self, request: pb.TrainRequest) -> Operation:
        recipe = find_recipe(request.recipe)
        if request.rows:
            recipe = recipe.with_rows(External(path=one.name, sha256=one.sha256) for one in request.rows)
        manifest = await self._read_dataset(request.dataset)
        base = await asyncio.to_thread(find_base, request.model, trust_callers=self._trust_callers)
        recipe = await asyncio.to_thread(pin_models, recipe, trust_callers=self._trust_callers)
        check_training(recipe, base, manifest)
        await check_external(self._store, recipe)
        wanted = make_training(request.dataset, base, recipe)
        await self._trainings.create(wanted)
        return make_operation(await self._trainings.change(wanted.name, set_going))

    async def _take_up(self, answer: Operation) -> None:
        """Queue what goes on: a service that does not resume has emptied the queue when it started."""
        metadata = pb.TrainingMetadata()
        answer.metadata.Unpack(metadata)
        training = await self._trainings.get(metadata.training)
        if not has_ended(training):
            await self._trainings.announce(training)
            await self._bus.publish_event(Event(run=training.name, service="trainer", what="training_going"))

    async def GetTraining(self, request: pb.GetTrainingRequest, context: Context) -> pb.Training:  # noqa: N802
        del context
        return await self._trainings.get(request.training)

    async def ListTrainings(  # noqa: N802
        self, request: pb.ListTrainingsRequest, context: Context
    ) -> pb.ListTrainingsResponse:
        """See the contract. The latest first."""
        del context
        trainings = await self._trainings.all()
        page, token = take_page(trainings, latest_first, request.page_size, request.page_token)
        return pb.ListTrainingsResponse(trainings=page, next_page_token=token)

    async def WatchTraining(  # noqa: N802
        self, request: pb.WatchTrainingRequest, context: Context
    ) -> AsyncIterator[pb.WatchTrainingResponse]:
        del context
        async for training in self._trainings.follow(request.training):
            yield pb.WatchTrainingResponse(training=training)
            if has_ended(training):
                return

    async def CancelTraining(  # noqa: N802
        self, request: pb.CancelTrainingRequest, context: Context
    ) -> pb.Training:
        del context
        training = await self._trainings.change(request.training, cancel)
        await self._bus.publish_event(Event(run=training.name, service="trainer", what="training_cancelled"))
        return training

    async def ListCheckpoints(  # noqa: N802
        self, request: pb.ListCheckpointsRequest, context: Context
    ) -> pb.ListCheckpointsResponse:
        del context
        training = await self._trainings.get(request.training)
        refs = [phase.checkpoint for phase in training.phases if phase.HasField("checkpoint")]
        page, token = take_page(refs, lambda ref: (ref.number,), request.page_size, request.page_token)
        answer = pb.ListCheckpointsResponse(next_page_token=token)
        for ref in page:
            try:
                data = await read_folder_manifest(self._store, prefix_of(ref), ref.digest)
                answer.checkpoints.append(parse_checkpoint_manifest(data))
            except SeedbedError as error:
                answer.unreachable.append(f"{ref.number}-{ref.phase}: {error.message}")
        return answer

    async def _read_dataset(self, digest: str) -> Manifest:
        try:
            data = await read_folder_manifest(self._store, dataset_prefix(digest), digest)
            return Manifest.read(data, f"the manifest of the dataset {digest}")
        except NotFound as error:
            found = Violation("dataset", "send it to the store first, as `seedbed train` does")
            raise InputError(f"the store has no dataset {digest!r}", [found]) from error
        except ValueError as error:
            raise InputError(f"the manifest of the dataset {digest} cannot be read: {error}") from error


def find_recipe(given: str) -> TrainingRecipe:
    """A recipe by its text, or by the name of a shipped one. Raises InputError."""
    name = given.strip() or DEFAULT
    return read_training_recipe(read_shipped(name) if name in shipped_names() else given)
