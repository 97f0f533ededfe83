"""What trying containers rests on; the containers themselves are `make images` and `make stack`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.containers import pip_settings
from tests.containers.building import STAND_INS, TARGETS
from tests.containers.engine import full_name
from tests.containers.overrides import OTHERS, alone, stand_in
from tests.containers.project import Override, Reset, dump
from tests.deploy.compose import read_compose
from tests.deploy.images import ROOT

SERVICES = read_compose({})["services"]
LEFT_OUT = {"vllm"}


def try_images(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(path)}
    command = [sys.executable, "-m", "tests.containers.images", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_every_service_of_the_file_is_tried_or_left_out_by_name():
    assert {*TARGETS, *OTHERS, *LEFT_OUT} == set(SERVICES)
    assert len(TARGETS) + len(OTHERS) + len(LEFT_OUT) == len(SERVICES)


@pytest.mark.parametrize("name", OTHERS)
def test_what_stands_in_for_an_image_is_another_one_and_no_weaker(name):
    over = stand_in(name)
    if over is None:
        return
    assert over["image"] != SERVICES[name]["image"]
    assert not {"read_only", "cap_drop", "cap_add", "security_opt", "networks", "ports", "secrets"} & set(
        over
    )
    if over["image"].startswith("seedbed-stand-in/"):
        stages = (STAND_INS / "Dockerfile").read_text()
        assert f" AS {name}\n" in stages


def test_who_is_tried_alone_publishes_no_port_and_keeps_its_store_to_itself():
    published = alone("judge")
    assert isinstance(published["ports"], Reset)
    assert "ports" not in alone("rehearsal")  # it has none that could be taken away
    assert published["environment"]["SEEDBED_STORE_URL"].startswith("file:")


def test_what_is_laid_over_is_written_with_the_tags_that_take_away_and_replace():
    text = dump({"ports": Reset(), "test": Override(["CMD", "true"])})
    nodes = {key.value: value.tag for key, value in yaml.compose(text).value}
    assert nodes == {"ports": "!reset", "test": "!override"}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nats:2.15.1-alpine", "docker.io/library/nats:2.15.1-alpine"),
        ("chrislusf/seaweedfs:4.48", "docker.io/chrislusf/seaweedfs:4.48"),
        ("quay.io/a/b:1", "quay.io/a/b:1"),
        ("localhost/a:1", "localhost/a:1"),
    ],
)
def test_an_image_is_named_with_its_registry(image, name):
    assert full_name(image) == name


def test_pip_is_told_in_a_build_what_it_is_told_here(tmp_path, monkeypatch):
    index, wheels = tmp_path / "index" / "simple", tmp_path / "wheels"
    for folder in (index, wheels):
        folder.mkdir(parents=True)
    file = tmp_path / "pip.conf"
    file.write_text(
        f"[global]\nextra-index-url = file://{index}\n    https://example.org/100%25\nfind-links = /a\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    settings = pip_settings.read()
    assert settings["find-links"] == str(wheels)  # the environment goes before files, as with pip
    assert {str(index.parent), str(wheels)} <= set(pip_settings.folders(settings))
    told = tmp_path / "told.conf"
    told.write_text(pip_settings.as_file(settings))
    command = [sys.executable, "-m", "pip", "config", "list"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    listed = subprocess.run(
        command, env={**kept, "PIP_CONFIG_FILE": str(told)}, capture_output=True, text=True, check=True
    ).stdout
    assert f"global.find-links='{wheels}'" in listed
    assert "https://example.org/100%25" in listed


def test_where_there_is_no_engine_it_is_said(tmp_path):
    done = try_images(tmp_path)
    assert done.returncode == 2
    assert "no podman or docker here" in done.stdout
    assert "containers not tried" in done.stdout
    assert try_images(tmp_path, "--where-possible").returncode == 0


def test_an_engine_that_does_not_answer_is_named(tmp_path):
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    done = try_images(tmp_path)
    assert done.returncode == 2
    assert "docker does not answer" in done.stdout


def test_a_target_that_there_is_not_is_refused_with_those_there_are(tmp_path):
    done = try_images(tmp_path, "jugde")
    assert done.returncode == 2
    assert "jugde" in done.stderr
    assert "judge" in done.stderr
