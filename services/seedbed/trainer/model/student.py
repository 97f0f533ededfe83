"""The student: a causal model, whole or with an adapter, that says how wrong it is on a row of samples."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from seedbed.kernel.errors import InputError, ItemError
from seedbed.kernel.weights import pretrained
from seedbed.trainer.data.masks import Sample, check_template
from seedbed.trainer.model.attention import SEGMENTS, Segments, divide, register
from seedbed.trainer.model.equivalence import same
from seedbed.trainer.model.gpu import send
from seedbed.trainer.model.loss import CrossEntropy, RowLoss, counted_loss
from seedbed.trainer.recipe import Lora, TrainingRecipe

_WHOLE = "bring the whole folder again, as it was saved or as it is on the hub"


class NoModel(InputError):
    """The model is not there, or is none that can be trained."""

    reason = "NO_MODEL"


@dataclass(frozen=True, slots=True)
class PackedRow:
    """A row of packed samples, ready for the model."""

    ids: torch.Tensor
    positions: torch.Tensor
    segments: Segments
    places: torch.Tensor
    """Where in the row a token that counts is predicted."""
    labels: torch.Tensor
    """Which token it is."""


def pack_samples(samples: Sequence[Sample], device: torch.device) -> PackedRow:
    """Lay samples in a row; each begins anew at position 0, and none predicts the next one's beginning."""
    ids = [token for sample in samples for token in sample.ids]
    positions = [place for sample in samples for place in range(len(sample.ids))]
    places, labels, start = [], [], 0
    for sample in samples:
        for place in range(1, len(sample.ids)):
            if sample.counted[place]:
                places.append(start + place - 1)
                labels.append(sample.ids[place])
        start += len(sample.ids)
    return PackedRow(
        send(ids, device)[None],
        send(positions, device)[None],
        divide([len(sample.ids) for sample in samples], device),
        send(places, device),
        send(labels, device),
    )


class PackedModel(nn.Module):
    """A causal model that reads rows of packed samples."""

    def __init__(self, model: Any, *, eager: bool) -> None:
        super().__init__()
        self.model = model
        self._eager = eager
        whole = model.get_base_model() if hasattr(model, "peft_config") else model
        self._body = [whole.base_model]
        self._head = [whole.get_output_embeddings()]
        self.head_is_plain = getattr(self.head, "bias", None) is None
        self.plain_head = False
        """Whether scores are the head's weights times what comes out of the body, and no more."""

    @property
    def head(self) -> Any:
        """The layer that gives the scores."""
        return self._head[0]

    def logits(self, packed: PackedRow, places: torch.Tensor) -> torch.Tensor:
        """Scores at some places of a row, as the model itself gives them."""
        logits: torch.Tensor = self._run(self.model, packed, logits_to_keep=places).logits
        return logits

    def plain_scores(self, packed: PackedRow) -> torch.Tensor:
        """Scores where tokens count, as the head's weights alone would have them."""
        return nn.functional.linear(self.hidden(packed), self.head.weight)

    def hidden(self, packed: PackedRow) -> torch.Tensor:
        """What comes out of the body where tokens count, (counted tokens, width)."""
        hidden: torch.Tensor = self._run(self._body[0], packed).last_hidden_state[0, packed.places]
        return hidden

    def _run(self, model: Any, packed: PackedRow, **more: Any) -> Any:
        # Not `use_cache`: with it, models take a row of samples for one long text.
        more |= {"use_cache": False} if self._eager else {"use_cache": False, "segments": packed.segments}
        return model(input_ids=packed.ids, position_ids=packed.positions, **more)


class Student(PackedModel):
    """The model that learns, whole or by an adapter."""

    def forward(self, packed: PackedRow, loss: RowLoss | None = None) -> torch.Tensor:
        """The sum of the losses over the tokens that count; of their cross-entropies where none is given."""
        loss = loss or CrossEntropy(packed.labels)
        if not self.plain_head:
            return loss.of(self.logits(packed, packed.places)[0], slice(None))
        return counted_loss(self.hidden(packed), self.head.weight, loss)

    def trained(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The parameters that learn, by name."""
        return ((name, value) for name, value in self.named_parameters() if value.requires_grad)


def load_tokenizer(folder: str, name: str, template: str = "", revision: str = "") -> Any:
    """The tokenizer of a model that can be talked to. Raises NoModel, NoTemplate."""
    tokenizer = read_tokenizer(folder, name, revision)
    if template:
        tokenizer.chat_template = template
    check_template(tokenizer, name)
    return tokenizer


def read_tokenizer(folder: str, name: str, revision: str = "") -> Any:
    """The tokenizer of a model, as it is. Raises NoModel."""
    try:
        pinned = {"revision": revision} if revision else {}
        return AutoTokenizer.from_pretrained(**pretrained(folder), **pinned)
    except Exception as error:
        # What reads tokenizers is not written in Python, and its errors have no kinds.
        raise NoModel(
            f"the tokenizer of {name} cannot be loaded: {first_line(error)}", hint=_WHOLE
        ) from error


def load_model(
    folder: str, name: str, recipe: TrainingRecipe, dtype: torch.dtype = torch.float32, revision: str = ""
) -> Any:
    """A causal model with its weights. Raises NoModel."""
    register()
    pinned = pretrained(folder) | ({"revision": revision} if revision else {})
    try:
        config = AutoConfig.from_pretrained(**pinned)
    except (OSError, ValueError) as error:
        raise NoModel(
            f"there is no model {name}: {first_line(error)}",
            hint="name a folder in Hugging Face's layout or a name on the hub that is reachable or cached",
        ) from error
    attention = "eager" if recipe.attention == "eager" else SEGMENTS
    _check_causal(name, config)
    quantization = _quantization(recipe.lora)
    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            config=config,
            dtype=dtype,
            attn_implementation=attention,
            output_loading_info=True,
            **pinned,
            **quantization,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise NoModel(f"the weights of {name} cannot be loaded: {first_line(error)}", hint=_WHOLE) from error
    if found["missing_keys"]:
        missing = sorted(found["missing_keys"])
        raise NoModel(f"{name} lacks weights: {', '.join(missing[:3])}, {len(missing)} in all", hint=_WHOLE)
    return model


def check_vocabulary(model: Any, tokenizer: Any, name: str, samples: Iterable[Sample]) -> int:
    """How many tokens the model knows; refuse samples with others. Raises NoModel."""
    known = int(model.get_input_embeddings().weight.shape[0])
    if len(tokenizer) <= known:
        return len(tokenizer)
    strange = sorted({token for sample in samples for token in sample.ids if token >= known})
    if strange:
        beyond = ", ".join(map(repr, tokenizer.convert_ids_to_tokens(strange[:3])))
        raise NoModel(
            f"the tokenizer of {name} has {len(tokenizer)} tokens, and the model's embedding {known} rows: "
            f"there is none for {beyond}",
            hint="save the model after `model.resize_token_embeddings(len(tokenizer))`",
        )
    return known


def longest_text(model: Any) -> int | None:
    """How many tokens a model can read; None where it does not say."""
    most: int | None = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return most


def _check_causal(name: str, config: Any) -> None:
    """Refuse a model that does not write text from left to right. Raises NoModel."""
    kinds = set(config.architectures or ())
    causal = {kind for known in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values() for kind in _as_tuple(known)}
    if kinds and not kinds & causal:
        raise NoModel(
            f"{name} is no causal model but {', '.join(sorted(kinds))}",
            hint="only models that write text from left to right can be trained",
        )


def _as_tuple(known: str | tuple[str, ...]) -> tuple[str, ...]:
    return (known,) if isinstance(known, str) else tuple(known)


def _quantization(lora: Lora | None) -> dict[str, Any]:
    if lora is None or lora.quantize == "none":
        return {}
    if not torch.cuda.is_available():
        raise ItemError(
            "a base in four bits (`lora.quantize: nf4`) needs an NVIDIA GPU, and there is none here",
            hint="put `quantize: none` into the training recipe",
        )
    if find_spec("bitsandbytes") is None:
        raise ItemError(
            "a base in four bits (`lora.quantize: nf4`) needs bitsandbytes, which is not installed",
            hint="`pip install bitsandbytes` where the trainer runs, or put `quantize: none` into the recipe",
        )
    from transformers import BitsAndBytesConfig  # noqa: PLC0415  only where it is wanted

    kind = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    return {"quantization_config": kind}


def check_packing(
    model: PackedModel, vocabulary: int, *, packing: bool = True, name: str = "this model"
) -> None:
    """See that packed samples do not see one another, and which way to the scores is right.

    A model that lets them would learn from what is not there when it is asked. Raises ItemError.
    """
    generator = torch.Generator().manual_seed(0)
    device = next(model.parameters()).device
    lengths = (5, 7, 3) if packing else (15,)
    texts = [torch.randint(0, vocabulary, (length,), generator=generator).tolist() for length in lengths]
    samples = [Sample(tuple(ids), (True,) * len(ids)) for ids in texts]
    was_training = model.training
    model.eval()
    with torch.no_grad():
        together = pack_samples(samples, device)
        packed = model.logits(together, together.places)[0]
        rows_alone = [pack_samples([sample], device) for sample in samples] if packing else []
        alone = (
            torch.cat([model.logits(packed, packed.places)[0] for packed in rows_alone])
            if packing
            else packed
        )
        model.plain_head = model.head_is_plain and _same(packed, model.plain_scores(together))
    model.train(was_training)
    if not _same(packed, alone):
        raise ItemError(
            f"{name} lets samples packed in a row see one another",
            hint="put `attention: eager`, or else `packing: false`, into the training recipe",
        )


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether scores are equal, as far as the arithmetic goes."""
    slack = 1e-3 if one.dtype == torch.float32 and one.device.type == "cpu" else 0.03
    return same(other, one, slack)


def first_line(error: BaseException) -> str:
    """The beginning of a long message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
