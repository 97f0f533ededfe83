import pytest

from seedbed.kernel.endpoint.openai.model_list import Row, find_model, rows_of


@pytest.mark.parametrize(
    ("model", "listed"),
    [
        ("m", ["m"]),
        ("gem-flash", ["models/gem-flash", "models/gem-pro"]),
        ("models/gem-flash", ["gem-flash"]),
        ("llama3", ["llama3:latest"]),
        ("llama3:latest", ["llama3"]),
        ("Qwen/Qwen3", ["qwen/qwen3"]),
        ("openai/gpt-x", ["openai/*"]),
        ("anything", ["*"]),
        ("deepseek/chat:nitro", ["deepseek/chat"]),
    ],
)
def test_a_model_is_known_behind_prefixes_tags_and_wildcards(model, listed):
    rows = rows_of({"data": [{"id": name} for name in [*listed, "other"]]})
    assert find_model(model, rows) == Row(listed[0])


@pytest.mark.parametrize(
    ("model", "listed"), [("m", ["mm"]), ("gpt-x", ["openai/*"]), ("llama", ["llama3:latest"])]
)
def test_what_is_only_like_it_is_not_it(model, listed):
    assert find_model(model, rows_of([{"id": name} for name in listed])) is None


def test_the_very_name_comes_before_what_is_like_it():
    rows = rows_of({"data": [{"id": "llama3:latest"}, {"id": "llama3"}, {"id": "*"}]})
    assert find_model("llama3", rows) == Row("llama3")


@pytest.mark.parametrize(
    "listed",
    [
        {"data": [{"id": "m", "max_model_len": 4096}]},
        [{"id": "m", "context_length": 4096}],
        {"models": [{"name": "m", "context_window": 4096}]},
        {"data": [{"id": "n", "aliases": ["m"], "max_context_length": 4096}]},
    ],
)
def test_a_list_has_many_forms_and_may_tell_the_context(listed):
    assert rows_of(listed)["m"] == Row("m", 4096)


@pytest.mark.parametrize("listed", [{}, [], None, "m", {"data": 5}, {"data": ["m", {"id": 5}]}])
def test_what_is_no_list_names_none(listed):
    assert rows_of(listed) == {}
