"""All objectives, and the fields by which a phase of a training recipe names one."""

from collections.abc import Callable
from typing import Any, Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from seedbed.kernel.formats.yaml_config import StrictModel
from seedbed.trainer.objectives.distillation import Distillation
from seedbed.trainer.objectives.objective import Objective
from seedbed.trainer.objectives.supervised import Supervised
from seedbed.trainer.v1.checkpoint_pb2 import Base

_OPTIONS: dict[str, type[Objective]] = {"distil": Distillation}
"""By the field that has them."""
_SUPERVISED = Supervised()


class ObjectiveFields(StrictModel):
    """Which objective a phase has. The options of one stand under its own name."""

    objective: Literal["supervised", "distil"] = "supervised"
    distil: Distillation | None = None

    @property
    def tuned_for(self) -> Objective:
        """The objective with its options."""
        return self._options().get(self.objective) or _SUPERVISED

    def pinned(self, find: Callable[[str], Base]) -> Self:
        """The same, with the models that its objective needs named by their content."""
        options = {name: one.pinned(find) for name, one in self._options().items() if one is not None}
        return self.model_copy(update=options)

    def _options(self) -> dict[str, Objective | None]:
        return {name: getattr(self, name) for name in _OPTIONS}

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        for name, options in self._options().items():
            if options is None and name == self.objective:
                example = f"{name}: {_OPTIONS[name].example}"
                raise ValueError(f"`objective: {name}` needs its options, such as `{example}`")
            if options is not None and name != self.objective:
                raise ValueError(f"`{name}` is of no use without `objective: {name}`")
        return self

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Recipes that name no objective are written as they were before there was any."""
        found: dict[str, Any] = dump(self)
        unset = self._unset()
        return {name: value for name, value in found.items() if name not in unset}

    def _unset(self) -> list[str]:
        """The fields that are not written, as they say nothing."""
        unset = [name for name, options in self._options().items() if options is None]
        return [*unset, "objective"] if self.objective == "supervised" else unset
