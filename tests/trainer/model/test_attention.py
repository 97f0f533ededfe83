"""Packed samples do not see one another: the table of ways to run a model, and which of them leak."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from seedbed.kernel.errors import ItemError
from seedbed.trainer.model.attention import SEGMENTS, Segments, attend
from seedbed.trainer.model.student import Student, check_packing, pack_samples
from tests.trainer.rounding import distance
from tests.trainer.students import VOCABULARY, samples, student, tiny

CPU = torch.device("cpu")


def worst(model, batch):
    """The largest relative difference of a sample's loss when others are before or behind it."""
    found = []
    for number, sample in enumerate(batch):
        silent = [
            type(one)(one.ids, one.counted if place == number else (False,) * len(one.ids))
            for place, one in enumerate(batch)
        ]
        packed, alone = (float(model(pack_samples(row, CPU)).detach()) for row in (silent, [sample]))
        found.append(abs(packed / alone - 1))
    return max(found)


@pytest.mark.parametrize("attention", [SEGMENTS, "eager", "sdpa"])
def test_samples_are_kept_apart(attention):
    assert worst(student(attention), samples()) < 1e-5


def test_so_they_are_under_an_adapter():
    model = get_peft_model(tiny(), LoraConfig(target_modules="all-linear", init_lora_weights=False))
    adapted = Student(model, eager=False)
    check_packing(adapted, VOCABULARY)
    assert adapted.plain_head
    assert worst(adapted, samples()) < 1e-5


def test_a_model_that_lets_them_see_one_another_is_found_out(monkeypatch):
    def run(model, line, **more):
        return model(input_ids=line.ids, position_ids=line.positions, use_cache=True, **more)

    leaking = student("sdpa")
    monkeypatch.setattr(leaking, "_run", run)
    assert worst(leaking, samples()) > 1e-4
    with pytest.raises(ItemError, match="see one another"):
        check_packing(leaking, VOCABULARY)


def test_scores_that_are_not_the_heads_alone_are_noticed(monkeypatch):
    made = student()
    check_packing(made, VOCABULARY)
    assert made.plain_head
    head = made.model.lm_head.forward
    monkeypatch.setattr(made.model.lm_head, "forward", lambda hidden: head(hidden) / 8)
    check_packing(made, VOCABULARY)
    assert not made.plain_head


def test_a_window_is_kept():
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 2, 12, 8) for _ in range(3))
    near, _ = attend(None, query, key, value, None, segments=Segments((12,)), sliding_window=4)
    far, _ = attend(None, query, key, value, None, segments=Segments((12,)))
    assert distance(near[:, :4], far[:, :4]) < 1e-5
    ends = [one[:, :, -4:] for one in (query, key, value)]
    last, _ = attend(None, ends[0], ends[1], ends[2], None, segments=Segments((4,)))
    assert distance(near[:, -1], last[:, -1]) < 1e-5
    assert distance(near[:, -1], far[:, -1]) > 0.01


@pytest.mark.parametrize("peculiar", [{"softcap": 30.0}, {"s_aux": torch.zeros(2)}])
def test_what_it_does_not_know_it_refuses(peculiar):
    query = torch.zeros(1, 2, 3, 8)
    with pytest.raises(ItemError, match="does not know"):
        attend(None, query, query, query, None, segments=Segments((3,)), **peculiar)
