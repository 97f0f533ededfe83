"""What a student answers to instructions: the likeliest words, so that it says the same again."""

from collections.abc import Sequence

import torch

from seedbed.evaluator.scoring.student import Student
from seedbed.kernel.chat_templates import read_answer

_BATCH = 8


def answer(student: Student, prompts: Sequence[str], system: str, tokens: int) -> list[str]:
    """One answer for each prompt, `tokens` long at most."""
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
    answers = [""] * len(prompts)
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        results = _answer([prompts[number] for number in batch], student, system, tokens)
        for number, text in zip(batch, results, strict=True):
            answers[number] = text
    return answers


def _answer(prompts: Sequence[str], student: Student, system: str, tokens: int) -> list[str]:
    tokenizer, model = student.tokenizer, student.model
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    examiner = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    asked = tokenizer(
        [_render(prompt, student, system) for prompt in prompts],
        add_special_tokens=False,
        padding=True,
        padding_side="left",
        truncation=examiner is not None,
        # Of what is too long for both, the end is kept: it asks.
        truncation_side="left",
        max_length=max(1, examiner - tokens) if examiner else None,
        return_tensors="pt",
    ).to(student.device)
    with torch.inference_mode():
        made = model.generate(
            **asked,
            max_new_tokens=tokens,
            do_sample=False,
            eos_token_id=student.ends or None,
            pad_token_id=tokenizer.pad_token_id,
        )
    return [read_answer(tokenizer, row) for row in made[:, asked["input_ids"].shape[1] :].tolist()]


def _render(prompt: str, student: Student, system: str) -> str:
    if not student.tokenizer.chat_template:
        return f"{prompt}\n"
    messages = [{"role": "user", "content": prompt}]
    if system.strip():
        messages.insert(0, {"role": "system", "content": system})
    return student.write(messages)
