"""The loss: the same as from all scores at once, and the same however samples are packed."""

import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from seedbed.trainer.model.loss import CrossEntropy, counted_loss
from seedbed.trainer.model.student import pack_samples
from tests.trainer.rounding import distance
from tests.trainer.students import samples, student

CPU = torch.device("cpu")


@pytest.mark.parametrize("rows", [1, 127, 128, 129, 700])
@pytest.mark.parametrize("learns", [True, False])
def test_it_is_the_cross_entropy_and_so_are_its_gradients(rows, learns, monkeypatch):
    monkeypatch.setattr("seedbed.trainer.model.loss._SCORES", 128)
    torch.manual_seed(0)
    hidden = torch.randn(rows, 16, requires_grad=True)
    weight = torch.randn(50, 16, requires_grad=learns)
    labels = torch.randint(0, 50, (rows,))
    found = counted_loss(hidden, weight, CrossEntropy(labels))
    got = torch.autograd.grad(found * 3, [hidden, *([weight] if learns else [])])
    exact = [one.detach().double().requires_grad_() for one in (hidden, weight)]
    expected = cross_entropy(exact[0] @ exact[1].T, labels, reduction="sum")
    wanted = torch.autograd.grad(expected * 3, exact)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-6)
    for mine, theirs, summed in zip(got, wanted, _summed(exact[0], exact[1], labels), strict=False):
        assert ((mine.double() - theirs).abs() <= 2e-5 * 3 * summed).all()


def _summed(hidden, weight, labels):
    """The magnitude of what the gradients are sums of: an order of adding up moves them by a share of it."""
    hidden, weight = hidden.detach(), weight.detach()
    shares = (hidden @ weight.T).softmax(dim=1) + one_hot(labels, len(weight))
    return shares @ weight.abs(), shares.T @ hidden.abs()


@pytest.mark.parametrize("plain", [True, False])
def test_packed_and_unpacked_are_the_same(plain):
    model, batch = student(), samples(6)
    model.plain_head = plain
    together = model(pack_samples(batch, CPU))
    alone = sum(model(pack_samples([sample], CPU)) for sample in batch)
    assert abs(float(together.detach()) / float(alone.detach()) - 1) < 1e-5


def test_both_ways_to_the_scores_agree():
    model, line = student(), pack_samples(samples(4), CPU)
    found = []
    for plain in (True, False):
        model.plain_head = plain
        model.zero_grad()
        model(line).backward()
        found.append([value.grad.clone() for _, value in model.trained()])
    assert all(distance(one, other) < 1e-5 for one, other in zip(*found, strict=True))


def test_in_bfloat16_it_is_near():
    model, line = student(), pack_samples(samples(4), CPU)
    exact = float(model(line).detach())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(line)
    loss.backward()
    assert abs(float(loss.detach()) / exact - 1) < 0.01
    assert all(value.grad.dtype == torch.float32 for _, value in model.trained())
