import os

import pytest

from seedbed.cli.reach.endpoints import Endpoint, Endpoints
from seedbed.cli.stack.programs import SERVICES, make_programs, port_names
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.bearer_tokens import tokens_of
from seedbed.kernel.settings import load_settings

REMOTE = Endpoints(
    teacher=Endpoint(url="http://t/v1", model="m", api_key="sesame-t"),
    judge=Endpoint(url="http://j/v1", model="n", api_key="sesame-j"),
    hidden=frozenset({"MY_KEY"}),
)


@pytest.fixture
def state(tmp_path):
    folder = StateFolder(tmp_path / "a state")
    folder.prepare()
    return folder


def programs(state, endpoints, overrides=None, environ=None, services=SERVICES):
    rehearsal = bool(endpoints and endpoints.rehearsed)
    names = port_names(services, rehearsal=rehearsal)
    ports = {name: 20000 + number for number, name in enumerate(names)}
    made = make_programs(state, ports, endpoints, overrides or {}, environ or {"PATH": os.defpath})
    return {program.name: program for program in made}


def test_every_service_reads_its_environment_without_complaint(state):
    made = programs(state, REMOTE, {"SEEDBED_CONCURRENCY": "64"})
    for name in SERVICES:
        settings = load_settings(made[name].env)
        assert settings.concurrency == 64
        assert settings.parent_pid == os.getpid()
        assert settings.teacher_model == "m"
        assert settings.judge_url == "http://j/v1"
        assert settings.store_url == f"file://{state.root}/store".replace(" ", "%20")
    assert len({load_settings(made[name].env).listen for name in SERVICES}) == len(SERVICES)


def test_keys_go_to_those_alone_that_need_them_and_never_into_a_command(state):
    made = programs(state, REMOTE, environ={"MY_KEY": "sesame-t", "SEEDBED_JUDGE_API_KEY": "sesame-j"})
    holders = {
        key: {name for name, program in made.items() if key in program.env.values()}
        for key in ("sesame-t", "sesame-j")
    }
    assert holders == {"sesame-t": {"knowledge", "skills"}, "sesame-j": {"judge"}}
    for program in made.values():
        assert not any("sesame" in word for word in program.argv)
    written = "".join(path.read_text() for path in state.root.rglob("*") if path.is_file())
    assert "sesame" not in written


def test_the_teachers_key_is_the_judges_where_the_teacher_judges(state):
    made = programs(state, Endpoints(teacher=REMOTE.teacher))
    assert made["judge"].env["SEEDBED_TEACHER_API_KEY"] == "sesame-t"


def test_the_callers_settings_reach_the_services_and_ours_win(state):
    environ = {"SEEDBED_TEACHER_CONTEXT": "4096", "SEEDBED_LISTEN": "0.0.0.0:1", "HTTPS_PROXY": "p"}
    made = programs(state, REMOTE, environ=environ)
    settings = load_settings(made["judge"].env)
    assert settings.teacher_context == 4096
    assert settings.listen.startswith("127.0.0.1:")
    assert made["judge"].env["HTTPS_PROXY"] == "p"
    assert not any(value == "4096" for value in made["nats-server"].env.values())


def test_the_rehearsal_teacher_is_reached_where_it_listens(state):
    made = programs(state, Endpoints(teacher=Endpoint(url="rehearsal", model="rehearsal")))
    listen = made["rehearsal"].argv[-1]
    assert made["skills"].env["SEEDBED_TEACHER_URL"] == f"http://{listen}/v1"


def test_the_broker_syncs_as_it_is_told(state):
    programs(state, REMOTE)
    assert 'sync_interval: "1s"' in (state.root / "nats.conf").read_text()
    programs(state, REMOTE, environ={"SEEDBED_BROKER_SYNC": "always"})
    assert 'sync_interval: "always"' in (state.root / "nats.conf").read_text()
    with pytest.raises(InputError, match="settings that cannot be"):
        programs(state, REMOTE, environ={"SEEDBED_BROKER_SYNC": "never"})


def test_a_look_takes_broker_and_runs_alone(state):
    assert list(programs(state, None, services=("runs",))) == ["nats-server", "runs"]


def test_programs_are_named_by_their_modules(state):
    made = programs(state, REMOTE)
    assert made["judge"].argv[1:] == ("-m", "seedbed.judge")


def test_each_service_is_a_user_of_the_broker_with_a_password_of_its_own(state):
    made = programs(state, REMOTE, environ={"SEEDBED_NATS_USER": "me", "SEEDBED_NATS_PASSWORD_FILE": "/gone"})
    told = {name: load_settings(made[name].env) for name in SERVICES}
    passwords = {name: told[name].nats_password.get_secret_value() for name in SERVICES}
    assert [told[name].nats_user for name in SERVICES] == list(SERVICES)
    assert len(set(passwords.values())) == len(SERVICES)
    broker = made["nats-server"]
    assert {name: broker.env[f"SEEDBED_NATS_PASSWORD_{name.upper()}"] for name in SERVICES} == passwords
    again = programs(state, REMOTE)
    assert again["runs"].env["SEEDBED_NATS_PASSWORD"] != passwords["runs"]


def test_callers_show_the_token_of_the_state_folder_or_one_that_was_given(state):
    made = programs(state, REMOTE, environ={"SEEDBED_API_TOKEN": "given"})
    for name in SERVICES:
        assert tokens_of(load_settings(made[name].env)) == [state.token, "given"]
    assert tokens_of(load_settings(programs(state, REMOTE)["runs"].env)) == [state.token]


def test_no_password_is_written_down_or_shown_and_no_token_but_in_its_file(state):
    made = programs(state, REMOTE)
    secrets = [state.token, *(made[name].env["SEEDBED_NATS_PASSWORD"] for name in SERVICES)]
    shown = " ".join(word for program in made.values() for word in program.argv)
    written = [path for path in state.root.rglob("*") if path.is_file() and path != state.token_file]
    shown += "".join(path.read_text() for path in written)
    assert not [secret for secret in secrets if secret in shown]
