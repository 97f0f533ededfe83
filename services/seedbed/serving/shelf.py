"""Models that are loaded, and their answers: whole ones, and adapters that share the base below them.

It knows nothing of HTTP.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from seedbed.kernel.errors import InputError, NotFound


@dataclass(frozen=True, slots=True)
class Model:
    """What is served under a name: weights (a folder, or a name on the hub), perhaps with an adapter."""

    name: str
    weights: str
    adapter: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer is to be made; a temperature of 0 takes the likeliest token each time."""

    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and its length in tokens; `whole` is false where `max_tokens` cut it."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    whole: bool


@dataclass(slots=True)
class _Base:
    """Weights with what was put on them."""

    plain: Any
    tokenizer: Any
    adapters: Any = None
    names: set[str] = field(default_factory=set)


class Shelf:
    """Loads models and has them answer, one at a time: they share the cores."""

    def __init__(self, models: Sequence[Model]) -> None:
        """Load everything. Raises InputError."""
        self.models = {model.name: model for model in models}
        self._bases: dict[str, _Base] = {}
        self._alone = threading.Lock()
        for model in models:
            self._load(model)

    def context(self, name: str) -> int:
        """The tokens of a model's window."""
        return int(self._bases[self.models[name].weights].plain.config.max_position_embeddings)

    def answer(self, name: str, messages: Sequence[Mapping[str, str]], wish: Wish) -> Reply:
        """A model's answer to a conversation. Raises NotFound, InputError."""
        model = self.models.get(name)
        if model is None:
            raise NotFound(f"no model {name!r} here", hint=f"it serves: {', '.join(self.models)}")
        base = self._bases[model.weights]
        tokens = _read(base.tokenizer, messages)
        room = self.context(name) - tokens.shape[1]
        if room < 1:
            raise InputError(f"the conversation has {tokens.shape[1]} tokens, and {name} a window of {-room}")
        with self._alone, torch.inference_mode(), _wearing(base, model):
            made = (base.adapters or base.plain).generate(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                **_settings(wish, min(wish.max_tokens, room), base.tokenizer),
            )[0, tokens.shape[1] :]
        end = base.tokenizer.eos_token_id
        return Reply(
            text=base.tokenizer.decode(made, skip_special_tokens=True).strip(),
            prompt_tokens=tokens.shape[1],
            completion_tokens=len(made),
            whole=bool(len(made)) and int(made[-1]) == end,
        )

    def _load(self, model: Model) -> None:
        base = self._bases.get(model.weights) or _open(model)
        self._bases[model.weights] = base
        if not model.adapter:
            return
        try:
            if base.adapters is None:
                base.adapters = PeftModel.from_pretrained(base.plain, model.adapter, adapter_name=model.name)
            else:
                base.adapters.load_adapter(model.adapter, adapter_name=model.name)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(f"{model.adapter} is no adapter for {model.weights}: {error}") from error
        base.adapters.eval()
        # The turns it was taught are in its own folder; the base may know none.
        if (Path(model.adapter) / "tokenizer_config.json").is_file():
            base.tokenizer = AutoTokenizer.from_pretrained(model.adapter)


def _open(model: Model) -> _Base:
    try:
        plain: Any = AutoModelForCausalLM.from_pretrained(model.weights)
        tokenizer: Any = AutoTokenizer.from_pretrained(model.weights)
    except (OSError, ValueError) as error:
        raise InputError(f"{model.weights} holds no causal language model: {error}") from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return _Base(plain.to(device).eval(), tokenizer)


def _wearing(base: _Base, model: Model) -> Any:
    if base.adapters is None:
        return nullcontext()
    if not model.adapter:
        return base.adapters.disable_adapter()
    base.adapters.set_adapter(model.name)
    return nullcontext()


def _read(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> torch.Tensor:
    if tokenizer.chat_template is None:
        raise InputError("the model has no chat template", hint="serve one that was tuned, or a chat model")
    try:
        text = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
    except Exception as error:
        # Templates refuse what they do not know by errors of their own.
        raise InputError(f"the model's chat template refuses this conversation: {error}") from error
    tokens: torch.Tensor = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
    return tokens


def _settings(wish: Wish, room: int, tokenizer: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"max_new_tokens": room, "pad_token_id": tokenizer.eos_token_id}
    if wish.seed is not None:
        torch.manual_seed(wish.seed)
    if wish.temperature > 0:
        return {**settings, "do_sample": True, "temperature": wish.temperature, "top_p": wish.top_p}
    return {**settings, "do_sample": False, "temperature": None, "top_p": None, "top_k": None}
