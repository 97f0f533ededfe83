"""The numbers of the formats in which things are kept, and their history.

A number is raised where an older version of Seedbed could not read what is written from then on, or would
spoil it; what only adds to a format raises nothing. What bears no number is of number 1, as all was before
numbers were written. Whoever raises one adds its line of history here and its migration where the thing is
opened, and keeps a state folder of the number before in `tests/data/`.

The number of a state folder stands in its `format.json`, that of a store under this key, that of the broker's
streams and buckets in a bucket of its own (`FORMATS`), that of a manifest in its field `format`, as ever: no
manifest has other bytes than before, and none another digest.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from seedbed import __version__
from seedbed.kernel.errors import InputError, NewerFormat

FORMAT_FILE = "format.json"

T = TypeVar("T")
Migrations = Mapping[int, Callable[[T], Awaitable[None]]]
"""From a number to the next. The new number is written last, so one that was cut off is done again."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands with a thing: its format's number, and the version of Seedbed that wrote it."""

    number: int = 1
    seedbed: str = ""

    @classmethod
    def read(cls, data: bytes | None, where: str) -> "Mark":
        """What was written; number 1 where nothing was. Raises InputError."""
        if data is None:
            return cls()
        try:
            found = json.loads(data)
            return cls(int(found["format"]), str(found["seedbed"]))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"the number of the format of {where} cannot be read: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of thing is kept; a line of history for each number, from 1."""

    name: str
    history: tuple[str, ...]

    @property
    def number(self) -> int:
        """The number that this version writes, and the highest it reads."""
        return len(self.history)

    @property
    def tag(self) -> str:
        """Name and number, as a manifest says them."""
        return f"{self.name}/{self.number}"

    def mark(self) -> bytes:
        """What this version writes beside the thing."""
        return json.dumps({"format": self.number, "seedbed": __version__}).encode()

    def check(self, mark: Mark, where: str) -> None:
        """Raises NewerFormat where this version does not know the number."""
        if mark.number > self.number:
            version = f"Seedbed {mark.seedbed}" if mark.seedbed else "the version of Seedbed that wrote it"
            raise NewerFormat(
                f"{where} has format {mark.number}, but Seedbed {__version__} knows {self.number} at most",
                hint=f"install {version} or a later one (pip install --upgrade seedbed); nothing was changed",
            )


async def bring_up_to_date(
    known: Format,
    where: str,
    read: Callable[[], Awaitable[bytes | None]],
    write: Callable[[bytes], Awaitable[object]],
    migrate: Callable[[int], Awaitable[None]],
) -> None:
    """Migrate what is older than this version, step by step, and mark it. Raises NewerFormat."""
    data = await read()
    mark = Mark.read(data, where)
    known.check(mark, where)
    for number in range(mark.number, known.number):
        await migrate(number)
    if data is None or mark.number < known.number:
        await write(known.mark())


STATE = Format(
    "state folder",
    ("store, streams, telemetry, cache and logs; ports, processes, token and lock of its stack",),
)
STORE = Format(
    "store",
    ("snapshots, commits, `cas/`, cuts, seals, copies of runs, tombstones, and folders with a manifest",),
)
"""Its number is raised with that of any manifest, too: who makes room must be able to read them all."""
BUS = Format(
    "data of the broker",
    ("streams WORK, DEAD, EVENTS; buckets MEMO, RUNS, LIMITS, STEPS, DEATHS, TRAININGS, REQUESTS",),
)

DATASET = Format("seedbed.dataset", ("training files, samples and candidates as Parquet, card",))
CHECKPOINT = Format("seedbed.checkpoint", ("a model or an adapter in Hugging Face's layout",))
EVALUATION = Format("seedbed.evaluation", ("`evaluation.json`, `scores.jsonl`, tasks",))
_MANIFESTS = {known.name: known for known in (DATASET, CHECKPOINT, EVALUATION)}


def check_manifest(data: bytes, where: str) -> None:
    """Raises NewerFormat where a manifest has a number that is not known; what is no manifest passes."""
    try:
        tag = json.loads(data)["format"]
        name, _, number = tag.partition("/")
        mark = Mark(int(number))
    except (ValueError, TypeError, KeyError, AttributeError):
        return
    if name in _MANIFESTS:
        _MANIFESTS[name].check(mark, where)
