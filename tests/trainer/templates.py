"""Chat templates: those that TRL and transformers ship, read where they lie, and small ones of our own."""

import ast
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

_TOKENS = re.compile(
    r"<\|[^|<>{}'\n]+\|>|<｜[^｜]+｜>|<(?:turn|channel)\|>|<\|(?:turn|channel)>|<sop>|\[gMASK\]"
    r"|</?(?:think|start_of_turn|end_of_turn|end_of_utterance|s|eot)>|\[/?INST\]"
)

OWN = {
    "qwen3": """{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' and loop.last %}<think>
{{ m.reasoning_content or '' }}
</think>

{% endif %}{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}""",
    "glm": """[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>
{% if m.role == 'assistant' %}<think></think>
{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}""",
    "gpt-oss": """{% for m in messages %}<|start|>{{ m.role }}{% if m.role == 'assistant' %}\
{% if m.thinking %}<|channel|>analysis<|message|>{{ m.thinking }}<|end|><|start|>assistant{% endif %}\
<|channel|>final{% endif %}<|message|>{{ m.content }}\
{{ '<|return|>' if loop.last and m.role == 'assistant' else '<|end|>' }}{% endfor %}\
{% if add_generation_prompt %}<|start|>assistant{% endif %}""",
    # The system's words stand in the last turn of the user.
    "mistral": """{{ bos_token }}{% set system = messages[0].content if messages[0].role == 'system' %}\
{% for m in messages if m.role != 'system' %}{% if m.role == 'user' %}[INST] \
{% if system and loop.index0 + 1 >= loop.length - (0 if messages[-1].role == 'user' else 1) %}{{ system }}

{% endif %}{{ m.content }}[/INST]{% else %} {{ m.content | trim }}</s>{% endif %}{% endfor %}""",
    "llama-3": """{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>

{{ m.content | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}\
<|start_header_id|>assistant<|end_header_id|>

{% endif %}""",
    "gemma": """{{ bos_token }}{% for m in messages %}<start_of_turn>\
{{ 'model' if m.role == 'assistant' else m.role }}
{{ m.content | trim }}<end_of_turn>
{% endfor %}{% if add_generation_prompt %}<start_of_turn>model
{% endif %}""",
    "deepseek": """{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\
{% elif m.role == 'user' %}<｜User｜>{{ m.content }}{% else %}<｜Assistant｜>{{ m.content }}\
<｜end▁of▁sentence｜>{% endif %}{% endfor %}{% if add_generation_prompt %}<｜Assistant｜>{% endif %}""",
    # After the end of the turn comes that of the text.
    "phi": """{% for m in messages %}<|{{ m.role }}|>
{{ m.content }}<|end|>
{% endfor %}{% if add_generation_prompt %}<|assistant|>
{% else %}{{ eos_token }}{% endif %}""",
    # Earlier answers are shown without what they were asked with.
    "thinker": """{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' and loop.last %}<think>
{{ m.reasoning_content or '' }}
</think>

{% endif %}{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
<think>
{% endif %}""",
}


def shipped() -> Iterator[tuple[str, str]]:
    """Every template that TRL and transformers come with, by name."""
    for path in sorted(_home("trl").joinpath("chat_templates").glob("*.jinja")):
        yield f"trl/{path.stem}", path.read_text(encoding="utf-8")
    for path in sorted(_home("transformers").joinpath("models").glob("*/processing_*.py")):
        text = path.read_text(encoding="utf-8")
        if "{%" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_template(node.value):
                yield f"transformers/{path.stem}", node.value


def tokenizer_for(template: str, *, tokens: bool = True) -> Any:
    """A byte-level tokenizer that has the tokens that a template speaks of, where it shall."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={byte: number for number, byte in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    roles = (
        {f"<|{role}|>" for role in ("system", "user", "assistant")} if "m.role }}|>" in template else set()
    )
    spoken = sorted({*_TOKENS.findall(template), *roles}) if tokens else []
    # As the models themselves have it: not all of their tokens are called special.
    plain = [token for token in spoken if "think" in token or token in ("<｜User｜>", "<｜Assistant｜>")]
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        additional_special_tokens=[token for token in spoken if token not in plain],
    )
    made.add_tokens(plain)
    made.chat_template = template
    return made


def _home(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _is_template(text: str) -> bool:
    return all(part in text for part in ("{%", "messages", "add_generation_prompt", "endfor"))
