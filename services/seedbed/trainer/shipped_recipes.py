"""The training recipes that come with the package, by name."""

from importlib.resources import files

from seedbed.kernel.errors import InputError

DEFAULT = "lab"
_SUFFIX = ".yaml"


def shipped_names() -> list[str]:
    """The names of the training recipes that come with the package, in order."""
    found = (entry.name for entry in files("seedbed.trainer").joinpath("recipes").iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX))


def read_shipped(name: str) -> str:
    """The text of a shipped recipe. Raises InputError."""
    if name not in shipped_names():
        raise InputError(
            f"there is no training recipe {name!r}",
            hint=f"name a file, or one of {', '.join(shipped_names())}",
        )
    return files("seedbed.trainer").joinpath("recipes", name + _SUFFIX).read_text(encoding="utf-8")
