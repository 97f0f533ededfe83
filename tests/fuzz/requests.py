"""Requests out of descriptors: some sound, most of them wrong in one place, some no requests at all."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from seedbed.bounds.v1.bounds_pb2 import bounds as declared
from seedbed.pipeline.recipe import Recipe
from seedbed.trainer.recipe import TrainingRecipe
from tests.fuzz.methods import Method

Known = Mapping[str, Sequence[str]]
"""Values that name something there is, by field."""

_BOMB = "\n".join(
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)),
    ]
)
_NASTY = [
    "",
    " ",
    "\0",
    "a\nb",
    "\x1b[31m",
    "..",
    "../../etc/passwd",
    "*",
    ">",
    "a.b.c",
    "a b",
    "-rf",
    "--upload-pack=touch /tmp/x",
    "%00",
    "\u202e씨앗\U0001f331",
    "\ufffe",
    "x" * 5_000,
    "x" * 100_000,
    "r" + "0" * 4_999,
    "operations/" + "r" * 900,
    "operations/..",
    "*?" * 500,
    "[" * 1000,
]
_DOCUMENTS = [
    "[" * 60_000,
    '{"a":' * 5_000,
    _BOMB,
    "target: 4294967295",
    "target: " + "9" * 5_000,
    "target: .nan",
    "target: -1",
    "duplicate_threshold: .inf",
    'system_prompt: "\\ud800"',
    'system_prompt: "\\0"',
    "!!python/object/apply:os.system [true]",
    "phases: {}",
    "choice: {least_gain: .nan}",
    "choice: {least_gain: 0.1}",
    "- 1",
    "null",
    "2026-02-31",
    "? [a, b]\n: c",
    "gates: [1]",
    "budget: {calls: 1}",
    "budget: {money: 1}",
    "repeats: 1000\nmax_rounds: 1\npairs: 20",
    "small",
    "lab",
]
_SOUND_DOCUMENTS = ["", "target: 1", "target: 2\nmax_rounds: 1", "small", "choice: {least_gain: 0.1}"]
_BYTES = [b"# A\n\nText.\n", b"{}\n", b"x" * 2_000_000]
_WHOLE = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_TEXT_NAMES = ("recipe", "gate")
_KEYS = [*Recipe.model_fields, *TrainingRecipe.model_fields, "choice", "rating", "name", "x"]


@dataclass(frozen=True)
class Call:
    """What is sent, and how long an answer is waited for."""

    method: Method
    requests: tuple[bytes, ...]
    timeout: float


def calls(methods: Sequence[Method], known: Known) -> st.SearchStrategy[tuple[Call, ...]]:
    """One call of every method."""
    sound, wild = Values(known, sound=True), Values(known, sound=False)
    timeouts = st.sampled_from([5.0, 5.0, 5.0, 5.0, 0.3, 0.05])
    return st.tuples(
        *(
            st.builds(Call, st.just(method), _requests(method, sound, wild).map(tuple), timeouts)
            for method in methods
        )
    )


def _requests(method: Method, sound: "Values", wild: "Values") -> st.SearchStrategy[list[bytes]]:
    right, wrong = (
        values.messages(method.request).map(lambda message: message.SerializeToString())
        for values in (sound, wild)
    )
    one = st.one_of(right, right, right, wrong, wrong, right.flatmap(_spoil), st.binary(max_size=200))
    return st.lists(one, min_size=1, max_size=4 if method.descriptor.client_streaming else 1)


def _spoil(data: bytes) -> st.SearchStrategy[bytes]:
    """The same with a byte more, less or other."""
    place = st.integers(0, max(0, len(data) - 1))
    return st.one_of(
        place.map(lambda at: data[:at]),
        st.tuples(place, st.integers(0, 255)).map(lambda p: data[: p[0]] + bytes([p[1]]) + data[p[0] + 1 :]),
        st.binary(min_size=1, max_size=20).map(lambda more: data + more),
    )


class Values:
    """What fields hold: sound as far as that can be told from the contract, or anything."""

    def __init__(self, known: Known, *, sound: bool) -> None:
        self.known = known
        self.sound = sound
        self._messages: dict[str, st.SearchStrategy[Message]] = {}

    def messages(self, descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[Message]:
        """A whole message."""
        name = f"{descriptor.full_name} {depth}"
        if name not in self._messages:
            self._messages[name] = _messages(descriptor, self, depth)
        return self._messages[name]

    def of(self, field: FieldDescriptor) -> st.SearchStrategy[Any]:
        """A value for a field that is no message."""
        if field.type == FieldDescriptor.TYPE_BYTES:
            return st.one_of(st.binary(max_size=300), st.sampled_from(_BYTES[: 2 if self.sound else 3]))
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            return self._sound_string(field) if self.sound else _wild_string(field)
        return self._number(field.cpp_type)

    def _number(self, kind: int) -> st.SearchStrategy[Any]:
        if kind in _WHOLE:
            least, most = _WHOLE[kind]
            wild = st.one_of(st.sampled_from([least, most, 1_000_001]), st.integers(least, most))
            return st.sampled_from([0, 1, 2, 3, 50]) if self.sound else wild
        if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
            return st.sampled_from([0.0, 1.0, 3600.0]) if self.sound else st.floats(width=32)
        return st.booleans() if kind == FieldDescriptor.CPPTYPE_BOOL else st.integers(-1, 9)

    def _sound_string(self, field: FieldDescriptor) -> st.SearchStrategy[str]:
        pattern = field.GetOptions().Extensions[declared].pattern
        if field.name in _TEXT_NAMES:
            return st.sampled_from(_SOUND_DOCUMENTS)
        if field.name in self.known:
            others = [st.from_regex(pattern, fullmatch=True)] if pattern else []
            return st.one_of([st.sampled_from(self.known[field.name])] * 4 + others)
        if pattern:
            return st.from_regex(pattern, fullmatch=True)
        return st.text(st.characters(categories=["L", "N", "P"]), max_size=20)


def _messages(descriptor: Descriptor, values: Values, depth: int) -> st.SearchStrategy[Message]:
    kind = GetMessageClass(descriptor)
    fields = [(field, *_field(field, values, depth)) for field in descriptor.fields]
    chance = st.integers(0, 2)
    choices = {one.name: st.sampled_from([field.name for field in one.fields]) for one in descriptor.oneofs}

    @st.composite
    def build(draw: st.DrawFn) -> Message:
        message: Any = kind()
        chosen = {name: draw(choice) for name, choice in choices.items()}
        for field, needed, strategy in fields:
            of = field.containing_oneof
            left_out = field.name != chosen[of.name] if of else not needed and draw(chance) == 0
            if not left_out and strategy is not None:
                _fill(draw(strategy), message, field)
        return message  # type: ignore[no-any-return]

    return build()


def _field(field: FieldDescriptor, values: Values, depth: int) -> tuple[bool, st.SearchStrategy[Any] | None]:
    """Whether it has to be given, and what it may be; None where it is left out always."""
    if field.message_type is None:
        strategy = values.of(field)
    elif depth > 4 or field.message_type.GetOptions().map_entry:
        return False, None
    else:
        strategy = values.messages(field.message_type, depth + 1)
    if field.is_repeated:
        strategy = st.lists(strategy, min_size=1, max_size=3)
        if not values.sound:
            strategy = st.one_of(*[strategy] * 9, strategy.map(_repeat))
    return values.sound and field.GetOptions().Extensions[declared].required, strategy


def _repeat(some: list[Any]) -> list[Any]:
    """Far too many of them; of what is large itself a few, as 64 MiB are no message any more."""
    return some * (2_000 if len(repr(some)) < 2_000 else 3)


def _fill(value: Any, message: Any, field: FieldDescriptor) -> None:
    if field.is_repeated:
        getattr(message, field.name).extend(value)
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(value)
    else:
        setattr(message, field.name, value)


def _wild_string(field: FieldDescriptor) -> st.SearchStrategy[str]:
    ways = [st.sampled_from(_NASTY), st.text(max_size=60)]
    if field.name in _TEXT_NAMES:
        ways = [st.sampled_from(_DOCUMENTS), _json(), *ways]
    return st.one_of(ways)


def _json() -> st.SearchStrategy[str]:
    """Values under keys that mean something."""
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(_KEYS)
    )
    keys = st.sampled_from(_KEYS)
    values = st.recursive(
        leaves, lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(keys, v, max_size=3))
    )
    return st.dictionaries(keys, values, max_size=4).map(json.dumps)
