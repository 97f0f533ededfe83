"""What a student's weights ask for: of each token, and the head of those that count."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from seedbed.trainer.loop.utilization import count_work, share_of_peak
from seedbed.trainer.model.gpu import suit_gpu
from seedbed.trainer.model.student import Student
from tests.trainer.students import VOCABULARY, tiny

HEAD = VOCABULARY * 32


def body(model):
    return sum(value.numel() for value in model.model.layers.parameters()) + 32


def test_embeddings_that_are_the_head_count_once_and_where_something_is_learnt():
    model = tiny()
    work = count_work(Student(model, eager=False))
    assert (work.token, work.counted) == (6 * body(model), 6 * HEAD)


def test_embeddings_of_their_own_are_looked_up_only():
    model = tiny()
    config = LlamaConfig(**{**model.config.to_dict(), "tie_word_embeddings": False})
    apart = LlamaForCausalLM(config)
    assert count_work(Student(apart, eager=False)) == count_work(Student(model, eager=False))


def test_what_is_frozen_asks_for_less():
    model = tiny()
    model.model.requires_grad_(requires_grad=False)
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    work = count_work(Student(model, eager=False))
    assert (work.token, work.counted) == (4 * body(model), 6 * HEAD)


def test_of_a_processor_the_peak_is_not_known():
    assert share_of_peak(1e12, torch.device("cpu")) == 0


def test_on_a_processor_a_model_stays_as_it_is():
    model = tiny()
    suit_gpu(model)
    assert all("forward" not in vars(module) for module in model.modules())
    assert not model.get_input_embeddings()._forward_hooks
