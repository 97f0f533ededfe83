"""Ids as people give them: whole, by their beginning, or `latest`."""

import pytest

from seedbed.cli.reach.ids import choose
from seedbed.kernel.errors import NotFound

NAMES = ("r3333", "r2211", "r2222", "r1")


@pytest.mark.parametrize(
    ("given", "meant"),
    [("r2222", "r2222"), ("r3", "r3333"), ("r221", "r2211"), ("r1", "r1"), ("latest", "r3333")],
)
def test_one_is_meant(given, meant):
    assert choose(given, NAMES, "run") == meant


def test_several_are_named():
    with pytest.raises(NotFound, match="several runs begin with 'r2': r2211, r2222"):
        choose("r2", NAMES, "run")


@pytest.mark.parametrize(("given", "names"), [("r9", NAMES), ("", NAMES), ("latest", ())])
def test_none_is_meant(given, names):
    with pytest.raises(NotFound, match="there is no run") as caught:
        choose(given, names, "run")
    assert "seedbed runs list" in caught.value.hint
