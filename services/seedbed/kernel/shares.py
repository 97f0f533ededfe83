"""How one limit is divided among processes: the table they share, and who may have how much of it. Pure."""

import json
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Holder:
    """One process in the table."""

    role: str
    granted: int = 0
    want: int = 0
    beat: int = 0
    paused: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The limit of one endpoint and who holds what of it."""

    limit: int
    holders: dict[str, Holder] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: bytes) -> "Table":
        """Read a table from its stored form."""
        value = json.loads(data)
        return cls(value["limit"], {name: Holder(*row) for name, row in value["holders"].items()})

    def to_json(self) -> bytes:
        """The stored form."""
        rows = {n: [h.role, h.granted, h.want, h.beat, h.paused] for n, h in self.holders.items()}
        return json.dumps({"limit": self.limit, "holders": rows}).encode()


def shares(table: Table) -> dict[str, int]:
    """What each process may have: one each while it lasts, then judges, then the others, by need."""
    order = sorted(table.holders, key=lambda name: (table.holders[name].role != "judge", name))
    result = {name: int(index < table.limit) for index, name in enumerate(order)}
    left = table.limit - sum(result.values())
    for judges in (True, False):
        group = [name for name in order if (table.holders[name].role == "judge") == judges]
        while left > 0:
            needy = [name for name in group if result[name] < table.holders[name].want]
            if not needy:
                break
            for position, name in enumerate(needy):
                part = max(1, left // (len(needy) - position)) if left else 0
                part = min(part, table.holders[name].want - result[name], left)
                result[name] += part
                left -= part
    return result


def settle(table: Table, name: str, holder: Holder, in_use: int) -> Table:
    """The table after a process has made its wish known and taken or given back what it may."""
    table = replace(table, holders={**table.holders, name: holder})
    entitled = shares(table)[name]
    free = table.limit - sum(h.granted for h in table.holders.values())
    if entitled < holder.granted:
        granted = max(entitled, min(in_use, holder.granted))
    else:
        granted = holder.granted + max(0, min(entitled - holder.granted, free))
    return replace(table, holders={**table.holders, name: replace(holder, granted=granted)})
