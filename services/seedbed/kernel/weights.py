"""Where a model's weights are: a folder in Hugging Face's layout, a name on the hub, or a GGUF file."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seedbed.kernel.errors import InputError

GGUF = ".gguf"


def is_gguf(name: str) -> bool:
    """Whether a name means a file of llama.cpp's format."""
    return name.lower().endswith(GGUF)


def pretrained(name: str) -> dict[str, Any]:
    """What `from_pretrained` of transformers takes to read it. Raises InputError."""
    if not is_gguf(name):
        return {"pretrained_model_name_or_path": name}
    path = Path(name).expanduser()
    if not path.is_file():
        raise InputError(f"there is no file {name}")
    if find_spec("gguf") is None:
        raise InputError(
            f"{path.name} is a GGUF file, and the package that reads those is not installed",
            hint="pip install 'seedbed[trainer]'",
        )
    return {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
