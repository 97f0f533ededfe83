"""The loss: the same as from all scores at once, and the same however samples are packed."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from seedbed.trainer.loss import counted_loss
from seedbed.trainer.student import make_line
from tests.trainer.students import samples, student

CPU = torch.device("cpu")


@pytest.mark.parametrize("rows", [1, 127, 128, 129, 700])
@pytest.mark.parametrize("learns", [True, False])
def test_it_is_the_cross_entropy_and_so_are_its_gradients(rows, learns, monkeypatch):
    monkeypatch.setattr("seedbed.trainer.loss._SCORES", 128)
    torch.manual_seed(0)
    hidden = torch.randn(rows, 16, requires_grad=True)
    weight = torch.randn(50, 16, requires_grad=learns)
    labels = torch.randint(0, 50, (rows,))
    expected = cross_entropy(hidden @ weight.T, labels, reduction="sum")
    wanted = torch.autograd.grad(expected * 3, [hidden, *([weight] if learns else [])])
    found = counted_loss(hidden, weight, labels)
    got = torch.autograd.grad(found * 3, [hidden, *([weight] if learns else [])])
    assert torch.allclose(found, expected, rtol=1e-6)
    for mine, theirs in zip(got, wanted, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("plain", [True, False])
def test_packed_and_unpacked_are_the_same(plain):
    model, batch = student(), samples(6)
    model.plain_head = plain
    together = model(make_line(batch, CPU))
    alone = sum(model(make_line([sample], CPU)) for sample in batch)
    assert abs(float(together.detach()) / float(alone.detach()) - 1) < 1e-5


def test_both_ways_to_the_scores_agree():
    model, line = student(), make_line(samples(4), CPU)
    found = []
    for plain in (True, False):
        model.plain_head = plain
        model.zero_grad()
        model(line).backward()
        found.append(torch.cat([value.grad.reshape(-1) for _, value in model.trained()]))
    assert torch.allclose(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_in_bfloat16_it_is_near():
    model, line = student(), make_line(samples(4), CPU)
    exact = float(model(line).detach())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(line)
    loss.backward()
    assert abs(float(loss.detach()) / exact - 1) < 0.01
    assert all(value.grad.dtype == torch.float32 for _, value in model.trained())
