"""compose.yaml: what its schema and our own rules ask, and a run through what it starts."""

import asyncio
import os
import re
import subprocess
import sys
import urllib.request

import jsonschema
import pytest

from deploy.make_secrets import NATS_USERS, make_secrets, nats_password
from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.cli.stack.broker.users import users
from seedbed.cli.stack.stack import wait_serving
from seedbed.kernel.rpc.channel import Access
from seedbed.kernel.settings import Settings, load_settings
from tests.deploy.callers import takers_of_folders
from tests.deploy.compose import CPU, TLS, Composed, localize_broker, read_compose
from tests.deploy.images import ROOT, read_stages
from tests.deploy.production import run_taxonomy
from tests.faults.stage import wait_for
from tests.servers.process import spawn

COMPOSE = read_compose({})
SERVICES = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
WITH_SETTINGS = [name for name in OURS if name != "rehearsal"]


def test_it_is_what_the_published_schema_says(packages):
    schema = packages.compose_schema()
    for composed in (COMPOSE, read_compose({}, TLS), read_compose({}, CPU)):
        jsonschema.validators.validator_for(schema)(schema).validate(composed)


@pytest.mark.parametrize("name", SERVICES)
def test_each_image_is_named_with_its_version(name):
    version = SERVICES[name]["image"].rpartition(":")[2]
    assert version not in ("", "latest")


@pytest.mark.parametrize("name", SERVICES)
def test_each_has_a_limit_of_memory_and_says_how_it_is(name):
    service = SERVICES[name]
    # These come without anything in their images that could ask.
    asked = name not in ("collector", "tempo")
    assert re.fullmatch(r"\d+[gm]", service["deploy"]["resources"]["limits"]["memory"])
    assert not asked or "healthcheck" in service or _stage(service).last("HEALTHCHECK")


def _stage(service):
    return read_stages()[service["build"]["target"]]


def test_who_wants_a_gpu_has_a_profile_and_may_do_without():
    def has_gpu(service):
        return "reservations" in service["deploy"]["resources"]

    asking = {name: service["profiles"] for name, service in SERVICES.items() if has_gpu(service)}
    assert asking == {"vllm": ["gpu"], "trainer": ["train"], "evaluator": ["train"]}
    without = read_compose({}, CPU)["services"]
    assert {name for name in without if has_gpu(without[name])} == {"vllm"}
    assert without["trainer"]["deploy"]["resources"] == {"limits": {"memory": "32g"}}


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "vllm"])
def test_each_is_locked_down(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert (service.get("user", "0") == "10001:10001") == (name in OURS)
    assert ("cap_add" in service) == (name == "store")


@pytest.mark.parametrize("name", SERVICES)
def test_each_file_that_is_mounted_is_there(name):
    sources = [mount.split(":")[0] for mount in SERVICES[name].get("volumes", ())]
    for source in sources:
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], source


def test_who_shares_a_volume_runs_as_the_same_user():
    users: dict[str, set[str]] = {}
    for service in SERVICES.values():
        for mount in service.get("volumes", ()):
            users.setdefault(mount.split(":")[0], set()).add(service.get("user", "0"))
    assert {
        name: found for name, found in users.items() if name in COMPOSE["volumes"] and len(found) > 1
    } == {}


def test_who_sends_where_in_the_telemetry_is_one_that_is_there():
    texts = [path.read_text() for path in (ROOT / "deploy" / "telemetry").rglob("*.yaml")]
    named = re.findall(r"https?://([\w-]+):\d+|- targets: \[\"([\w-]+):", "\n".join(texts))
    assert {one or other for one, other in named} == {"prometheus", "tempo", "vllm"}
    assert SERVICES["judge"]["environment"]["SEEDBED_OTLP_ENDPOINT"] == "http://collector:4318"


def test_ports_are_open_to_this_machine_alone():
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports)


@pytest.mark.parametrize("name", SERVICES)
def test_each_sees_the_secrets_it_reads_and_no_other(name):
    service = SERVICES[name]
    said = "\n".join([*map(str, service.get("environment", {}).values()), *service.get("command", ())])
    read = set(re.findall(r"/run/secrets/(\w+)", said))
    if name == "nats":
        read = {nats_password(user.name) for user in users()}
    assert read == set(service.get("secrets", ()))
    assert read <= set(COMPOSE["secrets"])


def test_the_secrets_that_are_made_are_those_that_are_asked_for(tmp_path):
    made = make_secrets(tmp_path / "secrets")
    assert set(made) >= set(COMPOSE["secrets"])
    assert make_secrets(tmp_path / "secrets") == []
    assert set(NATS_USERS) == {user.name for user in users()}


def test_only_who_asks_a_teacher_sees_its_key():
    seers = {name for name in SERVICES if "teacher_api_key" in SERVICES[name].get("secrets", ())}
    assert seers == {name for name in OURS if "SEEDBED_TEACHER_URL" in SERVICES[name].get("environment", {})}
    assert not seers & {"taxonomy", "runs"}


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_each_setting_is_known_and_it_stops_sooner_than_it_is_killed(name, tmp_path):
    composed = Composed(tmp_path, {}, {})
    settings = load_settings(composed.environment(name))
    assert settings.nats_user == name
    patience = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
    assert settings.grace < patience


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_no_service_takes_folders_from_its_callers_but_the_one_that_is_mounted_for_it(name, tmp_path):
    settings = load_settings(Composed(tmp_path, {}, {}).environment(name))
    assert settings.trust_callers is False
    assert settings.taxonomy_folders == (f"{ROOT}/taxonomy" if name == "taxonomy" else "")


def test_who_could_take_folders_from_callers_is_among_them():
    assert {"taxonomy", "trainer", "evaluator"} <= takers_of_folders() <= set(WITH_SETTINGS)


@pytest.fixture(scope="module")
def stack(tmp_path_factory, s3_server):
    """Broker, rehearsal teacher and services as the file has them; the store is that of the tests."""
    folder = tmp_path_factory.mktemp("compose")
    told = {"SEEDBED_TEACHER_URL": "http://rehearsal:8001/v1", "SEEDBED_TEACHER_MODEL": "rehearsal"}
    composed = Composed(folder, told, {"store": s3_server.port})
    listener = [sys.executable, "-m", "seedbed.collector", "--listen", composed.where("collector")]
    listener += ["--folder", str(folder / "spans")]
    localize_broker(composed)
    s3_server.add_user("seedbed", (composed.secrets / "store_secret_key").read_text().strip())
    try:
        # One of our own stands in for the collector of the file.
        composed.processes["collector"] = spawn(listener, composed.log("collector"))
        composed.start("nats", "rehearsal", *WITH_SETTINGS)
        asyncio.run(ready(composed))
        yield composed
    finally:
        composed.stop()


async def ready(stack: Composed) -> None:
    for name in WITH_SETTINGS:
        try:
            await asyncio.wait_for(wait_serving(stack.where(name), access(stack)), 60)
        except TimeoutError:
            raise AssertionError(f"{name}:\n{stack.log(name).read_text()[-2000:]}") from None


def access(stack: Composed) -> Access:
    return Access(token=(stack.secrets / "api_token").read_text().strip())


def who_told(stack: Composed) -> set[str]:
    with urllib.request.urlopen(f"http://{stack.where('collector')}/metrics", timeout=10) as answer:
        return set(re.findall(r'job="(seedbed/\w+)"', answer.read().decode()))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_own_taxonomy_goes_through_it(stack, tmp_path):
    places = {name: stack.where(name) for name in ("taxonomy", "runs")}
    source = str(ROOT / "taxonomy")
    run = asyncio.run(run_taxonomy(places, access(stack), source, 5, tmp_path / "dataset"))
    said = "".join(path.read_text() for path in (stack.folder / "logs").iterdir())
    assert run.state == RunState.RUN_STATE_SUCCEEDED, said[-3000:]
    assert {leaf.counts.accepted for leaf in run.leaves} == {5}
    assert "ermissions" not in said
    assert (tmp_path / "dataset" / "manifest.json").exists()
    wait_for(
        lambda: {f"seedbed/{name}" for name in WITH_SETTINGS} <= who_told(stack), "all tell the collector", 30
    )
    for secret in stack.secrets.iterdir():
        if value := secret.read_text().strip():
            assert value not in said, secret.name


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_container_knows_how_its_service_is(stack, tmp_path):
    [command] = re.findall(r"CMD (\[.*\])", read_stages()["judge"].last("HEALTHCHECK"))
    assert command == '["python", "-m", "seedbed.kernel.rpc.probe"]'
    environment = {**stack.environment("judge"), "SEEDBED_LISTEN": stack.where("judge")}
    assert await _probe(environment) == 0
    assert await _probe({**environment, "SEEDBED_LISTEN": "127.0.0.1:1"}) == 1


async def _probe(environment: dict[str, str]) -> int:
    told = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "services"), **environment}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "seedbed.kernel.rpc.probe", env=told, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert bool(process.returncode) == bool(said)
    return process.returncode or 0


@pytest.fixture
def certificates(tmp_path):
    folder = tmp_path / "certificates"
    subprocess.run(["sh", ROOT / "deploy" / "make_certificates.sh", folder], check=True)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_with_certificates_it_speaks_to_those_alone_who_believe_its_authority(tmp_path, certificates):
    composed = Composed(tmp_path, {"SEEDBED_CERTIFICATES": str(certificates)}, {}, over=[TLS])
    assert {path.name for path in certificates.iterdir() if path.is_dir()} >= set(WITH_SETTINGS)
    localize_broker(composed)
    composed.services["runs"]["environment"]["SEEDBED_STORE_URL"] = f"file://{tmp_path}/store"
    where = f"localhost:{composed.ports['runs']}"
    try:
        composed.start("nats", "runs")
        believing = Access.of(Settings(tls_ca=str(certificates / "ca.crt")))
        await asyncio.wait_for(wait_serving(where, believing), 60)
        assert await _probe({**composed.environment("runs"), "SEEDBED_LISTEN": composed.where("runs")}) == 0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait_serving(where), 3)
    finally:
        composed.stop()
