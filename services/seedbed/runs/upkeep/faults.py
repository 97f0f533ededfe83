"""Faults: what of all that runs name is missing or wrong, and what can be done about it. Pure."""

from dataclasses import dataclass

_IMPORT = "import the taxonomy again, as `seedbed generate` does"

REMEDIES: dict[str, tuple[str, bool]] = {
    "snapshot": (f"dropped; {_IMPORT}", False),
    "document": (f"dropped; {_IMPORT}", False),
    "commit": (f"dropped; {_IMPORT}", False),
    "cut": ("dropped; the document is cut again where that is needed, without a call", True),
    "text": ("dropped with what was cut; the leaf is made again, without a call", True),
    "part": ("dropped; the leaf is made again from what its seals hold", True),
    "seal": (
        "dropped; calls that were paid for what is in it are made again where they are needed",
        True,
    ),
    "index": ("written again from the seals there are", True),
    "result": ("dropped with its record; its call is made again where it is needed", True),
    "record": ("dropped; its call is made again where it is needed", True),
    "entry": (
        "brought back from its copy; where there is none the same `seedbed generate` makes it again",
        True,
    ),
    "copy": ("written again", True),
    "dataset": ("dropped; `seedbed train` sends it again", True),
    "checkpoint": (
        "dropped with its training's entry; the same `seedbed train` makes it again",
        True,
    ),
    "evaluation": ("dropped; the same `seedbed evaluate` makes it again", True),
    "tombstone": ("left; forget the document again, after this object is removed by hand", False),
}
"""What a repair does with a fault of each kind, and whether what was lost is made again by it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Who names an object; empty where nobody does by name."""

    run: str = ""
    leaf: str = ""


NOBODY = Place()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `about` is what else a repair has to know: a seal of which a record goes."""

    kind: str
    key: str
    what: str
    place: Place = NOBODY
    about: str = ""

    @property
    def remedy(self) -> str:
        """What a repair does with a fault of this kind, in words."""
        return REMEDIES[self.kind][0]

    @property
    def mendable(self) -> bool:
        """Whether it is made again after that without anybody's doing."""
        return REMEDIES[self.kind][1]
