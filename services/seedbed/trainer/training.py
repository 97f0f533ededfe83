"""What a training is: its name, its phases, what each depends on, whether it can be at all. Pure."""

from collections.abc import Iterator, Sequence

from seedbed.dataset.manifest import Leaf, Manifest
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.identity import canonical_json, sha256_hex
from seedbed.pipeline.kinds import Kind
from seedbed.trainer.data.dataset_rows import group_of
from seedbed.trainer.data.selection import selects
from seedbed.trainer.objectives.objective import Objective
from seedbed.trainer.objectives.registry import ObjectiveFields
from seedbed.trainer.objectives.supervised import Supervised
from seedbed.trainer.phase_data import USES_OF_AUGMENTATIONS, USES_OF_SAMPLES, Selection
from seedbed.trainer.recipe import BASE, Phase, TrainingRecipe
from seedbed.trainer.v1.checkpoint_pb2 import Base
from seedbed.trainer.v1.trainer_service_pb2 import Phase as PhaseEntry
from seedbed.trainer.v1.trainer_service_pb2 import PhaseState, Training

VERSION = 3
"""Raised when the code changes what comes of a phase, and only then: all is trained anew."""
SCRATCH = "scratch"


def make_training(dataset: str, base: Base, recipe: TrainingRecipe) -> Training:
    """A training that has not begun. Equal inputs give the same name."""
    identity = canonical_json([VERSION, dataset, base.name, base.digest, recipe.canonical()])
    names = [*([BASE] if base.name == SCRATCH else []), *(phase.name for phase in recipe.phases)]
    return Training(
        name=f"t{sha256_hex(identity)[:16]}",
        dataset=dataset,
        base=base,
        recipe=recipe.canonical(),
        recipe_digest=recipe.digest,
        phases=[PhaseEntry(name=name, state=PhaseState.PHASE_STATE_WAITING) for name in names],
    )


def next_phase(training: Training) -> PhaseEntry | None:
    """The first phase that is not done; None where all are."""
    return next((phase for phase in training.phases if phase.state != PhaseState.PHASE_STATE_DONE), None)


def phase_before(training: Training, name: str) -> PhaseEntry | None:
    """The phase whose weights a phase begins from; None for the first, and for those right after the base."""
    names = [phase.name for phase in training.phases]
    place = names.index(name)
    before = training.phases[place - 1] if place else None
    return before if before and before.name != BASE else None


def objective_of(recipe: TrainingRecipe, name: str) -> Objective:
    """What a phase is tuned for."""
    return Supervised() if name == BASE else recipe.phase(name).tuned_for


def phase_digest(training: Training, recipe: TrainingRecipe, name: str, rows: str) -> str:
    """What the weights of a phase depend on; `rows` is the digest of what it trains on."""
    common = recipe.model_dump(mode="json", exclude={"phases", "scratch"})
    if name == BASE:
        own = recipe.scratch.model_dump(mode="json")
        return sha256_hex(canonical_json([VERSION, name, recipe.seed, common["precision"], own, rows]))
    phase, objective = recipe.phase(name), objective_of(recipe, name)
    settings = phase.model_dump(
        mode="json", exclude={"data", "external", "replay", *ObjectiveFields.model_fields}
    )
    settings |= objective.identity(training.base)
    before = phase_before(training, name)
    began = before.digest if before else [training.base.name, training.base.digest]
    return sha256_hex(canonical_json([VERSION, began, common, settings, rows]))


def check_training(recipe: TrainingRecipe, base: Base, manifest: Manifest) -> None:
    """Refuse what cannot be, before anything is loaded. Raises InputError."""
    violations = [*_check_phases(recipe, manifest.leaves), *_check_scratch(recipe, base)]
    if violations:
        raise InputError("this training recipe cannot be carried out on this dataset", violations)


def count_rows(phase: Phase, leaves: Sequence[Leaf]) -> int:
    """Rows of the dataset that one epoch of a phase has as its own, by the manifest's counts."""
    return sum(round(one.weight * _count(one, leaf)) for one in phase.data for leaf in leaves)


def _check_phases(recipe: TrainingRecipe, leaves: Sequence[Leaf]) -> Iterator[Violation]:
    own = {phase.name: count_rows(phase, leaves) for phase in recipe.phases}
    for phase in recipe.phases:
        where = f"phase {phase.name}"
        if not own[phase.name] and not phase.external:
            yield Violation(
                where,
                "it selects nothing: the dataset has no rows of that kind; "
                "leave the phase out, or add such leaves",
            )
            continue
        for one in phase.external:
            if not one.sha256:
                yield Violation(where, f"{one.path} has not been sent to the store: `seedbed train` does so")
        replayed = sum(round(replay.share * own[replay.phase]) for replay in phase.replay)
        rows = own[phase.name] + replayed
        if phase.batch_samples and phase.tokens is None and not _is_uncounted(phase):
            steps = -(-rows // phase.batch_samples) * phase.epochs
            if phase.warmup >= steps:
                yield Violation(
                    where,
                    f"its learning rate warms up over {phase.warmup} steps, but {rows} rows make only "
                    f"{steps}: lower `warmup` or `batch_samples`, or use the training recipe `small`",
                )


def _is_uncounted(phase: Phase) -> bool:
    """Whether the manifest does not say how many rows it has: passages are counted when they are read."""
    return bool(phase.external) or any("document_text" in one.rows for one in phase.data)


def _check_scratch(recipe: TrainingRecipe, base: Base) -> Iterator[Violation]:
    if base.name == SCRATCH and recipe.lora and recipe.lora.quantize != "none":
        yield Violation("lora.quantize", "a student from scratch has nothing worth holding in four bits")


def _count(selection: Selection, leaf: Leaf) -> int:
    group = group_of(leaf.path, leaf.kind)
    found = _rows_of(leaf) if group == Kind.KNOWLEDGE else [("skill", "", leaf.rows.skill)]
    return sum(count for use, form, count in found if selects(selection, leaf.path, group, form, use))


def _rows_of(leaf: Leaf) -> list[tuple[str, str, int]]:
    """Rows of a knowledge leaf: what for, form of answer, how many. Augmentations count as long answers.

    Of passages it is known only whether there are any.
    """
    counts = leaf.rows.model_dump()
    passages = any(leaf.candidates.model_dump().values()) or leaf.rows.p07_auxiliary > 0
    return [
        *((use, form, count) for use in USES_OF_SAMPLES for form, count in leaf.forms.items()),
        *((use, "long", counts[use]) for use in USES_OF_AUGMENTATIONS),
        ("retelling_text", "", leaf.rows.p07_auxiliary),
        ("document_text", "", int(passages)),
    ]
