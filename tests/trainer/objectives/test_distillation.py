"""Distillation: its loss and gradient are those of plain torch, and its teacher stays as it is."""

import hashlib

import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax, one_hot

from seedbed.trainer.data.masks import Sample
from seedbed.trainer.model.frozen import FrozenModel
from seedbed.trainer.model.loss import Differentiated, counted_loss
from seedbed.trainer.model.student import pack_samples
from seedbed.trainer.objectives.distillation import Distillation
from tests.trainer.rounding import distance
from tests.trainer.students import samples, student, tiny

CPU = torch.device("cpu")


def distil(**more):
    return Distillation.model_validate({"from": "base", **more})


def teacher(*, plain=True, seed=7, **more):
    made = FrozenModel(tiny(seed=seed, **more), eager=False)
    made.plain_head = plain
    return made


def plain_loss(scores, taught, labels, temperature, weight):
    """As one would write it down, in whatever precision it is given."""
    width = min(scores.shape[1], taught.shape[1])
    expected = log_softmax(taught[:, :width] / temperature, dim=1)
    found = log_softmax(scores / temperature, dim=1)[:, :width]
    divergence = kl_div(found, expected, reduction="sum", log_target=True)
    return weight * temperature**2 * divergence + (1 - weight) * cross_entropy(
        scores, labels, reduction="sum"
    )


@pytest.mark.parametrize("rows", [1, 127, 129, 700])
@pytest.mark.parametrize(("temperature", "weight"), [(1, 1), (1, 0.5), (0.5, 0.9), (3, 0.2), (20, 1)])
@pytest.mark.parametrize("width", [40, 50, 60], ids=["narrower", "equal", "wider"])
def test_loss_and_gradient_are_those_of_plain_torch(rows, temperature, weight, width, monkeypatch):
    monkeypatch.setattr("seedbed.trainer.model.loss._SCORES", 128)
    torch.manual_seed(rows)
    hidden = torch.randn(rows, 16, requires_grad=True)
    head = torch.randn(50, 16, requires_grad=True)
    taught = 3 * torch.randn(rows, width)
    labels = torch.randint(0, min(50, width), (rows,))
    objective = distil(temperature=temperature, weight=weight)
    loss = Differentiated(lambda scores, rows: objective.loss(scores, taught[rows], labels[rows]))
    found = counted_loss(hidden, head, loss)
    got = torch.autograd.grad(found * 3, [hidden, head])
    exact = [one.detach().double().requires_grad_() for one in (hidden, head)]
    expected = plain_loss(exact[0] @ exact[1].T, taught.double(), labels, temperature, weight)
    wanted = torch.autograd.grad(expected * 3, exact)
    summed, shares = _magnitudes(expected, exact, taught.double(), labels, objective)
    assert abs(float(found.detach() - expected.detach())) <= 1e-6 * summed
    for mine, theirs, most in zip(got, wanted, shares, strict=True):
        assert ((mine.double() - theirs).abs() <= 2e-5 * 3 * most).all()


def _magnitudes(expected, exact, taught, labels, objective):
    """Of what loss and gradients are sums of: an order of adding up moves them by a share of it."""
    hidden, head = (one.detach() for one in exact)
    scores, temperature, weight = hidden @ head.T, objective.temperature, objective.weight
    width = min(scores.shape[1], taught.shape[1])
    p, q = ((one / temperature).log_softmax(dim=1) for one in (taught[:, :width], scores))
    parts = p.exp() * (p.abs() + q[:, :width].abs())
    summed = float(expected.detach()) + weight * temperature**2 * float(parts.sum())
    shares = weight * temperature * q.exp()
    shares[:, :width] += weight * temperature * p.exp()
    shares += (1 - weight) * (scores.softmax(dim=1) + one_hot(labels, len(head)))
    return summed, (shares @ head.abs(), shares.T @ hidden.abs())


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("plain", [True, False], ids=["plain head", "the model's own scores"])
@pytest.mark.parametrize(("temperature", "weight"), [(1, 1), (2, 0.3)])
def test_all_weights_get_the_gradient_of_plain_torch(count, plain, temperature, weight):
    model, frozen, line = student(), teacher(plain=plain), pack_samples(samples(count), CPU)
    model.plain_head = plain
    loss = distil(temperature=temperature, weight=weight).start([frozen])
    model(line, loss(line)).backward()
    exact, asked = student().double(), teacher().double()
    scores, taught = (one.logits(line, line.places)[0] for one in (exact, asked))
    plain_loss(scores, taught.detach(), line.labels, temperature, weight).backward()
    for (name, mine), (_, theirs) in zip(model.trained(), exact.trained(), strict=True):
        assert distance(mine.grad, theirs.grad) < 1e-5, name
    assert all(value.grad is None for value in frozen.parameters())


@pytest.mark.parametrize("plain", [True, False])
def test_packed_and_unpacked_are_the_same(plain):
    model, batch = student(), samples(6)
    model.plain_head = plain
    loss = distil(temperature=2).start([teacher(plain=plain)])

    def on(row):
        line = pack_samples(row, CPU)
        return float(model(line, loss(line)).detach())

    assert on(batch) == pytest.approx(sum(on([sample]) for sample in batch), rel=1e-5)


@pytest.mark.parametrize("counted", ["111111111", "000001111", "010101010", "000000001"])
def test_it_is_over_exactly_the_tokens_that_count(counted):
    ids = tuple(torch.randint(0, 300, (len(counted),)).tolist())
    line = pack_samples([Sample(ids, tuple(one == "1" for one in counted))], CPU)
    found = student()(line, distil(weight=0.7).start([teacher()])(line))
    # Over all of the text, as transformers itself has it, and then only what counts.
    scores, taught = (tiny(seed=seed)(torch.tensor([ids])).logits[0, :-1] for seed in (0, 7))
    chosen = torch.tensor([one == "1" for one in counted[1:]])
    labels = torch.tensor(ids[1:])[chosen]
    wanted = plain_loss(scores[chosen], taught[chosen], labels, temperature=1, weight=0.7)
    assert float(found.detach()) == pytest.approx(float(wanted.detach()), rel=1e-5)


def test_a_student_that_is_its_teacher_has_nothing_to_learn():
    model, line = student(seed=7), pack_samples(samples(4), CPU)
    loss = model(line, distil(weight=1, temperature=2).start([teacher()])(line))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-4)
    assert all(value.grad.norm() < 1e-4 for _, value in model.trained())


def test_scores_are_made_for_a_stretch_at_a_time(monkeypatch):
    monkeypatch.setattr("seedbed.trainer.model.loss._SCORES", 1)
    model, frozen, line = student(), teacher(), pack_samples(samples(30), CPU)
    seen = []

    def formula(scores, rows):
        taught = frozen.scores(line)(rows)
        seen.append((len(scores), len(taught)))
        return distil().loss(scores, taught, line.labels[rows])

    model(line, Differentiated(formula)).backward()
    assert max(seen) == (128, 128)
    assert sum(rows for rows, _ in seen) == len(line.labels) > 128


def test_in_bfloat16_it_is_near():
    model, frozen, line = student(), teacher(), pack_samples(samples(4), CPU)
    loss = distil(temperature=2, weight=0.5).start([frozen])
    exact = float(model(line, loss(line)).detach())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = model(line, loss(line))
    found.backward()
    assert float(found.detach()) == pytest.approx(exact, rel=0.01)
    assert all(value.grad.dtype == torch.float32 for _, value in model.trained())


def test_a_teacher_does_not_learn():
    model, frozen, line = student(), teacher(), pack_samples(samples(4), CPU)
    before = digest(frozen)
    loss = distil().start([frozen])
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(3):
        model(line, loss(line)).backward()
        optimizer.step()
    assert digest(frozen) == before
    assert not any(value.requires_grad for value in frozen.parameters())
    assert not frozen.training


def digest(model):
    found = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        found.update(name.encode() + value.numpy().tobytes())
    return found.hexdigest()
