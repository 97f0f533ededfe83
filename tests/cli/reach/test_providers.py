"""Providers by name: address, key and peculiarities are known, and what is missing is said at once."""

import json

import pytest

from seedbed.cli.reach.endpoints import Wanted, choose_endpoints
from seedbed.cli.reach.providers import PROVIDERS
from seedbed.cli.stack.programs import make_programs, port_names
from seedbed.cli.stack.startup import choose_context
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.endpoint.endpoint import Endpoint as Address
from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import load_settings
from tests.cli.stage import ROOT

KEYS = {name: "sesame-1" for provider in PROVIDERS.values() for name in provider.keys[:1]}


def choose(environ=None, settings=None, **wanted):
    return choose_endpoints(
        Wanted(**wanted), load_settings(settings or {}), KEYS if environ is None else environ
    )


@pytest.mark.parametrize(
    ("teacher", "url"),
    [
        ("ollama:qwen3:8b", "http://127.0.0.1:11434/v1"),
        ("lmstudio:qwen3", "http://127.0.0.1:1234/v1"),
        ("openai:gpt-5", "https://api.openai.com/v1"),
        ("openrouter:deepseek/deepseek-chat:free", "https://openrouter.ai/api/v1"),
        ("anthropic:claude", "https://api.anthropic.com/v1"),
        ("bedrock:openai.gpt-oss-120b-1:0", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"),
        ("gemini:gemini-flash", "https://generativelanguage.googleapis.com/v1beta/openai"),
    ],
)
def test_a_name_stands_for_an_address_and_a_model(teacher, url):
    found = choose(teacher=teacher).teacher
    assert (found.url, found.model) == (url, teacher.partition(":")[2])
    assert found.api_key == ("sesame-1" if PROVIDERS[teacher.partition(":")[0]].keys else "")


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_has_its_paragraph_in_the_docs(name):
    page = (ROOT / "docs" / "teacher.md").read_text(encoding="utf-8")
    assert f"**`{name}:" in page
    for variable in PROVIDERS[name].keys:
        assert variable in page


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if provider.keys])
@pytest.mark.parametrize("environ", [{}, {"OPENAI_API_KEY": " "}])
def test_a_key_that_is_missing_is_named_before_the_start(name, environ):
    with pytest.raises(InputError, match=PROVIDERS[name].keys[0]) as caught:
        choose(environ, teacher=f"{name}:m")
    assert f"export {PROVIDERS[name].keys[0]}=" in caught.value.hint


def test_a_key_of_another_variable_wins():
    environ = {"OPENAI_API_KEY": "sesame-1", "MINE": "sesame-2"}
    endpoints = choose(environ, teacher="openai:m", api_key_env="MINE")
    assert endpoints.teacher.api_key == "sesame-2"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://10.0.0.1:9999/v1/", "http://10.0.0.1:9999/v1"),
        ("https://gateway.corp", "https://gateway.corp/v1"),
        ("https://gateway.corp/a/b?x=1", "https://gateway.corp/a/b?x=1"),
    ],
)
def test_an_address_of_another_kind_may_stand_in_its_place(given, url):
    assert choose({**KEYS, "OPENAI_BASE_URL": given}, teacher="openai:m").teacher.url == url


def test_an_address_that_is_none_is_refused():
    with pytest.raises(InputError, match="OLLAMA_BASE_URL"):
        choose({"OLLAMA_BASE_URL": "host:1"}, teacher="ollama:m")


def test_a_region_is_the_users():
    environ = {**KEYS, "AWS_REGION": "eu-west-1"}
    assert "bedrock-runtime.eu-west-1." in choose(environ, teacher="bedrock:m").teacher.url


def test_a_judge_may_be_of_a_provider_and_so_may_a_setting():
    endpoints = choose(teacher="ollama:small", judge="openai:large")
    assert endpoints.judge
    assert (endpoints.judge.model, endpoints.judge.api_key) == ("large", "sesame-1")
    settings = {"SEEDBED_TEACHER_URL": "openai:m", "SEEDBED_JUDGE_URL": "ollama:n"}
    endpoints = choose(settings=settings)
    assert endpoints.teacher.url == "https://api.openai.com/v1"
    assert endpoints.judge
    assert endpoints.judge.model == "n"


def test_another_model_of_the_teachers_provider_judges_with_its_key_and_ways():
    endpoints = choose(teacher="anthropic:large", judge_model="small")
    judge = endpoints.judge
    assert judge
    assert (judge.model, judge.api_key) == ("small", "sesame-1")
    assert judge.headers == endpoints.teacher.headers


@pytest.mark.parametrize("wanted", [{"teacher": "openai:"}, {"teacher": "openai:a", "model": "b"}])
def test_one_model_has_to_be_named(wanted):
    with pytest.raises(InputError, match="model"):
        choose(**wanted)


def test_the_model_may_be_named_by_its_option():
    assert choose(teacher="openai:", model="m").teacher.model == "m"


def test_what_is_peculiar_is_said_to_the_endpoint(tmp_path):
    environ = {"ANTHROPIC_API_KEY": "sesame-1", "PATH": "/bin"}
    endpoints = choose(environ, teacher="anthropic:m")
    state = StateFolder(tmp_path)
    state.prepare()
    names = port_names(("runs", "skills"), rehearsal=False)
    ports = {name: 20000 + number for number, name in enumerate(names)}
    made = {one.name: one for one in make_programs(state, ports, endpoints, {}, environ)}
    settings = load_settings(made["skills"].env)
    assert settings.teacher_parameters == {"response_format": None}
    headers = json.loads(settings.teacher_headers.get_secret_value())
    assert headers == {"anthropic-version": "2023-06-01", "x-api-key": "sesame-1"}
    # Nobody else has the key, neither by the setting nor by the variable that it came from.
    assert "sesame-1" not in str(made["runs"].env)
    assert "sesame-1" not in repr(endpoints)
    assert "ANTHROPIC_API_KEY" not in made["skills"].env


def test_settings_are_added_to_what_is_peculiar_and_win():
    settings = {
        "SEEDBED_TEACHER_PARAMETERS": '{"reasoning_effort": "low", "response_format": {"type": "text"}}',
        "SEEDBED_TEACHER_HEADERS": '{"X-Tenant": "a"}',
    }
    teacher = choose(settings=settings, teacher="anthropic:m").teacher
    assert teacher.parameters == {"reasoning_effort": "low", "response_format": {"type": "text"}}
    assert {"X-Tenant", "x-api-key"} <= teacher.headers.keys()


@pytest.mark.parametrize(
    ("environ", "settings", "window"),
    [
        ({}, {}, 4096),
        ({"OLLAMA_CONTEXT_LENGTH": "16384"}, {}, 16384),
        ({}, {"SEEDBED_TEACHER_CONTEXT": "8192"}, 0),
    ],
)
def test_a_window_that_cuts_without_a_word_is_kept_to(environ, settings, window):
    endpoints = choose(environ, settings, teacher="ollama:m")
    assert choose_context(0, endpoints, load_settings(settings)) == window
    assert choose_context(2048, endpoints, load_settings(settings)) == 2048


def test_what_an_endpoint_cannot_take_is_in_no_digest_and_what_is_added_is():
    assert Address("http://h/v1", "m", parameters={"seed": None}).added == ""
    assert Address("http://h/v1", "m", parameters={"b": 1, "a": 2, "seed": None}).added == '{"a":2,"b":1}'
