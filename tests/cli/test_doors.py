"""A stack of one machine is its own user's alone: nobody else there calls it, or reads what it keeps."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, cast

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from seedbed.cli.stack.state import StateFolder
from tests.cli.stage import SEEDBED, environment, seedbed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150), pytest.mark.xdist_group("doors")]

REFLECTION = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
METHODS = {
    "taxonomy": ("taxonomy.v1.TaxonomyService", ["Import", "Lint", "Diff", "ListLeaves", "DropMirrors"]),
    "runs": ("runs.v1.RunsService", ["CreateRun", "ListRuns", "WatchRun", "ListCandidates", "ReadPart"]),
    "knowledge": ("knowledge.v1.KnowledgeService", ["Generate", "PreviewChunks"]),
    "skills": ("skills.v1.SkillsService", ["Generate"]),
    "judge": ("judge.v1.JudgeService", ["Judge"]),
}


class Up:
    """`seedbed up` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.state = StateFolder(folder)
        command = [*SEEDBED, "up", "--teacher", "rehearsal", "--telemetry", "--json", "--state", str(folder)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
        )
        assert self._process.stdout is not None
        self.places: dict[str, str] = json.loads(self._process.stdout.readline())["addresses"]
        self.processes = psutil.Process(self._process.pid).children()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    up = Up(tmp_path_factory.mktemp("doors") / "state")
    yield up
    up.stop()


def call(where: str, method: str, token: str = "") -> grpc.StatusCode:
    shown = (("authorization", f"Bearer {token}"),) if token else ()
    with grpc.insecure_channel(where) as channel:
        ask: Any = channel.stream_stream(f"/{method}")
        try:
            for _ in ask(iter([b""]), metadata=shown, timeout=20):
                pass
        except grpc.RpcError as error:
            return cast("grpc.Call", error).code()
    return grpc.StatusCode.OK


def methods_of(name: str) -> list[str]:
    service, methods = METHODS[name]
    return [*(f"seedbed.{service}/{method}" for method in methods), REFLECTION]


@pytest.mark.parametrize("name", METHODS)
def test_no_service_answers_who_has_no_token_of_its_stack(stack, name):
    for method in methods_of(name):
        for token in ("", "wrong"):
            assert call(stack.places[name], method, token) == grpc.StatusCode.UNAUTHENTICATED
    assert call(stack.places[name], REFLECTION, stack.state.token) == grpc.StatusCode.OK
    with grpc.insecure_channel(stack.places[name]) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        health = stub.Check(health_pb2.HealthCheckRequest(), timeout=20)
    assert health.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("shown", [{}, {"user": "runs", "pass": "wrong"}, {"user": "watcher", "pass": ""}])
def test_the_broker_knows_its_own_services_alone(stack, shown):
    host, _, port = stack.places["nats-server"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"CONNECT {json.dumps({'verbose': False, **shown})}\r\nPING\r\n".encode())
        with connection.makefile("rb") as answers:
            assert b'"auth_required":true' in answers.readline()
            assert answers.readline() == b"-ERR 'Authorization Violation'\r\n"


def test_the_collector_shows_nothing_and_takes_nothing(stack):
    place = stack.places["collector"]
    traces = place.replace("/metrics", "/v1/traces")
    for request in (place, urllib.request.Request(traces, b"")):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=10)
    shown = {"Authorization": f"Bearer {stack.state.token}"}
    with urllib.request.urlopen(urllib.request.Request(place, headers=shown), timeout=10) as answer:
        assert answer.status == 200


def test_its_own_services_tell_the_collector(stack):
    shown = {"Authorization": f"Bearer {stack.state.token}"}
    request = urllib.request.Request(stack.places["collector"], headers=shown)
    wanted = [f'job="seedbed/{name}"' for name in METHODS]
    missing = wanted
    while missing:
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read().decode()
        missing = [word for word in wanted if word not in text]
        time.sleep(0.2)


async def test_another_terminal_finds_the_token_by_itself(stack, tmp_path):
    elsewhere = ("--state", tmp_path / "none", "--server", stack.places["runs"])
    for more in (("--state", stack.state.root), elsewhere):
        ended = await seedbed("runs", "list", *more)
        assert ended.code == 0, ended.err


async def test_a_server_is_shown_what_the_settings_name(stack):
    """Nobody looks whose stack it is where it goes by a name."""
    server = ("--server", stack.places["runs"].replace("127.0.0.1", "localhost"))
    refused = await seedbed("runs", "list", *server)
    assert refused.code == 2
    assert "SEEDBED_API_TOKEN_FILE" in refused.err
    assert "--state" in refused.err
    ended = await seedbed("runs", "list", *server, SEEDBED_API_TOKEN_FILE=str(stack.state.token_file))
    assert ended.code == 0, ended.err


async def test_what_is_set_for_another_stack_is_not_shown_to_one_of_this_machine(stack):
    for more in (("--state", stack.state.root), ("--server", stack.places["runs"])):
        ended = await seedbed("runs", "list", *more, SEEDBED_API_TOKEN="another's")
        assert ended.code == 0, ended.err


ROBBER = """
import os, sys
root, *processes = sys.argv[1:]
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
wanted = [*(f"/proc/{process}/environ" for process in processes), f"{root}/api_token", f"{root}/nats.conf"]
inside = [f"{root}/{name}" for name in ("cache", "jetstream", "logs", "store", "telemetry")]
for folder in (os.path.dirname(root) + "/open", root, *inside):
    for act in (os.listdir, os.chdir):
        try:
            act(folder)
        except PermissionError:
            continue
        print("entered", folder)
for file in wanted:
    try:
        open(file, "rb").read(1)
    except PermissionError:
        continue
    print("read", file)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_another_user_of_the_machine_reads_nothing(stack):
    for folder in stack.state.root.parents:
        # What pytest makes is closed; the state folder's own door is what is tried.
        if "pytest" in folder.as_posix():
            folder.chmod(0o755)
    (stack.state.root.parent / "open").mkdir(0o755)
    processes = [str(process.pid) for process in stack.processes]
    robber = [sys.executable, "-I", "-S", "-c", ROBBER, str(stack.state.root), *processes]
    found = subprocess.run(robber, capture_output=True, text=True, timeout=30, check=False)
    way_in = f"entered {stack.state.root.parent}/open\n"
    assert (found.returncode, found.stdout, found.stderr) == (0, way_in * 2, "")


def test_no_command_line_shows_a_secret(stack):
    secrets = [stack.state.token]
    for process in stack.processes:
        secrets += [value for name, value in process.environ().items() if "NATS_PASSWORD" in name]
    shown = " ".join(word for process in stack.processes for word in process.cmdline())
    assert len(secrets) > len(METHODS)
    assert not [secret for secret in secrets if secret in shown]


def test_a_stack_that_starts_again_has_its_token_unless_others_may_have_read_it(tmp_path):
    tokens = []
    for _ in range(3):
        up = Up(tmp_path / "state")
        try:
            tokens.append(up.state.token)
            answers = {token: call(up.places["runs"], REFLECTION, token) for token in tokens}
        finally:
            up.stop()
        assert answers.pop(tokens[-1]) == grpc.StatusCode.OK
        assert set(answers.values()) <= {grpc.StatusCode.UNAUTHENTICATED}
        if len(tokens) == 2:
            up.state.token_file.chmod(0o644)
    assert tokens[0] == tokens[1] != tokens[2]
