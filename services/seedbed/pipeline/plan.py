"""A run's plan, ready for use: how each step is done, and the items that announcements become by it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from seedbed.bus.v1.bus_pb2 import Item, Plan, StepSpec
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.pipeline.items import Announce, item_digest
from seedbed.pipeline.recipe import Recipe, read_recipe


def spec_digest(spec: StepSpec) -> str:
    """sha256 of how a step is done."""
    return sha256_hex(message_bytes(spec))


class SpecBook:
    """The specs of a plan, each with its digest."""

    def __init__(self, specs: Sequence[StepSpec]) -> None:
        self._specs = {spec.step: spec for spec in specs}

    @cached_property
    def digests(self) -> dict[str, str]:
        """sha256 of each step's spec, by step."""
        return {name: spec_digest(spec) for name, spec in self._specs.items()}

    def __getitem__(self, step: str) -> StepSpec:
        return self._specs[step]

    def __contains__(self, step: object) -> bool:
        return step in self._specs

    def make_item(
        self,
        run: str,
        leaf: str,
        draw: int,
        announce: Announce,
        digest: str = "",
        *,
        origins: Sequence[int] = (),
    ) -> Item:
        """The item that an announcement becomes in this plan."""
        data = announce.input if isinstance(announce.input, bytes) else message_bytes(announce.input)
        return Item(
            run=run,
            leaf=leaf,
            step=announce.step,
            digest=digest or item_digest(self.digests[announce.step], data, announce.repeat),
            input=data,
            repeat=announce.repeat,
            draw=draw,
            candidate=announce.candidate,
            then=announce.then,
            origins=origins or announce.origins,
        )


@dataclass(frozen=True, slots=True)
class KnownPlan:
    """A plan with its steps and its recipe read."""

    plan: Plan
    specs: SpecBook
    recipe: Recipe

    @classmethod
    def open(cls, plan: Plan) -> "KnownPlan":
        """Make a plan ready for use."""
        return cls(plan, SpecBook(plan.steps), read_recipe(plan.recipe))
