"""Gets a phase ready: its model, its rows as tokens, its steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from seedbed.dataset import read_manifest
from seedbed.kernel.store.checkpoints import read_checkpoint_manifest
from seedbed.trainer.data.batches import plan_steps
from seedbed.trainer.data.dataset_rows import read_dataset
from seedbed.trainer.data.masks import NotRendered, Sample
from seedbed.trainer.data.rows import Row, Rows, read_external
from seedbed.trainer.data.selection import Chosen, NothingSelected, choose_rows
from seedbed.trainer.loop.job import Job
from seedbed.trainer.loop.loop import PhasePlan
from seedbed.trainer.model import scratch
from seedbed.trainer.model.adapters import adapt, take_up_adapter
from seedbed.trainer.model.dtypes import number_type
from seedbed.trainer.model.frozen import ModelLocation, check_tokens, load_frozen
from seedbed.trainer.model.gpu import suit_gpu
from seedbed.trainer.model.student import (
    Student,
    check_packing,
    check_vocabulary,
    load_model,
    load_tokenizer,
    longest_text,
)
from seedbed.trainer.objectives.objective import OWN_BASE, Source
from seedbed.trainer.recipe import BASE, Phase, TrainingRecipe, read_training_recipe
from seedbed.trainer.v1.checkpoint_pb2 import Excluded, WeightsKind

_EXAMPLES = 5
_SHOWN = 300
"""Characters of an example, at most."""


@dataclass
class Prepared:
    """All that a phase needs."""

    plan: PhasePlan
    chosen: list[Chosen]
    """The row of each sample."""
    tokenizer: Any
    model: Any
    student: Student
    bfloat16: bool
    kept_as: torch.dtype | None = None
    """The type of the base's numbers, which the checkpoint keeps."""
    excluded: Excluded = field(default_factory=Excluded)


def prepare(job: Job, device: torch.device) -> Prepared:
    """Load and check everything. Raises SeedbedError."""
    recipe = read_training_recipe(job.recipe)
    torch.manual_seed(recipe.seed)
    system = _system_prompt(job.dataset)
    if job.phase == BASE:
        phase = scratch.base_phase(recipe)
        chosen, malformed = [Chosen(row) for row in scratch.general_rows(system)], list[str]()
    else:
        phase = recipe.phase(job.phase)
        chosen, malformed = choose(job, recipe, phase)
    tokenizer, model, kept_as = _load(job, recipe, device)
    _check_sources(job, recipe, tokenizer)
    phase = _bound(phase, model)
    excluded = Excluded(malformed=len(malformed), examples=malformed[:_EXAMPLES])
    kept, samples = _encode(tokenizer, recipe, phase, chosen, excluded)
    if not samples:
        raise NothingSelected(
            f"phase {phase.name}: none of its {len(chosen)} rows can be trained on: {describe(excluded)}",
            hint="; ".join(excluded.examples),
        )
    vocabulary = check_vocabulary(model, tokenizer, job.model_name, samples)
    suit_gpu(model)
    student = Student(model, eager=recipe.attention == "eager")
    check_packing(student, vocabulary, packing=recipe.packing)
    row_tokens = recipe.row_tokens if job.phase != BASE else phase.context
    lengths = [len(sample.ids) for sample in samples]
    counted = [sample.counted_tokens for sample in samples]
    steps = plan_steps(phase, lengths, recipe.seed, row_tokens, packing=recipe.packing, counted=counted)
    bfloat16 = has_bfloat16(recipe, device)
    objective = phase.tuned_for
    frozen = [
        load_frozen(_locate(job, source), recipe, tokenizer, samples, device, bfloat16=bfloat16)
        for source in objective.sources()
    ]
    plan = PhasePlan(recipe, phase, samples, steps, objective.start(frozen))
    return Prepared(plan, kept, tokenizer, model, student, bfloat16, kept_as, excluded)


def choose(job: Job, recipe: TrainingRecipe, phase: Phase) -> tuple[list[Chosen], list[str]]:
    """The rows of a phase, and what could not be read. Raises SeedbedError."""
    dataset = read_dataset(job.dataset)
    found: dict[str, Rows] = {path: read_external(file, path) for path, file in sorted(job.external.items())}
    external = {path: rows.rows for path, rows in found.items()}
    malformed = [*dataset.malformed, *(line for rows in found.values() for line in rows.malformed)]
    return choose_rows(recipe, phase, dataset.rows, external), malformed


def has_bfloat16(recipe: TrainingRecipe, device: torch.device) -> bool:
    """Whether the arithmetic is in bfloat16."""
    if recipe.precision != "auto":
        return recipe.precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001  nothing public says so


def describe(excluded: Excluded) -> str:
    """What was left out, in words."""
    counts = {
        "too long": excluded.too_long,
        "malformed": excluded.malformed,
        "not rendered by the chat template": excluded.not_rendered,
        "with nothing to learn": excluded.nothing_counted,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "none left out"


def _system_prompt(dataset: Path) -> str:
    return str(read_manifest(dataset).recipe.get("system_prompt", ""))


def _bound(phase: Phase, model: Any) -> Phase:
    """A phase whose longest sample the model can read."""
    most = longest_text(model)
    if not most or phase.context <= most:
        return phase
    return phase.model_copy(update={"context": most})


def _load(job: Job, recipe: TrainingRecipe, device: torch.device) -> tuple[Any, Any, torch.dtype | None]:
    if job.phase == BASE:
        texts = scratch.texts_of([*read_dataset(job.dataset).rows, *scratch.general_rows("")])
        tokenizer = scratch.make_tokenizer(texts, recipe.scratch.vocabulary, recipe.scratch.context)
        return tokenizer, scratch.make_model(recipe.scratch, tokenizer, recipe.seed).to(device), None
    parent = job.parent
    adapter = parent is not None and _kind(parent) == WeightsKind.WEIGHTS_KIND_ADAPTER
    folder = job.model if parent is None or adapter else str(parent)
    revision = job.revision if folder == job.model else ""
    named = (str(parent), "") if parent else (folder, revision)
    tokenizer = load_tokenizer(named[0], job.model_name, recipe.chat_template, named[1])
    frozen = recipe.lora is not None and device.type == "cuda" and has_bfloat16(recipe, device)
    dtype = torch.bfloat16 if frozen else torch.float32
    model = load_model(folder, job.model_name, recipe, dtype, revision)
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    if recipe.lora is not None:
        model = (
            take_up_adapter(model, parent)
            if adapter and parent
            else adapt(model, recipe.lora, job.model_name)
        )
    return tokenizer, model.to(device), number_type(folder, revision)


def _check_sources(job: Job, recipe: TrainingRecipe, tokenizer: Any) -> None:
    """Refuse models beside the student that do not fit, in whatever phase: the earlier ones take hours."""
    named = {source for phase in recipe.phases for source in phase.tuned_for.sources()}
    for source in sorted(named, key=lambda source: source.name):
        # The student has its tokenizer from its base.
        if source.name != OWN_BASE:
            check_tokens(_locate(job, source), tokenizer)


def _locate(job: Job, source: Source) -> ModelLocation:
    """Where a model is that is needed beside the student."""
    if source.name == OWN_BASE:
        return ModelLocation(job.model, job.model_name, job.revision)
    return ModelLocation(source.name, source.name, "" if Path(source.name).is_absolute() else source.digest)


def _kind(folder: Path) -> WeightsKind.ValueType:
    return read_checkpoint_manifest(folder).kind


def _encode(
    tokenizer: Any, recipe: TrainingRecipe, phase: Phase, chosen: Sequence[Chosen], excluded: Excluded
) -> tuple[list[Chosen], list[Sample]]:
    """The rows that can be trained on, and their tokens; the others are counted."""
    kept, samples = [], []
    # Of a text that is longer no cut into tokens fits, and to cut it may take minutes.
    room = phase.context * max(map(len, tokenizer.get_vocab()))
    for one in chosen:
        # A text is cut where it is too long.
        letters = sum(len(text) for message in one.row.messages for text in message.values())
        if letters > room:
            excluded.too_long += 1
            _exemplify(excluded, one.row, f"{letters} characters, and {phase.context} tokens fit")
            continue
        try:
            made = phase.tuned_for.make_samples(tokenizer, one.row, recipe.system, phase.context)
        except NotRendered as error:
            excluded.not_rendered += 1
            _exemplify(excluded, one.row, str(error))
            continue
        for sample in made:
            if len(sample.ids) > phase.context:
                excluded.too_long += 1
                _exemplify(excluded, one.row, f"{len(sample.ids)} tokens, of which {phase.context} fit")
            elif not sample.counted_tokens:
                excluded.nothing_counted += 1
                _exemplify(excluded, one.row, "nothing in it is to be learnt")
            else:
                kept.append(one)
                samples.append(sample)
    return kept, samples


def _exemplify(excluded: Excluded, row: Row, why: str) -> None:
    if len(excluded.examples) < _EXAMPLES:
        excluded.examples.append(f"{row.leaf or 'row'} {row.id[:_SHOWN]}: {why[:_SHOWN]}")
