"""The pages as a site: built strictly, and nothing of it comes from elsewhere."""

import os
import re
import subprocess
import sys

import pytest

from tests.docs.pages import NAMES, ROOT

# What a browser would load by itself; a link waits for a click.
_LOADED = re.compile(r'<(?:script|img|iframe|link|source)\b[^>]*?(?:src|href)="((?:https?:)?//[^"]+)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (built.returncode, built.stdout + built.stderr) == (0, "")
    return folder


def test_every_page_is_in_it(site):
    pages = {name.replace("README", "index") for name in NAMES}
    assert pages - {str(file.relative_to(site).with_suffix("")) for file in site.rglob("*.html")} == set()


def test_nothing_is_fetched_from_elsewhere(site):
    found = {file.name: _LOADED.findall(file.read_text()) for file in site.rglob("*.html")}
    assert {name: addresses for name, addresses in found.items() if addresses} == {}
    styles = "".join(file.read_text() for file in site.rglob("*.css"))
    assert re.findall(r"url\([\"']?https?:", styles) == []


def test_pictures_are_light_and_fetch_nothing():
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < 200_000, picture
    assert "@font-face" not in (ROOT / "docs" / "images" / "terminal.svg").read_text()


def test_what_is_looked_for_is_found(site):
    index = (site / "search" / "search_index.json").read_text()
    assert "hand_hygiene" in index
