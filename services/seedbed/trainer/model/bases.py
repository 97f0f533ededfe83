"""The models that a training needs, found and named by their content without being loaded."""

import hashlib
import re
from pathlib import Path

from seedbed.kernel.errors import InputError
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.weights import is_gguf, pretrained
from seedbed.trainer.recipe import TrainingRecipe
from seedbed.trainer.training import SCRATCH
from seedbed.trainer.v1.checkpoint_pb2 import Base

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_HINT = (
    "name a folder in Hugging Face's layout or a GGUF file on the trainer's machine, a model on the hub, "
    "or `scratch`"
)


def find_base(model: str, *, trust_callers: bool) -> Base:
    """The base that is meant. Blocks. Raises InputError where there is none."""
    if not model:
        raise InputError("no model is named", hint=_HINT)
    if model == SCRATCH:
        return Base(name=SCRATCH)
    place = Path(model).expanduser()
    if place.is_dir() or is_gguf(model):
        if not trust_callers:
            raise InputError("this trainer takes no folders from its callers", hint="name a model on the hub")
        digest = _hash_folder(place) if place.is_dir() else _hash_gguf(place)
        return Base(name=str(place.absolute()), digest=digest)
    if not _NAME.fullmatch(model):
        raise InputError(f"there is no model {model}: no such folder", hint=_HINT)
    return Base(name=model, digest=_find_revision(model))


def pin_models(recipe: TrainingRecipe, *, trust_callers: bool) -> TrainingRecipe:
    """A recipe whose objectives name the models that they need by content. Blocks. Raises InputError."""

    def find(model: str) -> Base:
        return find_base(model, trust_callers=trust_callers)

    phases = []
    for phase in recipe.phases:
        try:
            phases.append(phase.pinned(find))
        except InputError as error:
            raise InputError(f"phase {phase.name}: {error.message}", hint=error.hint) from error
    return recipe.model_copy(update={"phases": tuple(phases)})


def _hash_folder(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        raise InputError(
            f"{folder} holds an adapter alone, and a training begins from a whole model",
            hint="name its base, or put the adapter on it for good first: `merge_and_unload` of peft does so",
        )
    if not (folder / "config.json").is_file():
        found = sorted(path.name for path in folder.iterdir() if is_gguf(path.name))
        hint = f"name the file: {folder / found[0]}" if found else _HINT
        raise InputError(f"{folder} holds no model: config.json is missing", hint=hint)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return sha256_hex("\n".join(f"{_hash(path)} {path.name}" for path in files))


def _hash_gguf(path: Path) -> str:
    pretrained(str(path))  # Refused now rather than by a training process.
    return _hash(path)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find_revision(model: str) -> str:
    """The commit that the name stands for: on the hub, or in the cache where the hub is not to be asked."""
    from huggingface_hub import hf_hub_download  # noqa: PLC0415  only where a name is meant
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        config = Path(hf_hub_download(model, "config.json"))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"there is no model {model}, neither a folder nor reachable: {why}", hint=_HINT
        ) from error
    # The cache keeps a model's files in a folder named by the commit.
    return config.parent.name
