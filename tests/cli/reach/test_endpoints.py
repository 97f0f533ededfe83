import pytest

from seedbed.cli.reach.endpoints import Wanted, choose_endpoints
from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import load_settings

BARE = load_settings({})


def choose(environ=None, settings=BARE, **wanted):
    return choose_endpoints(Wanted(**wanted), settings, environ or {})


def test_no_teacher_is_refused_and_the_rehearsal_only_offered():
    with pytest.raises(InputError, match="no teacher is named") as caught:
        choose()
    assert "rehearsal" in caught.value.hint


def test_the_teacher_judges_where_no_judge_is_named():
    endpoints = choose(teacher="http://host:8000/v1/", model="m")
    assert endpoints.judge is None
    assert endpoints.teacher.url == "http://host:8000/v1"
    assert [role for role, _ in endpoints.remote] == ["teacher"]


def test_several_addresses_of_one_model_are_one_teacher():
    endpoints = choose(teacher="http://a:8000/v1/, http://b/v1,http://a:8000/v1", model="m")
    assert endpoints.teacher.url == "http://a:8000/v1,http://b/v1"
    assert [(role, one.url, one.model) for role, one in endpoints.remote] == [
        ("teacher", "http://a:8000/v1", "m"),
        ("teacher", "http://b/v1", "m"),
    ]


@pytest.mark.parametrize("url", ["http://a/v1,b", "http://a/v1,rehearsal", ","])
def test_each_of_several_addresses_must_be_one(url):
    with pytest.raises(InputError, match="not an address"):
        choose(teacher=url, model="m")


def test_keys_come_from_the_environment():
    endpoints = choose({"MY_KEY": " k1 "}, teacher="https://host/v1", model="m", api_key_env="MY_KEY")
    assert endpoints.teacher.api_key == "k1"
    assert endpoints.hidden == {"MY_KEY"}
    assert "k1" not in repr(endpoints)


@pytest.mark.parametrize("key", ["", "  ", "schlüssel", "a\nb"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key):
    with pytest.raises(InputError, match="MY_KEY") as caught:
        choose({"MY_KEY": key}, teacher="https://host/v1", model="m", api_key_env="MY_KEY")
    assert not key.strip() or key not in str(caught.value)


def test_a_missing_variable_is_named():
    with pytest.raises(InputError, match="no environment variable MY_KEY"):
        choose(teacher="https://host/v1", model="m", api_key_env="MY_KEY")


@pytest.mark.parametrize(
    "url",
    [
        "host:8000",
        "ftp://host/v1",
        "http://",
        "http://host:99999/v1",
        "http://[::1",
        "file:///etc",
        "Rehearsal",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InputError, match="not an address"):
        choose(teacher=url, model="m")


def test_a_password_in_an_address_is_refused():
    with pytest.raises(InputError, match="password"):
        choose(teacher="http://user:word@host/v1", model="m")


def test_another_judge_does_not_get_the_teachers_key():
    endpoints = choose(
        {"KEY": "k"},
        teacher="http://a/v1",
        model="m",
        api_key_env="KEY",
        judge="http://b/v1",
        judge_model="j",
    )
    assert endpoints.judge.api_key == ""


def test_another_model_at_the_teachers_endpoint_takes_the_teachers_key():
    endpoints = choose({"KEY": "k"}, teacher="http://a/v1", model="m", api_key_env="KEY", judge_model="j")
    assert endpoints.judge.url == "http://a/v1"
    assert endpoints.judge.model == "j"
    assert endpoints.judge.api_key == "k"


def test_the_environment_names_the_teacher_where_no_option_does():
    settings = load_settings({"SEEDBED_TEACHER_URL": "http://a/v1", "SEEDBED_TEACHER_MODEL": "m"})
    assert choose(settings=settings).teacher.model == "m"
    assert choose(settings=settings, teacher="rehearsal").rehearsed


def test_the_rehearsal_may_judge_a_real_teacher():
    endpoints = choose(teacher="http://a/v1", model="m", judge="rehearsal")
    assert endpoints.rehearsed
    assert [role for role, _ in endpoints.remote] == ["teacher"]
