"""On a GPU: the course is that of the processor, samples are kept apart, adapters learn, and it can go on."""

import importlib.util
import signal

import pytest
import torch
from peft import PeftModel
from torch.nn.functional import scaled_dot_product_attention
from transformers import AutoModelForCausalLM

from seedbed.trainer.loop.job import CHECKPOINT, SNAPSHOTS
from seedbed.trainer.model.attention import attend, divide
from seedbed.trainer.model.gpu import suit_gpu
from seedbed.trainer.model.student import Student, check_packing, pack_samples
from tests.trainer.students import (
    VOCABULARY,
    log_of,
    losses,
    make_job,
    recipe,
    samples,
    start,
    tiny,
    train,
    wait_for_steps,
    weights,
)

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]
HALF = {"precision": "bfloat16"}


@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize("heads", [2, 4])
def test_all_segments_at_once_are_each_by_itself(window, heads):
    torch.manual_seed(0)
    lengths, device = (7, 1, 40, 16), torch.device("cuda")
    shapes = [(1, count, sum(lengths), 32) for count in (4, heads, heads)]
    parts = [torch.randn(shape, device=device, requires_grad=True) for shape in shapes]
    query, key, value = (part.bfloat16() for part in parts)
    segments = divide(lengths, device)
    found, _ = attend(None, query, key, value, None, segments=segments, sliding_window=window)
    outer = torch.randn_like(found)
    grads = torch.autograd.grad(found, parts, outer)
    places = torch.arange(sum(lengths), device=device)
    owner = torch.repeat_interleave(torch.tensor(lengths)).to(device)
    behind = places[:, None] - places[None, :]
    mask = (owner[:, None] == owner[None, :]) & (behind >= 0) & (behind < (window or 1000))
    query, key, value = parts
    exact = scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True).transpose(1, 2)
    wanted = torch.autograd.grad(exact, parts, outer.float())
    for mine, theirs in zip([found, *grads], [exact, *wanted], strict=True):
        assert torch.linalg.norm(mine.float() - theirs) < 0.01 * torch.linalg.norm(theirs)


def test_samples_are_kept_apart():
    student = Student(tiny().to("cuda"), eager=False)
    check_packing(student, VOCABULARY)
    batch = samples(6)
    with torch.autocast("cuda", dtype=torch.bfloat16), torch.no_grad():
        together = float(student(pack_samples(batch, torch.device("cuda"))))
        alone = sum(float(student(pack_samples([sample], torch.device("cuda")))) for sample in batch)
    assert together == pytest.approx(alone, rel=2e-3)


def test_suited_to_the_gpu_it_is_the_same_model():
    line = pack_samples(samples(6), torch.device("cuda"))
    exact, suited = (Student(tiny().to("cuda"), eager=False) for _ in range(2))
    for student in (exact, suited):
        check_packing(student, VOCABULARY)
    exact(line).backward()
    suit_gpu(suited.model)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        assert suited.model.model(input_ids=line.ids).last_hidden_state.dtype == torch.bfloat16
        loss = suited(line)
    loss.backward()
    assert float(loss) == pytest.approx(float(exact(line)), rel=0.01)
    for (name, mine), (_, theirs) in zip(suited.trained(), exact.trained(), strict=True):
        assert torch.cosine_similarity(mine.grad.flatten(), theirs.grad.flatten(), dim=0) > 0.99, name


def test_a_norm_of_another_kind_is_left_alone():
    model = tiny().to("cuda")
    odd = model.model.norm
    odd.forward = lambda hidden: hidden * (1 + odd.weight)
    suit_gpu(model)
    assert odd.forward.__name__ == "<lambda>"
    assert model.model.layers[0].input_layernorm.forward.__name__ == "_norm"


def test_the_course_is_that_of_the_processor(place):
    here = make_job(place / "gpu", place / "dataset", place / "model")
    assert train(here) == 0, log_of(here)
    there = make_job(place / "cpu", place / "dataset", place / "model")
    assert train(there, env={"CUDA_VISIBLE_DEVICES": ""}) == 0, log_of(there)
    assert losses(here) == pytest.approx(losses(there), rel=1e-3)


def test_told_to_stop_it_saves_and_goes_on_to_the_same_weights(place):
    text = recipe(**HALF, phases=[{**recipe().phases[0].model_dump(), "epochs": 200}]).canonical()
    whole = make_job(place / "whole", place / "dataset", place / "model", recipe=text)
    assert train(whole) == 0, log_of(whole)
    job = make_job(place / "stopped", place / "dataset", place / "model", recipe=text)
    process = start(job)
    wait_for_steps(job, 20)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 75, log_of(job)
    (snapshot,) = (job.work / SNAPSHOTS).iterdir()
    again = make_job(place / "resumed", place / "dataset", place / "model", recipe=text, snapshot=snapshot)
    assert train(again) == 0, log_of(again)
    assert weights(again) == weights(whole)


FOUR_BITS = pytest.param(
    "nf4",
    marks=pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="no bitsandbytes here"),
)


@pytest.mark.parametrize("quantize", ["none", FOUR_BITS])
def test_an_adapter_learns_and_loads(place, quantize):
    text = recipe(**HALF, lora={"rank": 8, "quantize": quantize}).canonical()
    job = make_job(place / f"lora-{quantize}", place / "dataset", place / "model", recipe=text)
    assert train(job) == 0, log_of(job)
    assert losses(job)[-1] < losses(job)[0]
    base = AutoModelForCausalLM.from_pretrained(place / "model")
    PeftModel.from_pretrained(base, str(job.work / CHECKPOINT))
