"""How an answer is generated: by which sampling and penalties, where it stops, how it is passed on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers import LogitsProcessor, StoppingCriteria

_COOLEST = 0.01
"""Below, scores divided by it are beyond what a float can hold."""
_UNREADABLE = "\ufffd"


class Reading(Protocol):
    """What some tokens say, those of an answer that is whole or still goes on."""

    def __call__(self, tokens: Sequence[int], *, whole: bool) -> str:
        """The text of the tokens; of an answer that goes on, no character of which a part is missing."""


Listener = Callable[[str], bool]
"""Called with the next part of an answer; false where nobody listens any more."""


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How an answer is to be made; a temperature of 0 takes the likeliest token each time."""

    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """Texts before which it ends."""
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0


class Watch(StoppingCriteria):
    """Reads an answer while it is written: ends it where it shall end, and passes it on."""

    def __init__(self, begun: int, read: Reading, stop: Sequence[str], hear: Listener | None) -> None:
        self._begun = begun
        self._read = read
        self._stop = stop
        self._hear = hear
        self._passed_on = ""
        self.stopped = False
        """Whether one of the texts was met that end it."""

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Whether it is to end here."""
        del scores
        end = False
        if self._stop or self._hear:
            text = self._cut(self._read(input_ids[0, self._begun :].tolist(), whole=False))
            end = self.stopped or not self._pass_on(self._safe(text))
        return torch.full((input_ids.shape[0],), end, dtype=torch.bool, device=input_ids.device)

    def end(self, tokens: Sequence[int]) -> str:
        """The complete answer; what of it was not passed on yet is passed on now."""
        text = self._cut(self._read(tokens, whole=True))
        self._pass_on(text)
        return text

    def _cut(self, text: str) -> str:
        places = [place for stop in self._stop if (place := text.find(stop)) >= 0]
        self.stopped = bool(places)
        return text[: min(places)] if places else text

    def _safe(self, text: str) -> str:
        """As much as is sure to stay: no half of a character, nor of what may end it."""
        if self.stopped:
            return text
        most = max((len(stop) for stop in self._stop), default=0)
        held = next(
            (
                size
                for size in range(min(most, len(text)), 0, -1)
                if any(stop.startswith(text[-size:]) for stop in self._stop)
            ),
            0,
        )
        return text[: len(text) - held].rstrip().rstrip(_UNREADABLE)

    def _pass_on(self, text: str) -> bool:
        if self._hear is None or len(text) <= len(self._passed_on) or not text.startswith(self._passed_on):
            return self._hear is None or self._hear("")
        piece, self._passed_on = text[len(self._passed_on) :], text
        return self._hear(piece)


class Penalties(LogitsProcessor):
    """Makes less likely what an answer has said already: once, and again for each time."""

    def __init__(self, begun: int, options: GenerationOptions) -> None:
        self._begun = begun
        self._options = options

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The scores of the next token."""
        said = input_ids[:, self._begun :]
        counts = torch.zeros_like(scores).scatter_add_(1, said, torch.ones_like(said, dtype=scores.dtype))
        options = self._options
        return scores - options.frequency_penalty * counts - options.presence_penalty * (counts > 0)


def settings_of(options: GenerationOptions, room: int | None, ends: list[int], begun: int) -> dict[str, Any]:
    """The arguments for `generate` of transformers."""
    settings: dict[str, Any] = {
        "max_new_tokens": options.max_tokens if room is None else min(options.max_tokens, room),
        "eos_token_id": ends or None,
        "pad_token_id": ends[0] if ends else 0,
    }
    if options.presence_penalty or options.frequency_penalty:
        settings["logits_processor"] = [Penalties(begun, options)]
    if options.seed is not None:
        # Any whole number is a seed; torch takes 64 bits.
        torch.manual_seed(options.seed % (1 << 64))
    if options.temperature > 0:
        temperature = max(options.temperature, _COOLEST)
        return {**settings, "do_sample": True, "temperature": temperature, "top_p": options.top_p}
    return {**settings, "do_sample": False, "temperature": None, "top_p": None, "top_k": None}
