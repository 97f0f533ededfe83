"""What a phase of a training recipe trains on: rows of the dataset, files, earlier phases. Pure."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from seedbed.kernel.formats.yaml_config import StrictModel
from seedbed.pipeline.kinds import KINDS, Kind
from seedbed.pipeline.kinds.entry import RowUse

MOST = 1_000_000_000
"""Of whatever is counted: more than a message can carry."""

LeafGroup = Literal["knowledge", "foundational", "compositional"]
"""Leaves as recipes select them: knowledge, and skills by the branch of the taxonomy that they stand in."""
Text = Literal["document_text", "retelling_text"]
Use = Literal[RowUse, "closed_qa", Text]
"""What a row is made for. Closed questions and texts are in no file: they are made when a dataset is read."""
Share = Annotated[float, Field(gt=0, le=1)]
Weight = Annotated[float, Field(gt=0, le=1000)]
Count = Annotated[int, Field(ge=1, le=MOST)]

GROUPS: tuple[LeafGroup, ...] = get_args(LeafGroup)
_KNOWLEDGE = KINDS[Kind.KNOWLEDGE]
USES_OF_SAMPLES: tuple[Use, ...] = (*_KNOWLEDGE.uses_of_samples, "closed_qa")
"""What the samples of a knowledge leaf have rows for."""
USES_OF_AUGMENTATIONS: tuple[Use, ...] = _KNOWLEDGE.uses_of_augmentations
"""What its augmentations have rows for."""
USES_OF_TEXTS: tuple[Use, ...] = get_args(Text)
"""Rows without questions, for continued pretraining: its passages, and what they were retold as."""


class Selection(StrictModel):
    """Rows of the dataset that a phase is trained on: of which leaves, in which form, how often."""

    kinds: Annotated[tuple[LeafGroup, ...], Field(min_length=1)] = GROUPS
    answers: Literal["short", "long", "any"] = "any"
    """Form of a knowledge leaf's answers; texts have none, and come with each."""
    rows: Annotated[tuple[Use, ...], Field(min_length=1)] = ("p07_qa", "p07_auxiliary", "skill")
    """How they are shown: knowledge with its passage (p07, p10), among others (raft), without, or as text."""
    leaves: tuple[str, ...] = ()
    """Globs on leaf paths; none means all."""
    weight: Weight = 1
    """How often each is shown in an epoch; a part of one is sampled without replacement."""

    @model_validator(mode="after")
    def _can_select(self) -> Self:
        knowledge = "knowledge" in self.kinds
        if self.answers != "any" and not knowledge:
            raise ValueError("answers are short or long for knowledge only, which is not among the kinds")
        of_knowledge = {*USES_OF_SAMPLES, *USES_OF_AUGMENTATIONS, *USES_OF_TEXTS}
        skills = self.kinds != ("knowledge",)
        shown = [use for use in self.rows if (knowledge if use in of_knowledge else skills)]
        if not shown:
            raise ValueError(f"no leaf of these kinds has rows of {', '.join(self.rows)}")
        return self


class External(StrictModel):
    """A dataset from elsewhere."""

    path: Annotated[str, Field(min_length=1)]
    """A file with a JSON object a line: `messages` as the dataset has them, or a `text`."""
    sha256: str = ""
    """Of its bytes; filled in by whoever sends it to the store."""
    samples: Count | None = None
    """So many of them, sampled without replacement; all where not given."""


class Replay(StrictModel):
    """An earlier phase's own data, trained on again."""

    phase: str
    share: Share = 1
    """Of its rows, sampled without replacement."""
