"""Which services may be told to take folders of their machine from callers."""

import re

from tests.deploy.images import ROOT

_ASKED = re.compile(r"settings\.trust_callers|Rules\.of\(")


def takers_of_folders() -> set[str]:
    """Those whose wiring asks whether callers are trusted."""
    wired = (ROOT / "services" / "seedbed").glob("*/__main__.py")
    return {path.parent.name for path in wired if _ASKED.search(path.read_text())}
