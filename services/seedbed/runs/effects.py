"""What work on leaves reaches out to."""

from dataclasses import dataclass

from seedbed.kernel.bus import Bus
from seedbed.kernel.memo import Memo
from seedbed.kernel.store import Store
from seedbed.runs.entries import Entries
from seedbed.runs.seals import Seals


@dataclass(frozen=True, slots=True)
class Effects:
    """What work on leaves reaches out to."""

    bus: Bus
    store: Store
    entries: Entries
    seals: Seals
    memo: Memo
