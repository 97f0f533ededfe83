"""What commands that ask a teacher share: options said once, and handed over as what they come to."""

import functools
import inspect
from collections.abc import Callable, Iterator
from inspect import Parameter
from typing import Any

from seedbed.cli.apps import options

_OPTIONS: dict[str, dict[str, tuple[Any, Any]]] = {
    "wanted": {
        "teacher": (options.Teacher, ""),
        "model": (options.Model, ""),
        "api_key_env": (options.ApiKeyEnv, ""),
        "judge": (options.Judge, ""),
        "judge_model": (options.JudgeModel, ""),
        "judge_api_key_env": (options.JudgeApiKeyEnv, ""),
    },
    "pace": {"concurrency": (options.Concurrency, 0), "timeout": (options.Timeout, 0)},
    "budget": {
        "calls": (options.BudgetCalls, 0),
        "tokens": (options.BudgetTokens, 0),
        "money": (options.BudgetMoney, 0),
        "price": (options.TeacherPrice, ""),
        "judge_price": (options.JudgePrice, ""),
    },
}


def asks_a_teacher(command: Callable[..., None]) -> Callable[..., None]:
    """The command with options in place of `wanted`, `pace` and `budget`, which are made of what they say."""
    signature = inspect.signature(command)
    parameters = [one for given in signature.parameters.values() for one in _as_options(given)]

    @functools.wraps(command)
    def asked(**given: Any) -> None:
        from seedbed.cli.apps.budget_options import BudgetOptions
        from seedbed.cli.reach.endpoints import Wanted
        from seedbed.cli.stack.startup import Pace

        made = {
            name: kind(**{option: given.pop(option) for option in _OPTIONS[name]})
            for name, kind in (("wanted", Wanted), ("pace", Pace), ("budget", BudgetOptions))
            if name in signature.parameters
        }
        command(**given, **made)

    # What typer reads a command's options from.
    asked.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    asked.__annotations__ = {one.name: one.annotation for one in parameters}
    return asked


def _as_options(parameter: Parameter) -> Iterator[Parameter]:
    if parameter.name not in _OPTIONS:
        yield parameter
        return
    for name, (annotation, default) in _OPTIONS[parameter.name].items():
        yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
