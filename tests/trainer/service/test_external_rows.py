"""Files of rows beside a dataset: joined to the first phase, and refused before anything is trained."""

import json

import pytest

from seedbed.kernel.errors import InputError
from seedbed.kernel.store.blobs import put_blob
from seedbed.kernel.store.connect import open_store
from seedbed.trainer.recipe import read_training_recipe
from seedbed.trainer.v1 import trainer_service_pb2 as pb
from tests.trainer.students import RECIPE, recipe
from tests.trainer.trainer_service import Trainer

TEXT = json.dumps({"id": "one", "text": "Seeds wake when water comes."}).encode()


@pytest.fixture
async def trainer(bus, file_store_url, tmp_path):
    return Trainer(bus, await open_store(file_store_url), tmp_path / "cache")


@pytest.fixture
async def asked(trainer, place):
    """Asks for a training on the dataset and some files of rows, by their bytes."""
    dataset = await trainer.send(place / "dataset")

    async def ask(text=None, **files):
        rows = [
            pb.RowsFile(name=f"{name}.jsonl", sha256=await put_blob(trainer.store, data))
            for name, data in files.items()
        ]
        request = pb.TrainRequest(
            dataset=dataset, model=str(place / "model"), recipe=text or recipe().canonical(), rows=rows
        )
        operation = await trainer.api.Train(request, None)
        metadata = pb.TrainingMetadata()
        operation.metadata.Unpack(metadata)
        return await trainer.trainings.get(metadata.training)

    return ask


async def test_rows_are_the_first_phases_and_part_of_what_the_training_is(asked):
    plain, more = await asked(), await asked(more=TEXT)
    assert plain.name != more.name
    first, second = read_training_recipe(more.recipe).phases
    assert [one.path for one in first.external] == ["more.jsonl"]
    assert not second.external
    assert read_training_recipe(plain.recipe) == recipe()
    assert (await asked(more=TEXT)).name == more.name
    assert (await asked(more=TEXT + b"\n")).name != more.name


async def test_a_file_without_a_row_is_refused_with_its_lines(asked):
    with pytest.raises(InputError, match=r"more.jsonl has no row that can be read") as refused:
        await asked(more=b'{"text": ""}\n{\n' * 9)
    told = {found.field: found.description for found in refused.value.violations}
    assert len(told) == 5
    assert told["more.jsonl:1"] == "its `text` is no text, or an empty one"
    assert "more.jsonl:2" in told
    # One good row is enough: the others are left out, and counted.
    assert await asked(more=b"{\n" + TEXT)


async def test_a_file_that_was_not_sent_is_refused(asked):
    missing = [{"path": "lost.jsonl", "sha256": "0" * 64}]
    phases = [{**RECIPE["phases"][0], "external": missing}]
    with pytest.raises(InputError, match=r"the store has no lost.jsonl: send it there first"):
        await asked(recipe(phases=phases).canonical())


async def test_two_files_of_one_name_are_refused(asked):
    known = [{"path": "more.jsonl", "sha256": "0" * 64}]
    phases = [{**RECIPE["phases"][0], "external": known}]
    with pytest.raises(InputError, match=r"two different files are called more.jsonl"):
        await asked(recipe(phases=phases).canonical(), more=TEXT)
