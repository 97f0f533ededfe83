"""The images: what is in each suffices, is no more than its service needs, and runs as nobody."""

import subprocess

import pytest

from tests.deploy.images import DOCKERFILE, PACKAGES, extras_of, foreign_imports, installed_by, read_stages

STAGES = read_stages()
TARGETS = {name: stage for name, stage in STAGES.items() if stage.base == "base"}
# The command, its collector and its server of a tuned student are tools of one machine.
SERVICES = {path.parent.name for path in PACKAGES.glob("*/__main__.py")} - {"cli", "collector", "serving"}


def test_the_file_is_in_order(packages):
    done = subprocess.run([packages.hadolint(), DOCKERFILE], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_service_has_an_image():
    assert set(TARGETS) == SERVICES


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_service_imports_is_in_its_image(name):
    extras = frozenset(extras_of(TARGETS[name], STAGES))
    assert foreign_imports(name) <= installed_by(extras)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_in_an_image_for_which_its_service_has_no_use(name):
    for extra in extras_of(TARGETS[name], STAGES):
        others = extras_of(TARGETS[name], STAGES) - {extra}
        assert not foreign_imports(name) <= installed_by(frozenset(others)), extra


@pytest.mark.parametrize("name", TARGETS)
def test_an_image_runs_its_service_as_nobody_and_says_how_it_is(name):
    stage = TARGETS[name]
    assert stage.last("USER") == "10001:10001"
    assert stage.command[:3] == ["python", "-m", f"seedbed.{name}"]
    assert "CMD" in stage.last("HEALTHCHECK")
    assert stage.last("STOPSIGNAL") == "SIGTERM"
