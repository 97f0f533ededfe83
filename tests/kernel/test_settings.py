import pytest

from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import Settings, load_settings, read_headers

SECRET = "sk-very-secret"


def test_an_empty_environment_gives_the_defaults():
    assert load_settings({}) == Settings()
    assert load_settings({"PATH": "/bin", "SEEDBEDX": "1"}) == Settings()


def test_values_are_read_by_their_names():
    settings = load_settings(
        {"SEEDBED_CONCURRENCY": "64", "SEEDBED_RESUME": "false", "SEEDBED_HEARTBEAT": "1.5"}
    )
    assert (settings.concurrency, settings.resume, settings.heartbeat) == (64, False, 1.5)


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("SEEDBED_TEACHER_ULR", "no such setting; did you mean SEEDBED_TEACHER_URL?"),
        ("SEEDBED_CONCURENCY", "no such setting; did you mean SEEDBED_CONCURRENCY?"),
        ("SEEDBED_XYZZY", "no such setting"),
        ("SEEDBED_", "no such setting"),
        # Only secrets are read from files.
        ("SEEDBED_TEACHER_URL_FILE", "no such setting; did you mean SEEDBED_TEACHER_URL?"),
    ],
)
def test_an_unknown_key_is_refused_with_advice(key, advice):
    with pytest.raises(InputError, match="unknown settings") as caught:
        load_settings({key: "x"})
    assert [(v.field, v.description) for v in caught.value.violations] == [(key, advice)]


def test_all_unknown_keys_are_named_at_once():
    with pytest.raises(InputError) as caught:
        load_settings({"SEEDBED_B": "1", "SEEDBED_A": "1", "SEEDBED_CONCURRENCY": "1"})
    assert [v.field for v in caught.value.violations] == ["SEEDBED_A", "SEEDBED_B"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SEEDBED_CONCURRENCY", "0"),
        ("SEEDBED_CONCURRENCY", ""),
        ("SEEDBED_TEACHER_CONTEXT", "big"),
        ("SEEDBED_GRACE", "-1"),
        ("SEEDBED_LOG_LEVEL", "loud"),
    ],
)
def test_a_value_that_cannot_be_is_named(key, value):
    with pytest.raises(InputError, match="cannot be") as caught:
        load_settings({key: value})
    assert [v.field for v in caught.value.violations] == [key]


@pytest.mark.parametrize("name", ["TEACHER_API_KEY", "JUDGE_API_KEY", "STORE_SECRET_KEY", "NATS_PASSWORD"])
def test_a_secret_may_come_from_a_file(tmp_path, name):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    settings = load_settings({f"SEEDBED_{name}_FILE": str(file)})
    assert getattr(settings, name.lower()).get_secret_value() == SECRET


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="a secret cannot be read") as caught:
        load_settings({"SEEDBED_TEACHER_API_KEY_FILE": f"{tmp_path}/no"})
    assert caught.value.violations[0].field == "SEEDBED_TEACHER_API_KEY_FILE"


def test_a_file_that_is_no_text_is_named(tmp_path):
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="a secret cannot be read"):
        load_settings({"SEEDBED_TEACHER_API_KEY_FILE": str(file)})


def test_secrets_are_not_in_what_is_printed():
    names = ["TEACHER_API_KEY", "JUDGE_API_KEY", "STORE_SECRET_KEY", "NATS_PASSWORD"]
    settings = load_settings({f"SEEDBED_{name}": SECRET for name in names})
    for text in (repr(settings), str(settings), settings.model_dump_json(), f"{settings.model_dump()}"):
        assert SECRET not in text


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings().concurrency = 2  # type: ignore[misc]


def test_parameters_and_headers_are_objects():
    settings = load_settings(
        {
            "SEEDBED_TEACHER_PARAMETERS": '{"seed": null, "reasoning_effort": "low"}',
            "SEEDBED_JUDGE_HEADERS": '{"X-Tenant": "a"}',
        }
    )
    assert settings.teacher_parameters == {"seed": None, "reasoning_effort": "low"}
    assert read_headers(settings.judge_headers.get_secret_value()) == {"X-Tenant": "a"}
    assert load_settings({"SEEDBED_TEACHER_PARAMETERS": ""}).teacher_parameters == {}


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("SEEDBED_TEACHER_PARAMETERS", "{", "is not JSON"),
        ("SEEDBED_TEACHER_PARAMETERS", "[1]", "is not a JSON object"),
        ("SEEDBED_JUDGE_PARAMETERS", '{"model": "other"}', "model is not to be set here"),
        ("SEEDBED_TEACHER_HEADERS", "X-Key: sesame-1", "is not JSON"),
        ("SEEDBED_TEACHER_HEADERS", '{"a b": "sesame-1"}', "no name of a header"),
        ("SEEDBED_TEACHER_HEADERS", '{"X-Key": "sesame-1\\r\\nX-Other: 1"}', "none that a header can carry"),
        ("SEEDBED_TEACHER_HEADERS", '{"X-Key": 5}', "none that a header can carry"),
    ],
)
def test_those_that_cannot_be_are_refused_and_secrets_not_shown(key, value, why):
    with pytest.raises(InputError) as caught:
        load_settings({key: value})
    [violation] = caught.value.violations
    assert violation.field == key
    assert why in violation.description
    assert "sesame-1" not in f"{violation}{caught.value.__cause__}"


def test_headers_are_secrets(tmp_path):
    path = tmp_path / "headers"
    path.write_text('{"X-Key": "sesame-1"}')
    settings = load_settings({"SEEDBED_TEACHER_HEADERS_FILE": str(path)})
    assert read_headers(settings.teacher_headers.get_secret_value()) == {"X-Key": "sesame-1"}
    assert "sesame-1" not in repr(settings)
