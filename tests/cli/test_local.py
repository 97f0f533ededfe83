import os

import pytest

from seedbed.cli.endpoints import Endpoint, Endpoints
from seedbed.cli.local import SERVICES, make_programs, port_names
from seedbed.cli.state import StateFolder
from seedbed.kernel.errors import InputError
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
    assert not any(name.startswith("SEEDBED_") for name in made["nats-server"].env)


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
