import pytest

from seedbed.kernel.errors import InputError
from seedbed.kernel.formats.yaml_config import read_yaml


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
