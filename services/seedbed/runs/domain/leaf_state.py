"""The states of one leaf: prepare its passages, open rounds of draws, settle each, end. Pure."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seedbed.bus.v1.bus_pb2 import Item, LeafCounts, LeafTarget, Record, Round, Usage
from seedbed.pipeline.failure_causes import count_calls, explain
from seedbed.pipeline.items import Announce
from seedbed.pipeline.kinds import kind_of, step_of
from seedbed.pipeline.kinds.entry import Draw, Passage
from seedbed.pipeline.plan import KnownPlan
from seedbed.runs.domain.fold import Fold, is_new
from seedbed.runs.domain.leaf_budget import LeafBudget, count_draws
from seedbed.runs.domain.rounds import PREPARATION, Opening, Preparation
from seedbed.runs.domain.run_budget import BudgetRequest
from seedbed.runs.domain.settlement import Birth, Decision, Settlement, births_of
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

_ENDS = ("accepted", "rejected", "duplicate", "unneeded")


@dataclass(frozen=True, slots=True)
class Begun:
    """A draw that was begun and is not decided yet."""

    number: int
    draw: Draw
    root: str
    """Name of its first item."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A draw with the candidates that were decided at it, by id."""

    number: int
    draw: Draw
    root: str
    candidates: list[tuple[Birth, Decision]]


class LeafStateMachine:
    """Where one leaf of one run stands."""

    def __init__(self, known: KnownPlan, target: LeafTarget, leaf: Leaf) -> None:
        self.known = known
        self.target = target
        self.leaf = leaf
        self.kind = kind_of(leaf.kind)
        self.fold = Fold(self.kind, known.recipe.gates)
        quotas = self.kind.split(target.target, known.recipe)
        self.settlement = Settlement(quotas, known.recipe, self.kind)
        self.budget: LeafBudget | None = None
        """What may be spent, where the run has a budget."""
        self.starved = False
        """Whether more draws would be opened, were they paid for."""
        self.begun: deque[Begun] = deque()
        """Draws in the order in which they are decided: a later one waits for those before it."""
        self.brought: set[str] = set()
        """Digests of the items there are records of: where nothing may be filled up, only these are drawn."""
        self.paid, self.paid_bytes = list[Record](), 0
        """Records of what is decided that are in no seal yet."""
        self._preparation: Preparation | None = None
        self._lists: list[Iterator[Draw]] | None = None
        self._upcoming: Iterator[tuple[int, Draw]] = iter(())
        self._next: tuple[Begun, Item] | None = None
        self._opening: Opening | None = None
        self._first_draws = count_draws(self.settlement.next_round() or Round())
        self.passages: list[Passage] = []
        """Chunks and augmentations, in the order of the documents."""
        self.notes: list[str] = []
        """What of the documents was not read."""
        self._lost = ""
        """Why documents gave no chunk."""

    @property
    def waiting(self) -> bool:
        """Whether there are items that wait to be published."""
        return self._first_waiting is not None

    @property
    def preparing(self) -> bool:
        """Whether no round was opened yet."""
        return self._lists is None

    @property
    def outlook(self) -> int:
        """How many draws are still to be begun, at most, as far as rounds go by now."""
        if self._lists is None:
            return self._first_draws
        return self._opening.left + 1 if self._opening and self._next else 0

    @property
    def settled(self) -> bool:
        """Whether all that was opened is closed and decided. There may be records of later rounds, too."""
        return not self.waiting and not self.begun and self._is_prepared

    def prepare(self) -> None:
        """Begin with what has to be done before there are draws."""
        if self._preparation is None and self._lists is None:
            items = [self._make(a, PREPARATION) for a in self.kind.first_items(self.leaf, self.known.recipe)]
            self._preparation = Preparation(items, self.fold)

    def open_round(self, opened: Round) -> None:
        """Go on to a round that was decided on."""
        if self._lists is None:
            self.passages = list(self.kind.find_passages(self.leaf, self.known, self.fold.get))
            self.notes = list(self.kind.find_notes(self.leaf, self.known, self.fold.get))
            self._lists = [self._list_draws(quota.form) for quota in self.settlement.quotas]
            records = self._preparation.let_go() if self._preparation else []
            self._lost = "; ".join(sorted({r.reason for r in records if step_of(r.step).text} - {""}))
            self._keep_paid(records)
            self._preparation = None
        self._opening = Opening(opened, self._lists)
        self._upcoming = iter(self._opening)
        self._look_ahead()

    def is_due(self) -> bool:
        """Whether there is something to settle."""
        if self.begun:
            return self._is_closed(self.begun[0])
        if item := self._first_waiting:
            return self.fold.is_recorded(item.digest)
        return self._is_prepared

    def settle(self) -> Iterator[Decided]:
        """Decide what can be decided, a draw at a step, and let go of it."""
        while True:
            if self.begun and self._is_closed(self.begun[0]):
                yield self._decide(self.begun.popleft())
            elif (item := self._first_waiting) and self.fold.is_recorded(item.digest):
                # As in a replay.
                self._begin(item)
            else:
                break

    def close_round(self) -> None:
        """End the round that is open, if one is: all of it is settled."""
        if self._opening is not None:
            self.settlement.close_round(self._opening.opened, self._opening.taken)
            self._opening = None

    def next_round(self) -> Round | None:
        """The round after those that are closed; None at the leaf's end, or where its budget is spent."""
        wanted = self.settlement.next_round()
        paid = self.budget.cut(wanted, self.fold.ledger) if wanted and self.budget else wanted
        self.starved = paid is None and wanted is not None
        return paid

    def request_budget(self, elsewhere: Mapping[str, Usage]) -> BudgetRequest | None:
        """What it would take to go on, by what requests cost elsewhere; None where it needs nothing."""
        if self.budget is None or (wanted := self.settlement.next_round()) is None:
            return None
        self.budget.elsewhere = elsewhere
        return self.budget.request_budget(self.target.leaf, wanted, self.fold.ledger)

    def take_waiting(self, most: int) -> list[Item]:
        """Items to publish now, at most so many; those that have a record and nothing open below are not."""
        items: list[Item] = []
        while len(items) < most and (item := self._first_waiting):
            if self._begin(item) or (self.fold.get(item.digest) and not self.fold.is_closed([item.digest])):
                items.append(item)
        return items

    def unclosed_roots(self) -> list[Item]:
        """First items under which something is open: publishing them again brings back all below."""
        if self._preparation:
            return self._preparation.unclosed()
        return [self._open(begun.draw, begun.number) for begun in self.begun if not self._is_closed(begun)]

    def rest_paid(self) -> list[Record]:
        """All that was paid for and is in no seal, decided or not."""
        return [*self.paid, *filter(is_new, self.fold.rest())]

    def note_sealed(self) -> None:
        """Let go of what was paid for: it is in a seal."""
        self.paid, self.paid_bytes = [], 0

    def counts(self) -> LeafCounts:
        """Items and decided candidates by end."""
        counts = self.fold.counts()
        for end in _ENDS:
            setattr(counts, end, self.settlement.ended(end))
        return counts

    def shortfall(self) -> str:
        """Why the leaf ended short; "" where it has its target."""
        reason = self.settlement.shortfall()
        if reason and self.kind.of_leaf and not self.passages:
            names = ", ".join(document.path for document in self.leaf.documents)
            return f"no document gave a chunk: {self._lost or names or 'it has no document'}"
        counts = self.fold.counts()
        given_up = explain(counts.causes, count_calls(counts.steps)[1])
        return "; ".join(filter(None, (reason, given_up, self._lost))) if reason else ""

    def _list_draws(self, form: str) -> Iterator[Draw]:
        recipe = self.known.recipe
        draws = self.kind.list_draws(self.leaf, self.passages, form, recipe)
        if recipe.refill:
            return draws
        return (d for d in draws if self._open(d, 0).digest in self.brought)

    def _open(self, draw: Draw, number: int) -> Item:
        return self._make(self.kind.open_draw(self.leaf, draw, self.known.recipe), number)

    def _make(self, announce: Announce, draw: int) -> Item:
        return self.known.specs.make_item(self.known.plan.run, self.target.leaf, draw, announce)

    def _look_ahead(self) -> None:
        """Have the next draw at hand, to know whether there is one."""
        self._next = None
        if found := next(self._upcoming, None):
            number, draw = found
            item = self._open(draw, number)
            self._next = Begun(number, draw, item.digest), item

    @property
    def _first_waiting(self) -> Item | None:
        if self._next is not None:
            return self._next[1]
        return self._preparation.waiting[0] if self._preparation and self._preparation.waiting else None

    def _begin(self, item: Item) -> bool:
        """Announce the item that waits first; whether it is open from now on."""
        if self._next is not None:
            begun, _ = self._next
            self.begun.append(begun)
            self.fold.begin(begun.number)
            self._look_ahead()
        elif self._preparation:
            self._preparation.waiting.popleft()
        return self.fold.announce(item.digest, item.draw)

    def _decide(self, first: Begun) -> Decided:
        candidates = self.settlement.decide(first.number, births_of(self.kind, self.fold, first.root))
        decided = Decided(first.number, first.draw, first.root, candidates)
        self._keep_paid(self.fold.let_go(first.number, [first.root]))
        return decided

    @property
    def _is_prepared(self) -> bool:
        return self._preparation is None or self._preparation.is_closed

    def _is_closed(self, begun: Begun) -> bool:
        # The first look is cheap and nearly always enough; the second is right where draws share an item.
        return not self.fold.open_in(begun.number) and self.fold.is_closed([begun.root])

    def _keep_paid(self, records: list[Record]) -> None:
        self.paid += (paid := list(filter(is_new, records)))
        self.paid_bytes += sum(record.ByteSize() for record in paid)
