from typing import Annotated, Self

import pytest
from pydantic import Field, model_validator

from seedbed.kernel.errors import InputError
from seedbed.kernel.formats.yaml_config import StrictModel, read_config, read_yaml


def refusal(text: str) -> str:
    with pytest.raises(InputError, match="the recipe is not YAML") as caught:
        read_yaml(text, "the recipe")
    return " ".join([caught.value.message, *(v.description for v in caught.value.violations)])


def test_yaml_and_json_are_read():
    assert read_yaml("a: 1\nb: [x, 2]\n", "the recipe") == {"a": 1, "b": ["x", 2]}
    assert read_yaml('{"a": {"b": null}}', "the recipe") == {"a": {"b": None}}
    assert read_yaml("", "the recipe") is None


def test_aliases_count_as_what_they_stand_for():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "aliases written out" in refusal("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 5000, '{"a":' * 300 + "1" + "}" * 300, "- " * 3000])
def test_what_is_nested_too_deep_is_refused(text):
    assert "nest" in refusal(text)


@pytest.mark.parametrize("text", [r'a: "\0"', r'{"a": "\u001b"}', r'? "\x7"', 'a: "\\ud800"'])
def test_characters_that_escapes_bring_in_are_refused(text):
    assert refusal(text)


@pytest.mark.parametrize(
    "text", ["9" * 5000, "2026-02-31", "a: &b [*b]", "!!python/object:os.system x", "a: !!binary x"]
)
def test_what_yaml_cannot_build_is_refused(text):
    assert refusal(text)


class Part(StrictModel):
    share: Annotated[float, Field(ge=0, le=1)] = 1
    weight: int = 1


class Garden(StrictModel):
    bees: int = 0
    part: Part | None = None
    parts: Annotated[tuple[Annotated[Part, Field()], ...], Field(max_length=9)] = ()

    @model_validator(mode="after")
    def _has_something(self) -> Self:
        if self.part is None and not self.parts:
            raise ValueError("nothing grows in it")
        return self


def faults(text, **over):
    with pytest.raises(InputError, match="the garden is not valid") as caught:
        read_config(text, "garden", Garden, example="bees: 3", over=over)
    return [f"{found.field}: {found.description}" for found in caught.value.violations]


def test_a_configuration_is_read_and_what_is_laid_over_it_wins():
    text = "bees: 1\npart: {share: 0.5, weight: 2}\n"
    assert read_config(text, "garden", Garden, example="") == Garden(bees=1, part=Part(share=0.5, weight=2))
    laid = read_config(text, "garden", Garden, example="", over={"bees": 3, "part": {"weight": 4}})
    assert laid == Garden(bees=3, part=Part(share=0.5, weight=4))


BAD_INTEGER = "Input should be a valid integer, unable to parse string as an integer"
TOO_MUCH = "Input should be less than or equal to 1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("part: {}\nbees: many\n", f"bees: {BAD_INTEGER} (line 2, column 7)"),
        ("parts:\n- share: 1\n- share: 2\n", f"parts.1.share: {TOO_MUCH} (line 3, column 10)"),
        ('{"parts":\n [{"share": 2}]}', f"parts.0.share: {TOO_MUCH} (line 2, column 13)"),
        ("part: {}\n\nbes: 3\n", "bes: no such key; did you mean `bees`? (line 3, column 1)"),
        ("part:\n  wieght: 3\n", "part.wieght: no such key; did you mean `weight`? (line 2, column 3)"),
        ("parts:\n- foo: 2\n", "parts.0.foo: no such key; there are share, weight (line 2, column 3)"),
        ("part: {}\nbees: 1\nbees: much\n", f"bees: {BAD_INTEGER} (line 3, column 7)"),
    ],
)
def test_what_is_wrong_is_told_with_field_line_and_column(text, told):
    assert f"garden.{told}" in faults(text)


def test_what_came_by_an_alias_stands_where_it_was_written():
    found = faults("part: &one\n  share: 3\nparts:\n- *one\n- <<: *one\n")
    assert [fault.partition("(")[2] for fault in found if TOO_MUCH in fault] == ["line 2, column 10)"] * 3


def test_what_came_from_elsewhere_or_is_missing_in_the_whole_has_no_place():
    assert faults("part: {share: 1}", part={"share": 2}, bess=1) == [
        "garden.part.share: Input should be less than or equal to 1",
        "garden.bess: no such key; did you mean `bees`?",
    ]
    assert faults("bees: 1") == ["garden: nothing grows in it"]


@pytest.mark.parametrize("text", ["- a", "just words", "42", "0", "[]"])
def test_what_has_no_keys_is_refused_with_an_example(text):
    with pytest.raises(InputError, match="the garden must be keys and values, such as `bees: 3`"):
        read_config(text, "garden", Garden, example="bees: 3")
