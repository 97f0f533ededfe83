"""What a refusal says about lengths: of the context, of the prompt as it was counted, of a reply. Pure."""

import re
from dataclasses import dataclass

LEAST_WINDOW = 512
"""A number below it is not a context's."""

_N = r"(\d[\d,_ ]*\d|\d)"
_IS = r"(?: is| of|:|,| only|\s|\()*"
_MAX = r"max_?(?:completion_|output_|new_)?tokens"
_ABOUT = re.compile(
    r"context[_ ](?:length|window|size|limit)"
    r"|maximum (?:context|prompt|input|model|sequence|number of tokens)"
    r"|max_seq_len|max_model_len|too many tokens|too long|token (?:count|limit)|tokens? (?:exceed|requested)"
    r"|must have less than|reduce the length|exceed(?:s|ed)? (?:the )?(?:available|model)"
    r"|input length|prompt length|request too large",
    re.IGNORECASE,
)
# One for each way of saying it; the first that is found counts.
_WINDOW = (
    rf"n_ctx\D{{0,3}}{_N}",
    rf"context limit: [\d,]+ \+ [\d,]+ > {_N}",
    rf"(?:context|sequence) (?:length|window|size|limit){_IS}{_N}",
    rf"(?:model|maximum (?:prompt|input)) length{_IS}{_N}",
    rf"max_(?:seq|model)_len\D{{0,4}}{_N}",
    rf"{_N} (?:tokens? )?(?:maximum )?context (?:length|window)",
    rf"with {_N} maximum context",
    rf"maximum number of (?:input )?tokens allowed \(?{_N}",
    rf"tokens > {_N} maximum",
    rf"max_new_tokens`? must be <= {_N}",
    rf"must have less than {_N} tokens",
    rf"limit (?:for this model )?(?:is|of) {_N} tokens",
    rf"Limit {_N}, Requested",
    rf"input length should be \[\d+, ?{_N}\]",
)
_PROMPT = (
    rf"n_prompt_tokens\D{{0,3}}{_N}",
    rf"{_N} (?:tokens )?(?:in|from|of) (?:the |your )?(?:input |text )?(?:messages|input|prompt)",
    rf"(?:has|passed|with) {_N} input tokens",
    rf"[Pp]rompt (?:contains|is too long:|length) ?\(?(?:length )?{_N}",
    rf"prompt \(length {_N}",
    rf"[Tt]he input \({_N} tokens",
    rf"request \({_N} tokens",
    rf"input token count \(?{_N}",
    rf"[Gg]iven: {_N} `?inputs`?",
    rf"context limit: {_N} \+",
    rf"request contains {_N} tokens",
    rf"messages resulted in {_N} tokens",
)
_OUTPUT = (
    rf"at most {_N} (?:completion|output) tokens",
    rf"> {_N}, which is the maximum allowed number of output tokens",
    rf"{_MAX}\D{{0,60}}[\[(]\s*\d+\s*,\s*{_N}\s*[\])]",
    rf"{_MAX}\D{{0,20}} between \d+ and {_N}",
    rf"exceeds? the (?:model )?(?:output |model )?limit of {_N}",
    rf"{_MAX}\b.{{0,80}}(?:than(?: or equal to)?|at most|<=|max(?:imum)? (?:of|is)) `?{_N}",
)


@dataclass(frozen=True, slots=True)
class Lengths:
    """In tokens; 0 where it is not said. `window` is for prompt and reply together, `output` for a reply."""

    window: int = 0
    prompt: int = 0
    output: int = 0


def read_lengths(words: str) -> Lengths | None:
    """What a refusal says about lengths; None where it is about something else."""
    output = _find(_OUTPUT, words)
    if not output and not _ABOUT.search(words):
        return None
    window = _find(_WINDOW, words)
    window = window if window >= LEAST_WINDOW else 0
    return Lengths(window, _find(_PROMPT, words), output if output != window else 0)


def _find(patterns: tuple[str, ...], words: str) -> int:
    for pattern in patterns:
        if match := re.search(pattern, words, re.IGNORECASE | re.DOTALL):
            return int(re.sub(r"[,_ ]", "", match[1]))
    return 0
