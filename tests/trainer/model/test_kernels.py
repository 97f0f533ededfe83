"""A model with kernels of its own is the same model; here all but the writing of their code is done."""

from functools import partial

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

from seedbed.trainer.model import kernels
from seedbed.trainer.model.kernels import fuse_layers, has_compiler
from seedbed.trainer.model.loss import _share, _share_at_once
from seedbed.trainer.model.student import pack_samples
from tests.trainer.rounding import distance
from tests.trainer.students import samples, student, tiny

TURN = "apply_rotary_pos_emb"
CPU = torch.device("cpu")

# What traces looks at the gradients of what it is given.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")


@pytest.fixture(autouse=True)
def compiling(monkeypatch):
    """Traced and differentiated as for a GPU, and then done step by step: no compiler is needed."""
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", partial(compile_, backend="aot_eager"))
    monkeypatch.setattr(modeling_llama, TURN, getattr(modeling_llama, TURN))
    kernels._fuse_turning.cache_clear()
    has_compiler.cache_clear()
    yield
    kernels._fuse_turning.cache_clear()
    has_compiler.cache_clear()


def passes_own_way(model):
    return ["forward" in vars(layer.mlp) for layer in model.model.layers]


def test_losses_and_gradients_are_the_same():
    exact, fused = student(), student()
    turn = getattr(modeling_llama, TURN)
    fuse_layers(fused.model)
    assert passes_own_way(fused.model) == [True, True]
    assert getattr(modeling_llama, TURN).__wrapped__ is turn
    for seed in range(3):
        line = pack_samples(samples(4, seed), CPU)
        made = fused(line)
        made.backward()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(modeling_llama, TURN, turn)
            wanted = exact(line)
            wanted.backward()
        assert distance(made, wanted) < 1e-5
    for (name, mine), (_, theirs) in zip(fused.trained(), exact.trained(), strict=True):
        assert distance(mine.grad, theirs.grad) < 1e-5, name


def test_a_second_model_does_not_wrap_it_again():
    fuse_layers(tiny())
    turn = getattr(modeling_llama, TURN)
    fuse_layers(tiny())
    assert getattr(modeling_llama, TURN) is turn


def test_a_gate_of_another_kind_is_left_alone():
    shape = {"vocab_size": 300, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    model = LlamaForCausalLM(LlamaConfig(**shape, num_attention_heads=4, hidden_act="gelu"))
    model.train()
    fuse_layers(model)
    assert passes_own_way(model) == [False]
    assert all(module.training for module in model.modules())


def test_where_none_can_be_made_it_is_said(monkeypatch, capsys):
    def fail(_):
        raise RuntimeError("Failed to find C compiler\n\nlong story")

    assert has_compiler("meta")
    has_compiler.cache_clear()
    monkeypatch.setattr(torch, "compile", fail)
    assert not has_compiler("meta")
    assert capsys.readouterr().err == (
        "no kernels can be compiled here, so training is slower: Failed to find C compiler\n"
    )
    assert not has_compiler("cpu")


def test_shares_at_once_are_the_same_shares():
    torch.manual_seed(0)
    scores = torch.log_softmax(torch.randn(9, 50) * 5, dim=1)
    target = torch.randint(0, 50, (9, 1))
    torch.testing.assert_close(
        _share_at_once(scores, target, torch.bfloat16), _share(scores.clone(), target, torch.bfloat16)
    )
