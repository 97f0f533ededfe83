"""Supervised tuning is what it was before it was an objective among others, byte for byte."""

import json
import subprocess
import sys

import pytest
import torch
from torch.nn.functional import linear, log_softmax

from seedbed.trainer.model.loss import CrossEntropy, counted_loss
from seedbed.trainer.recipe import read_training_recipe
from seedbed.trainer.shipped_recipes import read_shipped
from seedbed.trainer.training import make_training, phase_digest
from seedbed.trainer.v1.checkpoint_pb2 import Base
from tests.trainer.students import RECIPE, recipe

# As they were: of the recipe, the training, and its first phase.
BEFORE = {
    "lab": (
        "250f3ef79d083bd28088538fc2c311eb49922a08d9e033dccd4e0ad4bf7e327f",
        "tf254adb082e0a394",
        "e517a07aeb1d5e9eb3b8c1cfafeec0ca77b4a6bea841c380607bf59ad423eea4",
    ),
    "small": (
        "5c5db5d6b1f4b9bdb45bc19013139952d3d114ecb8dc8af013cea361a0ef0c7e",
        "t9ee2b15dc15ae50f",
        "cd46a2c681c6702da923cb71667b6c6df6a3cfbdb8d2dd827de032773b1837f9",
    ),
    "stacked": (
        "da6da8a5fbca4e0f54b9073e004940f85424cc3b68e21e2ae56373e1c86e5def",
        "t600063b1fdf15a99",
        "f0ffa4276f2310bbe8531e5f0a4f7404cbea7b66e14bfe0a896173dcc0f3d244",
    ),
}


@pytest.mark.parametrize("name", BEFORE)
def test_a_recipe_that_names_no_objective_is_the_training_that_it_was(name):
    found = read_training_recipe(read_shipped(name))
    training = make_training("0" * 64, Base(name="m", digest="d"), found)
    phase = found.phases[0].name
    assert (found.digest, training.name, phase_digest(training, found, phase, "rows")) == BEFORE[name]


def test_to_say_that_a_phase_is_supervised_changes_nothing():
    phases = [{**phase, "objective": "supervised"} for phase in RECIPE["phases"]]
    assert recipe(phases=phases).canonical() == recipe().canonical()
    assert "objective" not in json.loads(recipe().canonical())["phases"][0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_its_loss_and_gradients_are_the_same_bits_as_before(dtype, monkeypatch):
    monkeypatch.setattr("seedbed.trainer.model.loss._SCORES", 128)
    torch.manual_seed(0)
    hidden, weight = (torch.randn(rows, 16, dtype=dtype, requires_grad=True) for rows in (300, 50))
    labels = torch.randint(0, 50, (300,))
    found = counted_loss(hidden, weight, CrossEntropy(labels))
    found.backward()
    loss, hidden_gradient, weight_gradient = _as_before(hidden.detach(), weight.detach(), labels)
    assert torch.equal(found.detach(), loss)
    assert torch.equal(hidden.grad, hidden_gradient)
    assert torch.equal(weight.grad, weight_gradient.to(dtype))


def _as_before(hidden, weight, labels):
    """The cross-entropy of tokens by the stretch, as it was written when there was no other loss."""
    total, weight_gradient = torch.zeros((), dtype=torch.float64), torch.zeros(weight.shape)
    hidden_gradient = torch.empty_like(hidden)
    for start in range(0, len(hidden), 128):
        rows = slice(start, start + 128)
        scores = log_softmax(linear(hidden[rows], weight), dim=1, dtype=torch.float32)
        target = labels[rows, None]
        total -= scores.gather(1, target).sum(dtype=torch.float64)
        shares = scores.exp_()
        shares.scatter_add_(1, target, torch.full_like(target, -1.0, dtype=torch.float32))
        shares = shares.to(hidden.dtype)
        hidden_gradient[rows] = shares @ weight
        if shares.dtype == torch.float32:
            weight_gradient.addmm_(shares.t(), hidden[rows])
        else:
            weight_gradient.add_(shares.t() @ hidden[rows])
    return total.float(), hidden_gradient, weight_gradient


def test_whoever_reads_recipes_does_not_load_torch():
    read = "import sys, seedbed.trainer.recipe, seedbed.trainer.service.api; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", read], check=False).returncode == 0
