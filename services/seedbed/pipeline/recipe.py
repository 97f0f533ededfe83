"""The recipe of a run: how much of what, and what passes the gates. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from seedbed.judge.v1.steps_pb2 import GroundedVerdict, InstructionVerdict, PairVerdict
from seedbed.kernel.formats.yaml_config import StrictModel, read_config
from seedbed.kernel.identity import canonical_json

MOST = 10**15
MOST_SAMPLES = 1_000_000
"""Of a leaf."""
Share = Annotated[float, Field(ge=0, le=1)]
_LATER: Mapping[str, Any] = {"passages": False, "retellings": (), "viewpoints": 1}
"""Options that are not written where they are these."""
NOT_FILLED_UP = "not filled up (--no-refill)"
Augmentation = Literal["detailed_summary", "extractive_summary", "atomic_facts"]
Family = Literal["rewrite", "implications", "dialogue", "question_list"]


class Gates(StrictModel):
    """What a verdict must reach. Each check answers "" for accepted, else the reason."""

    pair_score: Annotated[int, Field(ge=1, le=3)] = 2
    faithful: Annotated[int, Field(ge=0, le=1)] = 1
    relevancy: Annotated[int, Field(ge=0, le=2)] = 2
    standalone: Annotated[int, Field(ge=0, le=1)] = 1
    evidence: bool = True

    def check_instruction(self, verdict: InstructionVerdict) -> str:
        """All four criteria must hold."""
        for name in ("answerable", "well_formed", "safe", "relevant"):
            if not getattr(verdict, name):
                return f"not {name.replace('_', ' ')}"
        return ""

    def check_pair(self, verdict: PairVerdict) -> str:
        """The three-point scale, kept at `pair_score` and above."""
        return "" if verdict.score >= self.pair_score else f"score {verdict.score}"

    def check_grounded(self, verdict: GroundedVerdict) -> str:
        """Faithful, with its evidence found in the document, relevant and standing alone."""
        if verdict.faithful < self.faithful:
            return "not faithful"
        if self.evidence and not verdict.evidence_found:
            return "evidence not found"
        if verdict.relevancy < self.relevancy:
            return f"relevancy {verdict.relevancy}"
        return "" if verdict.standalone >= self.standalone else "does not stand alone"


class Budget(StrictModel):
    """What all that the dataset rests on may cost; a limit that is not named is none."""

    calls: Annotated[int, Field(ge=1, le=MOST)] | None = None
    tokens: Annotated[int, Field(ge=1, le=MOST)] | None = None
    """Of prompts and replies together."""
    money: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    """In the currency of the prices."""

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.calls is self.tokens is self.money is None:
            raise ValueError("names no limit; there are calls, tokens and money")
        return self


class Price(StrictModel):
    """What a million tokens cost, of prompts and of completions, in whatever currency the user counts in."""

    prompt: Annotated[float, Field(ge=0, le=1_000_000)]
    completion: Annotated[float, Field(ge=0, le=1_000_000)]


class Prices(StrictModel):
    """What the models cost; where the judge has no price of its own it costs what the teacher does."""

    teacher: Price
    judge: Price | None = None


class Recipe(StrictModel):
    """How much of what. Everything here is part of the run's identity."""

    target: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 30
    """Samples a leaf."""
    short_share: Share = 0.5
    """Share of a knowledge leaf's samples with short answers."""
    chunk_tokens: Annotated[int, Field(ge=32, le=8192)] = 400
    pairs: Annotated[int, Field(ge=1, le=20)] = 3
    """Pairs asked of one `knowledge.generate` call."""
    instructions: Annotated[int, Field(ge=1, le=50)] = 5
    """Instructions asked of one `skills.instruct` call."""
    augmentations: tuple[Augmentation, ...] = ()
    retellings: tuple[Family, ...] = ()
    """Families in which each chunk is retold whole, as rows to train on."""
    viewpoints: Annotated[int, Field(ge=1, le=4)] = 1
    """How often in each family, each time from another point of view and in another order."""
    passages: bool = False
    """Whether the dataset has all passages of the documents as text, not only those that were asked about."""
    duplicate_threshold: Share = 0.7
    """Jaccard similarity of questions from which two are the same."""
    repeats: Annotated[int, Field(ge=1, le=1000)] = 16
    """How often a draw may ask the same again with another seed."""
    dry_rounds: Annotated[int, Field(ge=1, le=1000)] = 5
    """Rounds without a new sample after which a leaf gives up."""
    max_rounds: Annotated[int, Field(ge=1, le=1000)] = 50
    refill: bool = True
    """Whether a teacher may be asked at all; else a leaf has what it recalls, decided by this recipe."""
    budget: Budget | None = None
    prices: Prices | None = None
    """Part of the identity only where a budget in money is counted by them."""
    gates: Gates = Gates()
    system_prompt: str = "You are a helpful assistant who answers truthfully and to the point."
    """System message of the training rows; empty for none."""

    @model_validator(mode="after")
    def _retellings_fit(self) -> Self:
        if len(set(self.retellings)) < len(self.retellings):
            raise ValueError("`retellings` names a family twice; `viewpoints` has it written several times")
        if self.viewpoints > 1 and not self.retellings:
            raise ValueError("`viewpoints` is of no use without `retellings`, such as `[rewrite]`")
        return self

    @model_validator(mode="after")
    def _money_has_prices(self) -> Self:
        if self.budget and self.budget.money and not self.prices:
            raise ValueError("a budget in money needs `prices`")
        return self

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Recipes are written as they were before there were these options."""
        found: dict[str, Any] = dump(self)
        unused = {name for name, default in _LATER.items() if getattr(self, name) == default}
        return {name: value for name, value in found.items() if name not in unused}

    def canonical(self) -> str:
        """The recipe as text that is equal for equal recipes."""
        counted = self.budget is not None and self.budget.money is not None
        values = self.model_dump(mode="json", exclude_none=True, exclude=None if counted else {"prices"})
        return canonical_json(values).decode()


def read_recipe(text: str, *, target: int = 0, over: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe from YAML or JSON; `target` and what is in `over` override its own. Raises InputError."""
    over = {**(over or {}), **({"target": target} if target else {})}
    return read_config(text, "recipe", Recipe, example="target: 30", over=over)
