"""The course of one leaf: prepare its passages, open rounds of draws, settle each, come to an end. Pure."""

from collections import deque
from collections.abc import Iterator

from seedbed.bus.v1.bus_pb2 import Item, LeafCounts, LeafTarget, Outcome, Round
from seedbed.kernel.plans import KnownPlan
from seedbed.kernel.step import Announce
from seedbed.knowledge.v1.steps_pb2 import AugmentResult, ChunkResult
from seedbed.runs.budget import Plea
from seedbed.runs.draws import (
    Draw,
    Passage,
    augment_input,
    chunk_input,
    first_items,
    list_draws,
    open_draw,
    take_draws,
)
from seedbed.runs.fold import Fold
from seedbed.runs.plans import quotas_of
from seedbed.runs.purse import Purse, count_draws
from seedbed.runs.settlement import Settlement
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

PREPARATION = 2**32 - 1
"""The number of what is done before there are draws; none of theirs, as the two are told apart by it."""

_ENDS = ("accepted", "rejected", "duplicate", "unneeded")


class Course:
    """Where one leaf of one run stands."""

    def __init__(self, known: KnownPlan, target: LeafTarget, leaf: Leaf) -> None:
        self.known = known
        self.target = target
        self.leaf = leaf
        self.fold = Fold(known.recipe.gates)
        self.settlement = Settlement(
            quotas_of(leaf.kind, target.target, known.recipe), known.recipe, leaf.kind
        )
        self.draws: dict[int, Draw] = {}
        self.roots: dict[int, str] = {}
        """Names of the draws' first items."""
        self.waiting: deque[Item] = deque()
        """Items decided on and not yet published."""
        self.purse: Purse | None = None
        """What may be spent, where the run has a budget."""
        self.starved = False
        """Whether more draws would be opened, were they paid for."""
        self.brought: set[str] = set()
        """Digests of the items there are records of: where nothing may be filled up, only these are drawn."""
        self._own = {PREPARATION}
        """Numbers that items below the rounds opened may have."""
        self._first: dict[str, Item | None] = {}
        self._lists: list[Iterator[Draw]] | None = None
        self._opened: Round | None = None
        self._taken: list[int] = []
        self._passages: list[Passage] = []

    @property
    def settled(self) -> bool:
        """Whether all that was announced is closed."""
        return not self.waiting and not self.fold.open_items

    def settled_so_far(self) -> bool:
        """Whether all below the rounds opened is closed.

        There may be records of later rounds, too: in a replay, or left by a life before a cancel.
        """
        if self.settled or self.waiting:
            return self.settled
        # The first look is cheap and tells nearly always; the second is right where draws share an item.
        return not self.fold.has_open(self._own) and self.fold.is_closed(self._first)

    def prepare(self) -> None:
        """Begin with what has to be done before there are draws."""
        for announce in first_items(self.leaf, self.known.recipe):
            self._add(self._make(announce, draw=PREPARATION))

    def open_round(self, opened: Round) -> None:
        """Make the items of a round that was decided on."""
        if self._lists is None:
            self._passages = list(self._find_passages())
            self._lists = [self._list_draws(quota.form) for quota in self.settlement.quotas]
        self._opened, self._taken = opened, []
        for index, (draws, row) in enumerate(zip(self._lists, opened.quotas, strict=True)):
            taken = take_draws(draws, row.end - row.first)
            self._taken.append(len(taken))
            for position, draw in enumerate(taken, start=row.first):
                number = self.settlement.number_draw(index, position)
                self.draws[number] = draw
                self._own.add(number)
                self.roots[number] = self._add(
                    self._make(open_draw(self.leaf, draw, self.known.recipe), number)
                )

    def close_round(self) -> Iterator[None]:
        """Settle the round that is open, if one is, a draw at a step."""
        if self._opened is not None:
            yield from self.settlement.close_round(self._opened, self._taken, self.roots, self.fold)
            self._opened = None
            # All below them is closed, so nobody needs what they were made of any more.
            self._first = dict.fromkeys(self._first)

    def next_round(self) -> Round | None:
        """The round after those that are closed; None at the leaf's end, or at the end of its means."""
        wanted = self.settlement.next_round()
        paid = self.purse.cut(wanted, self.fold.ledger) if wanted and self.purse else wanted
        self.starved = paid is None and wanted is not None
        return paid

    def plead(self) -> Plea | None:
        """What it would take to go on; None where that is not for the budget to say."""
        wanted = self.settlement.next_round()
        if wanted is None or self.purse is None:
            return None
        ledger = self.fold.ledger
        spent, reserve = self.purse.spent(ledger), self.purse.reserve(ledger)
        return Plea(self.target.leaf, spent, count_draws(wanted), reserve)

    def take_waiting(self, most: int) -> list[Item]:
        """Items to publish now, at most so many; those whose records have come meanwhile are let go."""
        items: list[Item] = []
        while self.waiting and len(items) < most:
            item = self.waiting.popleft()
            if self.fold.get(item.digest) is None:
                items.append(item)
        return items

    def unclosed_roots(self) -> list[Item]:
        """First items under which something is open: publishing them again brings back all below."""
        draws = self.fold.open_draws
        waiting = {item.digest for item in self.waiting}
        items = (item for item in self._first.values() if item is not None)
        return [item for item in items if item.draw in draws and item.digest not in waiting]

    def counts(self) -> LeafCounts:
        """Items and decided candidates by end."""
        counts = self.fold.counts()
        for end in _ENDS:
            setattr(counts, end, self.settlement.ended(end))
        return counts

    def shortfall(self) -> str:
        """Why the leaf ended short; "" where it has its target."""
        reason = self.settlement.shortfall()
        if not reason or self.leaf.kind != "knowledge":
            return reason
        lost = "; ".join(sorted({r.reason for r in self.fold.of_step("knowledge.chunk") if r.reason}))
        if not self._passages:
            names = ", ".join(document.path for document in self.leaf.documents) or "it has no document"
            return f"no document gave a chunk: {lost or names}"
        return f"{reason}; {lost}" if lost else reason

    def passages(self) -> list[Passage]:
        """Chunks and augmentations, in the order of the documents."""
        return self._passages

    def _list_draws(self, form: str) -> Iterator[Draw]:
        recipe = self.known.recipe
        draws = list_draws(self.leaf, self._passages, form, recipe)
        if recipe.refill:
            return draws
        return (d for d in draws if self._make(open_draw(self.leaf, d, recipe), 0).digest in self.brought)

    def _make(self, announce: Announce, draw: int) -> Item:
        return self.known.specs.make_item(self.known.plan.run, self.target.leaf, draw, announce)

    def _add(self, item: Item) -> str:
        if item.digest not in self._first:
            self._first[item.digest] = item
            self.fold.announce(item.digest, item.draw)
            if self.fold.get(item.digest) is None:
                self.waiting.append(item)
        return item.digest

    def _find_passages(self) -> Iterator[Passage]:
        specs, seen = self.known.specs, set()
        for document in self.leaf.documents:
            wanted = chunk_input(self.leaf, document, self.known.recipe)
            while True:
                digest = specs.make_item("", "", 0, Announce("knowledge.chunk", wanted)).digest
                record = self.fold.get(digest)
                if record is None or record.outcome != Outcome.OUTCOME_DONE or digest in seen:
                    break
                seen.add(digest)
                result = ChunkResult.FromString(record.result)
                for chunk in result.chunks:
                    passage = Passage(document, chunk, result.text, result.converter)
                    yield passage
                    yield from self._find_augmentations(passage)
                following = wanted.first + len(result.chunks)
                if following >= result.total:
                    break
                wanted = chunk_input(self.leaf, document, self.known.recipe, first=following)

    def _find_augmentations(self, passage: Passage) -> Iterator[Passage]:
        for name in self.known.recipe.augmentations:
            wanted = augment_input(self.leaf, passage.chunk, name)
            digest = self.known.specs.make_item("", "", 0, Announce("knowledge.augment", wanted)).digest
            record = self.fold.get(digest)
            if record is not None and record.outcome == Outcome.OUTCOME_DONE:
                text = AugmentResult.FromString(record.result).text
                yield Passage(passage.document, passage.chunk, passage.text, passage.converter, name, text)
