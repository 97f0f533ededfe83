"""What ARCHITECTURE.md and CONTRIBUTING.md place somewhere is there: the map, the two ways, ten answers."""

import re

import pytest

from tests.docs.pages import ROOT

CODE = ROOT / "services" / "seedbed"
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
_MODULE = re.compile(r"`([\w/]+(?:\.py|/))`")


def section(text, heading):
    """What stands under a heading."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rooms():
    """The folders of the map, those that a line names in its words included."""
    found, outer = [], ["", ""]
    for line in section(ARCHITECTURE, "The map").splitlines():
        if match := re.match(r"^    ((?:  ){0,2})([\w/]+/)(?:\s|$)", line):
            depth = len(match[1]) // 2
            outer[depth:] = [match[2]]
            found.append("".join(outer))
        if line.startswith("    "):
            inner = re.findall(r"(?<![\w/])(\w+/)(?= )", line[match.end() :] if match else line)
            found += ["".join(outer) + name for name in inner]
    return found


def test_every_folder_of_the_map_is_there():
    assert len(rooms()) > 20
    assert [room for room in rooms() if not (ROOT / room).is_dir()] == []


def test_every_package_is_on_the_map():
    contracts = {"bounds", "bus"}  # stubs alone
    packages = {file.parent.name for file in CODE.glob("*/__init__.py")} - contracts
    assert (
        packages - {room.split("/")[2] for room in rooms() if room.startswith("services/seedbed/")} == set()
    )


@pytest.mark.parametrize(
    ("heading", "most"), [("The way of one teacher call", 20), ("The way of one training row", 10)]
)
def test_a_way_is_short_and_its_modules_are_there(heading, most):
    modules = re.findall(r"^\d+\. `([\w/]+\.py)`: ", section(ARCHITECTURE, heading), re.MULTILINE)
    assert 5 < len(modules) <= most
    assert len(set(modules)) == len(modules)
    assert [module for module in modules if not (CODE / module).is_file()] == []


def test_the_stranger_finds_what_the_ten_answers_name():
    rows = re.findall(
        r"^\| (.*\?) \| (.*) \|$",
        section((ROOT / "CONTRIBUTING.md").read_text(), "Finding your way"),
        re.MULTILINE,
    )
    assert len(rows) == 10
    for question, answer in rows:
        places = _MODULE.findall(answer)
        assert places, question
        assert [place for place in places if not (CODE / place).exists()] == [], question


def test_the_modules_that_the_architecture_names_are_there():
    named = set(_MODULE.findall(ARCHITECTURE)) - {"core.py"}
    missing = [name for name in named if not any((root / name).exists() for root in (CODE, ROOT))]
    assert missing == []
