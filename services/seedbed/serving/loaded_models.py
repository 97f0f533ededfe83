"""Models in memory, and their answers: full models, and adapters that share the base below them.

It knows nothing of HTTP.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from seedbed.kernel.chat_templates import configs_of, end_tokens, form_of, read_answer, write_chat
from seedbed.kernel.errors import InputError, NotFound
from seedbed.kernel.weights import pretrained
from seedbed.serving.generation import GenerationOptions, Listener, Watch, settings_of

__all__ = ["GenerationOptions", "LoadedModels", "Model", "PreparedPrompt", "Reply"]

_GENERATION = "generation_config.json"


@dataclass(frozen=True, slots=True)
class Model:
    """What is served under a name: weights (a folder, a file, a hub's name), perhaps with an adapter."""

    name: str
    weights: str
    adapter: str = ""


@dataclass(frozen=True, slots=True)
class PreparedPrompt:
    """A model and the tokens it goes on from."""

    model: Model
    tokens: torch.Tensor
    chat: bool
    room: int | None
    """Tokens that its window leaves for an answer."""

    @property
    def prompt_tokens(self) -> int:
        """The prompt's length in tokens."""
        return int(self.tokens.shape[1])


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
    configs: dict[str, Any] = field(default_factory=dict)
    """What each adapter's generation stops at."""


class LoadedModels:
    """Loads models and has them answer, one at a time: they share the cores."""

    def __init__(self, models: Sequence[Model]) -> None:
        """Load all models into memory. Raises InputError for one that cannot be read."""
        self.by_name = {model.name: model for model in models}
        self._bases: dict[str, _Base] = {}
        self._alone = threading.Lock()
        for model in models:
            self._load(model)

    def context(self, name: str) -> int | None:
        """The tokens of a model's window; None where it has no bound."""
        base = self._bases[self.by_name[name].weights]
        window = getattr(base.plain.config.get_text_config(), "max_position_embeddings", None)
        return int(window) if window else None

    def ask(self, name: str, messages: Sequence[Mapping[str, str]]) -> PreparedPrompt:
        """A conversation, ready to be answered. Raises NotFound, InputError."""
        tokenizer = self._base(name).tokenizer
        if tokenizer.chat_template is None:
            hint = "serve one that was tuned, or a chat model"
            raise InputError("the model has no chat template", hint=hint)
        text = write_chat(tokenizer, [dict(message) for message in messages], asking=True)
        tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        return self._make(name, tokens, chat=True)

    def begin(self, name: str, prompt: str | Sequence[int]) -> PreparedPrompt:
        """A text or its tokens, ready to be gone on with. Raises NotFound, InputError."""
        tokenizer = self._base(name).tokenizer
        if isinstance(prompt, str):
            tokens = tokenizer(prompt, return_tensors="pt").input_ids
        else:
            known = self._base(name).plain.get_input_embeddings().weight.shape[0]
            if not all(0 <= token < known for token in prompt):
                raise InputError(f"the prompt has tokens that {name} does not know: it has {known}")
            tokens = torch.tensor([list(prompt)])
        if not tokens.shape[1]:
            raise InputError("the prompt is empty")
        return self._make(name, tokens.long(), chat=False)

    def write(self, asked: PreparedPrompt, options: GenerationOptions, hear: Listener | None = None) -> Reply:
        """What the model says; `hear` is called with each part of it, and may have it stop."""
        base = self._bases[asked.model.weights]
        model, tokenizer = base.adapters or base.plain, base.tokenizer
        read = partial(_read, tokenizer, chat=asked.chat)
        written = form_of(tokenizer).written if asked.chat else ""
        stop = (*options.stop, written) if written else options.stop
        ends = end_tokens(tokenizer, [*configs_of(base.plain), base.configs.get(asked.model.name)])
        watch = Watch(asked.prompt_tokens, read, stop, hear)
        tokens = asked.tokens.to(base.plain.device)
        with self._alone, torch.inference_mode(), _with_adapter(base, asked.model):
            made = model.generate(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                stopping_criteria=[watch],
                **settings_of(options, asked.room, ends, asked.prompt_tokens),
            )[0, asked.prompt_tokens :].tolist()
        return Reply(
            text=watch.end(made),
            prompt_tokens=asked.prompt_tokens,
            completion_tokens=len(made),
            whole=watch.stopped or (bool(made) and made[-1] in ends),
        )

    def answer(self, name: str, messages: Sequence[Mapping[str, str]], options: GenerationOptions) -> Reply:
        """A model's answer to a conversation. Raises NotFound, InputError."""
        return self.write(self.ask(name, messages), options)

    def _base(self, name: str) -> _Base:
        if name not in self.by_name:
            raise NotFound(f"no model {name!r} here", hint=f"it serves: {', '.join(self.by_name)}")
        return self._bases[self.by_name[name].weights]

    def _make(self, name: str, tokens: torch.Tensor, *, chat: bool) -> PreparedPrompt:
        window = self.context(name)
        count = int(tokens.shape[1])
        if window is not None and count >= window:
            raise InputError(f"there are {count} tokens to read, and {name} has a window of {window}")
        return PreparedPrompt(self.by_name[name], tokens, chat, None if window is None else window - count)

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
        folder = Path(model.adapter)
        # The turns it was tuned for are in its own folder; the base may know none.
        if (folder / "tokenizer_config.json").is_file():
            base.tokenizer = AutoTokenizer.from_pretrained(folder)
        if (folder / _GENERATION).is_file():
            base.configs[model.name] = GenerationConfig.from_pretrained(folder)


def _open(model: Model) -> _Base:
    try:
        plain: Any = AutoModelForCausalLM.from_pretrained(**pretrained(model.weights))
        tokenizer: Any = AutoTokenizer.from_pretrained(**pretrained(model.weights))
    except (OSError, ValueError) as error:
        raise InputError(f"{model.weights} holds no causal language model: {error}") from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return _Base(plain.to(device).eval(), tokenizer)


def _read(tokenizer: Any, tokens: Sequence[int], *, chat: bool, whole: bool) -> str:
    if chat:
        return read_answer(tokenizer, tokens, whole=whole)
    return str(tokenizer.decode(tokens, skip_special_tokens=True))


def _with_adapter(base: _Base, model: Model) -> Any:
    if base.adapters is None:
        return nullcontext()
    if not model.adapter:
        return base.adapters.disable_adapter()
    base.adapters.set_adapter(model.name)
    return nullcontext()
