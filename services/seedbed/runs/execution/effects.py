"""What work on leaves reaches out to."""

from dataclasses import dataclass

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.store.backend import Store
from seedbed.kernel.work.memo import Memo
from seedbed.runs.storage.run_entries import Entries
from seedbed.runs.storage.seals import Seals


@dataclass(frozen=True, slots=True)
class Effects:
    """What work on leaves reaches out to."""

    bus: Bus
    store: Store
    entries: Entries
    seals: Seals
    memo: Memo
