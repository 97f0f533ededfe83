"""How one limit is divided among processes: the table they share, and who may have how much of it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from seedbed.kernel.endpoint.limits.adaptive_limit import Probe, Seen, begin, climb, lower, measure

KEPT = 4
"""A quarter of the limit: about what generating needs to keep the judges busy."""


@dataclass(frozen=True, slots=True)
class Holder:
    """One process in the table."""

    role: str
    granted: int = 0
    want: int = 0
    beat: int = 0
    paused: str = ""
    epoch: int = 0
    """Of the limit it knew of when it last wrote."""
    taken: int = 0
    """Its calls begun before that epoch that were not refused."""


@dataclass(frozen=True, slots=True)
class LimitTable:
    """The limit of one endpoint and who holds what of it."""

    limit: int
    holders: dict[str, Holder] = field(default_factory=dict)
    probe: Probe = field(default_factory=Probe)

    @classmethod
    def from_json(cls, data: bytes) -> "LimitTable":
        """Read a table from its stored form."""
        value = json.loads(data)
        holders = {name: Holder(*row) for name, row in value["holders"].items()}
        return cls(value["limit"], holders, Probe(*value.get("probe", ())))

    def to_json(self) -> bytes:
        """The JSON that is written to the bucket; the holders are rows, to keep it short."""
        rows = {name: astuple(holder) for name, holder in self.holders.items()}
        return json.dumps({"limit": self.limit, "holders": rows, "probe": astuple(self.probe)}).encode()


def shares(table: LimitTable) -> dict[str, int]:
    """What each process may have: one each for those in need, then judges, then the others, by need.

    Of the judges' precedence a part is kept for the others: were it all, judging and generating would take
    turns, each waiting while the other works, and all calls would begin and end at once.
    """
    demands = tuple(_Demand(name, held.role, held.want) for name, held in table.holders.items())
    return dict(_shares(table.limit, demands))


class _Demand(NamedTuple):
    name: str
    role: str
    want: int


@lru_cache(maxsize=64)  # Asked again and again of tables in which nothing else than beats has changed.
def _shares(limit: int, demands: tuple[_Demand, ...]) -> dict[str, int]:
    order = sorted(demands, key=lambda demand: (demand.role != "judge", demand.name))
    needy = [demand for demand in order if demand.want]
    result = {demand.name: 0 for demand in order} | {demand.name: 1 for demand in needy[:limit]}
    left = limit - sum(result.values())
    judges = [demand for demand in needy if demand.role == "judge"]
    others = [demand for demand in needy if demand.role != "judge"]
    missing = sum(demand.want - result[demand.name] for demand in others)
    kept = min(left, missing, max(0, limit // KEPT - sum(result[demand.name] for demand in others)))
    left = _share_out(judges, result, left - kept) + kept
    left = _share_out(others, result, left)
    # What nobody misses: one for each that has nothing to do, so that it can begin at once.
    for demand in [demand for demand in order if not demand.want][:left]:
        result[demand.name] = 1
    return result


def _share_out(group: Sequence[_Demand], result: dict[str, int], left: int) -> int:
    """Add to `result` what a group gets of what is left, in equal parts up to need; returns the rest."""
    while left > 0:
        thirsty = [demand for demand in group if result[demand.name] < demand.want]
        if not thirsty:
            break
        for position, demand in enumerate(thirsty):
            part = max(1, left // (len(thirsty) - position)) if left else 0
            part = min(part, demand.want - result[demand.name], left)
            result[demand.name] += part
            left -= part
    return left


def pauses(tables: Sequence[LimitTable]) -> set[str]:
    """Why nobody asks, by the tables of all endpoints: a role waits where it waits at each of them."""
    reasons: dict[str, list[set[str]]] = {}
    for table in tables:
        for role in {holder.role for holder in table.holders.values()}:
            found = {holder.paused for holder in table.holders.values() if holder.role == role}
            reasons.setdefault(role, []).append(found - {""})
    return {why for of_role in reasons.values() if all(of_role) for found in of_role for why in found}


def begin_anew(table: LimitTable, ceiling: int, *, low: bool) -> LimitTable:
    """The table where it was made for another ceiling or for none."""
    if table.probe.ceiling == ceiling:
        return table
    limit, probe = begin(ceiling, low=low)
    return replace(table, limit=limit, probe=probe)


def learn(table: LimitTable, name: str, seen: Seen, taken: int, full: int) -> LimitTable:
    """The table after a process has reported what it saw.

    It had `taken` calls under way that were not refused when the present epoch began, and `full` when the
    endpoint began to refuse in this one.
    """
    if seen.refusals:
        limit, probe = lower(table.limit, table.probe, seen)
        taken = full
    else:
        limit, probe = table.limit, table.probe
    own = replace(table.holders.get(name, Holder("")), epoch=probe.epoch, taken=taken)
    holders = {**table.holders, name: own}
    if not probe.settled:
        # Of a process that has not heard of it yet: no more than it may have under way.
        known = (h.taken if h.epoch == probe.epoch else h.granted for h in holders.values())
        limit, probe = measure(limit, probe, sum(known))
    if not seen.refusals:
        limit, probe = climb(limit, probe, seen)
    return replace(table, limit=limit, holders=holders, probe=probe)


def settle(table: LimitTable, name: str, holder: Holder, in_use: int) -> LimitTable:
    """The table after a process has said how many it wants and given back what is not its part.

    What is free then goes to whom it is due, the others too: they need not come for it.
    """
    table = replace(table, holders={**table.holders, name: holder})
    due = shares(table)
    granted = {other: held.granted for other, held in table.holders.items()}
    if due[name] < holder.granted:
        granted[name] = max(due[name], min(in_use, holder.granted))
    free = table.limit - sum(granted.values())
    for other in [name, *table.holders]:
        more = max(0, min(due[other] - granted[other], free))
        granted[other] += more
        free -= more
    holders = {other: replace(held, granted=granted[other]) for other, held in table.holders.items()}
    return replace(table, holders=holders)
