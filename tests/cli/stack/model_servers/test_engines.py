"""How servers of one's own models are started: who shares one, and what vLLM is told of adapters."""

import json

import pytest

from seedbed.cli.stack.model_servers.engines import Served, group_models, lora_arguments
from seedbed.kernel.errors import InputError
from tests.cli.stack.model_servers.test_vllm import RANK, TAKES_ADAPTERS


def make_adapter(folder, rank, *, taught=False):
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
    if taught:
        (folder / "tokenizer_config.json").write_text("{}")
    return str(folder)


def test_a_server_has_room_for_an_adapters_rank(tmp_path):
    assert tuple(lora_arguments([make_adapter(tmp_path / "a", RANK)])) == TAKES_ADAPTERS
    ranks = [make_adapter(tmp_path / str(rank), rank) for rank in (4, 20)]
    assert lora_arguments(ranks)[-1] == "32"
    assert lora_arguments([]) == []


def test_the_turns_are_those_that_the_adapter_was_taught(tmp_path):
    adapter = make_adapter(tmp_path / "a", RANK, taught=True)
    assert lora_arguments([adapter])[-2:] == ["--tokenizer", adapter]
    (tmp_path / "a" / "generation_config.json").write_text("{}")
    assert lora_arguments([adapter])[-2:] == ["--generation-config", adapter]


@pytest.mark.parametrize("config", ['{"r": 1000}', '{"r": null}', "{}", "no JSON"])
def test_an_adapter_that_no_server_takes_is_refused(config, tmp_path):
    (tmp_path / "adapter_config.json").write_text(config)
    with pytest.raises(InputError, match=r"adapter_config\.json is not"):
        lora_arguments([str(tmp_path)])


def test_adapters_share_the_server_of_their_base():
    base, tuned, other = Served("b", "org/b"), Served("t", "org/b", "/adapter"), Served("o", "org/o")
    assert group_models([tuned, other, base]) == [[tuned, base], [other]]
