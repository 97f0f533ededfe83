"""What a report shows: facts that need no more looking up. Pure."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Bill:
    """What something cost. `money` is None where no prices were given."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float | None = None

    @property
    def tokens(self) -> int:
        """Tokens of prompts and completions together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Ends:
    """Candidates by their end, and items that were given up."""

    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    unneeded: int = 0
    malformed: int = 0
    failed: int = 0

    @property
    def candidates(self) -> int:
        """All candidates, however they ended."""
        return self.accepted + self.rejected + self.duplicate + self.unneeded


@dataclass(frozen=True, slots=True)
class Score:
    """The same questions put to two checkpoints, and the difference with its interval of 95 %."""

    leaf: str
    measure: str
    before: str
    after: str
    before_mean: float
    after_mean: float
    difference: float
    questions: int
    low: float | None = None
    high: float | None = None
    chance: float | None = None

    @property
    def certain(self) -> str:
        """`up` or `down` where the whole interval lies on one side of nothing, else ``."""
        if self.low is not None and self.low > 0:
            return "up"
        return "down" if self.high is not None and self.high < 0 else ""


@dataclass(frozen=True, slots=True)
class LeafFacts:
    """What became of one leaf: samples by their end, their cost, and what the student gained."""

    path: str
    kind: str
    target: int
    rounds: int
    reason: str
    ends: Ends
    bill: Bill
    seeds: int
    """Seed examples that its samples came from."""
    passages: int
    """Passages of documents that its samples came from."""
    gains: tuple[Score, ...] = ()
    notes: tuple[str, ...] = ()
    """What of its documents was not read."""


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """What one phase of the training learned from, and how its loss fell."""

    name: str
    steps: int
    tokens: int
    first_loss: float
    last_loss: float
    seconds: float
    share_replayed: float
    losses: tuple[tuple[int, float], ...] = ()
    """Step and loss."""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tuning:
    """The training that followed the run, if one did."""

    name: str
    base: str
    phases: tuple[PhaseFacts, ...]
    leaf_shares: tuple[tuple[str, str, float], ...] = ()
    """Phase, leaf and the leaf's share of what the phase counted."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evaluation said, if there was one."""

    name: str
    gains: tuple[Score, ...]
    forgetting: tuple[Score, ...]
    shortfalls: tuple[tuple[str, str], ...] = ()
    """Leaf, and why it has fewer questions than wanted."""
    benchmarks: tuple[tuple[str, str, str], ...] = ()
    """Benchmark, checkpoint, and its score or why there is none."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a report shows: of a run, what it made and cost, and of its tuning where there is one."""

    run: str
    state: str
    taxonomy: str
    recipe: dict[str, Any]
    steps: tuple[dict[str, Any], ...]
    models: tuple[str, ...]
    notices: tuple[str, ...]
    leaves: tuple[LeafFacts, ...]
    reasons: tuple[tuple[str, str, int], ...]
    """End, reason and how many candidates, the most frequent first."""
    candidates: tuple[dict[str, Any], ...]
    """Rows of the table to look through."""
    candidates_in_all: int
    tuning: Tuning | None = None
    verdict: Verdict | None = None
    ends: Ends = field(default_factory=Ends)
    bill: Bill = field(default_factory=Bill)
    target: int = 0
    causes: tuple[tuple[str, int], ...] = ()
    """Why calls were given up, and how many, the most frequent first."""
