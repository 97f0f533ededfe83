"""Settlement: what becomes of every candidate, and how far the next round reaches. Pure.

Draws are decided one after the other, candidates in (draw, id) order: what was kept stays kept, and the
outcome depends on the records alone, never on who came first. Of what is decided only what later decisions
hang on is kept.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seedbed.bus.v1.bus_pb2 import Outcome, QuotaDraws, Record, Round
from seedbed.pipeline.failure_causes import Causes, is_given_up
from seedbed.pipeline.items import candidate_id
from seedbed.pipeline.kinds import step_of
from seedbed.pipeline.kinds.entry import LeafKind, Quota
from seedbed.pipeline.recipe import NOT_FILLED_UP, Recipe
from seedbed.pipeline.similarity import NearDuplicates
from seedbed.runs.domain.fold import Fold, gate_reason
from seedbed.runs.domain.rounds import draws_to_open

_REASONS = 3


@dataclass(frozen=True, slots=True)
class Birth:
    """A candidate as it was born: its texts, and the items of its making."""

    id: str
    draw: int
    """Of the item it was born in; that item may be another draw's as well."""
    question: str
    answer: str
    context: str
    makings: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """How a candidate ended, at which draw of which round; `end` is "" while it is open."""

    draw: int
    round: int
    end: str = ""
    reason: str = ""
    duplicate_of: str = ""


@dataclass(slots=True)
class _Stand:
    """How far one quota is: draws opened, samples kept, rounds in a row that gave none."""

    quota: Quota
    opened: int = 0
    kept: int = 0
    kept_before: int = 0
    """Before the round that is open."""
    dry: int = 0
    spent: bool = False

    @property
    def missing(self) -> int:
        return self.quota.target - self.kept


def births_of(kind: LeafKind, fold: Fold, root: str) -> list[Birth]:
    """The candidates born below a draw's first item, by id."""
    order = {step.name: place for place, step in enumerate(kind.steps)}
    records = list(fold.below(root))
    texts = [(record, step_of(record.step).context(record.result)) for record in records]
    contexts = [record for record, text in texts if text]
    context = next((text for _, text in texts if text), "")
    later: dict[str, list[Record]] = {}
    for record in records:
        if record.candidate:
            later.setdefault(record.candidate, []).append(record)
    born = []
    for record in records:
        for index, (question, answer) in enumerate(step_of(record.step).births(record.result)):
            name = candidate_id(record.digest, index)
            followed = sorted(later.get(name, []), key=lambda made: order[made.step])
            written = filter(None, (step_of(made.step).answer(made.result) for made in followed))
            makings = (*contexts, record, *followed)
            born.append(Birth(name, record.draw, question, next(written, answer), context, makings))
    return sorted(born, key=lambda birth: birth.id)


@dataclass
class Settlement:
    """Decides on one leaf, round by round."""

    quotas: Sequence[Quota]
    recipe: Recipe
    kind: LeafKind
    rounds: int = 0
    """Those that are closed."""
    halted: str = ""
    """Why no more is opened, though there are draws and samples are missing."""

    def __post_init__(self) -> None:
        self._stands = [_Stand(quota) for quota in self.quotas]
        self._kept = NearDuplicates(self.recipe.duplicate_threshold)
        self._reasons = Causes()
        self._ends: Counter[str] = Counter()
        self._shared: set[str] = set()
        """Candidates decided at one draw that come again at another."""

    @property
    def accepted(self) -> int:
        """The number of accepted candidates so far."""
        return sum(stand.kept for stand in self._stands)

    def ended(self, end: str) -> int:
        """How many candidates ended so."""
        return self._ends[end]

    def decide(self, number: int, births: Iterable[Birth]) -> list[tuple[Birth, Decision]]:
        """Decide the candidates of the next draw, by id; those decided at an earlier one are left out."""
        stand = self._stands[number % len(self.quotas)]
        decided = []
        for birth in births:
            if birth.id not in self._shared:
                decided.append((birth, self._decide(birth, number, stand)))
                if birth.draw != number:
                    self._shared.add(birth.id)
        return decided

    def is_decided(self, birth: Birth) -> bool:
        """Whether a candidate whose draw is still open was decided at an earlier one."""
        return birth.id in self._shared

    def close_round(self, opened: Round, taken: Sequence[int]) -> None:
        """Come to the end of a round; `taken` are the draws there really were in each quota."""
        for stand, row, count in zip(self._stands, opened.quotas, taken, strict=True):
            asked = row.end - row.first
            stand.opened += count
            stand.spent |= count < asked
            stand.dry = stand.dry + (asked > 0) if stand.kept == stand.kept_before else 0
            stand.kept_before = stand.kept
        self.rounds += 1

    def _decide(self, birth: Birth, draw: int, stand: _Stand) -> Decision:
        end, reason, other = self._weigh(birth, stand)
        if end == "accepted":
            stand.kept += 1
        elif end != "unneeded":
            why = reason if end == "rejected" else end
            self._reasons.add(why, exactly=not is_given_up(birth.makings[-1]))
        self._ends[end] += 1
        return Decision(draw, self.rounds, end, reason, other)

    def _weigh(self, birth: Birth, stand: _Stand) -> tuple[str, str, str]:
        for record in birth.makings:
            for drop in record.dropped:
                if drop.candidate == birth.id:
                    return drop.end, drop.reason, ""
        last = birth.makings[-1]
        reason = gate_reason(last, self.kind, self.recipe.gates)
        if reason is None:
            return "rejected", _explain_end(last), ""
        if reason:
            return "rejected", reason, ""
        if not stand.missing:
            return "unneeded", "", ""
        other = self._kept.keep(birth.id, _identity(birth))
        return ("duplicate", "like another sample of the leaf", other) if other else ("accepted", "", "")

    def next_round(self) -> Round | None:
        """How far the next round reaches; None where the leaf has ended."""
        # What is only recalled costs nothing: all of it is looked at.
        if self.recipe.refill and self.rounds >= self.recipe.max_rounds:
            return None
        rows = [
            QuotaDraws(form=s.quota.form, first=s.opened, end=s.opened + self._draws(s)) for s in self._stands
        ]
        return Round(quotas=rows) if any(row.end > row.first for row in rows) else None

    def _draws(self, stand: _Stand) -> int:
        if not stand.missing or stand.spent:
            return 0
        if self.recipe.refill and stand.dry >= self.recipe.dry_rounds:
            return 0
        most = self.kind.candidates_of_draw(self.recipe)
        return draws_to_open(stand.missing, stand.opened, stand.kept, stand.dry, most)

    def shortfall(self) -> str:
        """Why the leaf ended short; "" where it has its target."""
        parts = [self._explain(stand) for stand in self._stands if stand.missing]
        if parts and (reasons := self._reasons.common(_REASONS)):
            most = ", ".join(f"{one.reason} {one.count}" for one in reasons)
            parts.append(f"most went to: {most}")
        return "; ".join(parts)

    def _explain(self, stand: _Stand) -> str:
        form = f"{stand.quota.form} " if stand.quota.form else ""
        have = f"{stand.kept} of {stand.quota.target} {form}samples"
        if not self.recipe.refill:
            return f"{have}: {NOT_FILLED_UP}"
        if stand.spent:
            return f"{have}: all {stand.opened} draws are spent"
        if stand.dry >= self.recipe.dry_rounds:
            return f"{have}: {stand.dry} rounds in a row brought nothing new ({stand.opened} draws)"
        if self.halted:
            return f"{have}: {self.halted}"
        return f"{have}: the recipe's max_rounds of {self.rounds} are over ({stand.opened} draws)"


def _explain_end(last: Record) -> str:
    if last.outcome == Outcome.OUTCOME_SKIPPED:
        return last.reason
    failed = last.outcome != Outcome.OUTCOME_DONE
    return f"{last.step}: {last.reason}" if failed else f"ended at {last.step}"


def _identity(birth: Birth) -> str:
    return f"{birth.question}\n{birth.context}" if birth.context else birth.question
