"""A student that stays loaded while checkpoints change: weights are exchanged in place, adapters put on.

Runs in the examiner's process; knows nothing of questions.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from seedbed.kernel.chat_templates import Message, configs_of, end_tokens, prepare_messages, write_chat
from seedbed.kernel.errors import InputError
from seedbed.kernel.weights import is_gguf, pretrained

_ADAPTER_CONFIG = "adapter_config.json"
_GENERATION = "generation_config.json"


class Student:
    """One base, and what it wears at the moment."""

    def __init__(self, base: str, tokenizer: str, turns: str = "keep") -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self._base = _folder(base)
        self._turns = turns
        self.tokenizer: Any = AutoTokenizer.from_pretrained(**pretrained(str(_folder(tokenizer))))
        self._plain: Any = self._load(self._base)
        self._dressed: Any = None
        self._worn = ""
        self.loads = 1
        """How often a whole model was read anew, rather than exchanged in place."""
        self.ends = self._find_ends(self._base)
        """The tokens that end an answer."""

    @property
    def model(self) -> Any:
        """The model with the checkpoint in use; the base where none is."""
        return self._dressed or self._plain

    def write(self, messages: Sequence[Message]) -> str:
        """A conversation that asks for an answer, as its training's rows did. Raises InputError."""
        return write_chat(self.tokenizer, prepare_messages(messages, self._turns), asking=True)

    def use(self, checkpoint: str) -> None:
        """Put on a checkpoint; "" is the base itself. Raises InputError where it does not fit."""
        if checkpoint == self._worn:
            return
        folder = Path(checkpoint) if checkpoint else self._base
        if (folder / _ADAPTER_CONFIG).is_file():
            self._put_on(folder)
        elif self._dressed is not None and folder == self._base:
            # Below the adapters the base is as it was.
            self._take_off()
        else:
            self._take_off()
            self._exchange(folder)
        self.ends = self._find_ends(folder)
        self._worn = checkpoint

    def _load(self, folder: Path) -> Any:
        dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        try:
            model: Any = AutoModelForCausalLM.from_pretrained(**pretrained(str(folder)), dtype=dtype)
        except (OSError, ValueError) as error:
            raise InputError(f"{folder} holds no causal language model: {error}") from error
        missing = len(self.tokenizer) - model.get_input_embeddings().weight.shape[0]
        if missing > 0:
            # A base that has never seen the turns of a chat is asked in turns all the same.
            model.resize_token_embeddings(len(self.tokenizer))
        return model.to(self.device).eval()

    def _find_ends(self, folder: Path) -> list[int]:
        """Where answers end of what it wears: weights may be exchanged, and that with them."""
        worn = GenerationConfig.from_pretrained(folder) if (folder / _GENERATION).is_file() else None
        return end_tokens(self.tokenizer, [*configs_of(self._plain), worn])

    def _put_on(self, folder: Path) -> None:
        from peft import PeftModel  # noqa: PLC0415  takes seconds, and only adapters need it

        if self._worn and self._dressed is None:
            self._exchange(self._base)
        name = folder.name.replace(".", "_")
        if self._dressed is None:
            self._dressed = PeftModel.from_pretrained(self._plain, str(folder), adapter_name=name)
        else:
            old = self._dressed.active_adapter
            self._dressed.load_adapter(str(folder), adapter_name=name)
            self._dressed.set_adapter(name)
            self._dressed.delete_adapter(old)
        self._dressed.eval()

    def _take_off(self) -> None:
        if self._dressed is not None:
            self._plain = self._dressed.unload()
            self._dressed = None

    def _exchange(self, folder: Path) -> None:
        """Other weights in the same model; where their shapes differ, another model."""
        weights: dict[str, torch.Tensor] = {}
        for file in sorted(folder.glob("*.safetensors")):
            weights |= load_file(file)
        try:
            missing, strange = self._plain.load_state_dict(weights, strict=False)
        except RuntimeError:
            missing, strange = ["shapes"], []
        tied = set(self._plain.all_tied_weights_keys or ())
        if strange or set(missing) - tied or not weights:
            self._plain = self._load(folder)
            self.loads += 1


def _folder(name: str) -> Path:
    """Where a model is: a folder, or a name on the hub as far as it has been fetched or can be."""
    path = Path(name).expanduser()
    return path if path.is_dir() or is_gguf(name) else Path(snapshot_download(name))
