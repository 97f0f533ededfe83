"""What is assumed where nothing was measured yet. Each has a name, so that it can be shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from seedbed.pipeline.kinds import STEPS


def _assumed_by_gates() -> dict[str, float]:
    return {step.name: step.gate.assumed for step in STEPS.values() if step.gate}


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """Shares are of what came so far; replies are taken to be as long as the leaf's seed examples."""

    new: float = 0.95
    """Of what is born: not like a seed, nor like another in the same reply."""
    passing: Mapping[str, float] = field(default_factory=_assumed_by_gates)
    """Of what a step weighs, by the step."""
    distinct: float = 0.95
    """Of what passes: not like a sample that the leaf has already."""
    spare: float = 0.05
    """Draws beyond what is needed, as rounds reach for a little too much."""
    asked_anew: float = 0.02
    """Of all requests: as the reply could not be read."""
    verdict_tokens: int = 50
    """Of a verdict: its scores, and why."""
    chunk_share: float = 0.7
    """How full a chunk is of what the recipe allows it."""
    retold_share: float = 0.5
    """How long an augmentation is beside its chunk."""
    bytes_a_token: int = 4
    call_seconds: float = 0.5
    """Until a reply begins."""
    tokens_a_second: float = 50.0
    """Of one reply."""
    calls_a_second: float = 150.0
    """What one machine gets through, however quick the teacher is."""
