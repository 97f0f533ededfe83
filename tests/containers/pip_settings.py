"""How pip is told to find packages on this machine, for builds that shall find them in the same places."""

import ast
import configparser
import io
import re
import subprocess
import sys
from pathlib import Path

_LINE = re.compile(r"(?P<section>[\w:.-]+?)\.(?P<name>[\w-]+)=(?P<value>.+)")


def read() -> dict[str, str]:
    """Its settings, those of the environment over those of files."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = [match for line in said.splitlines() if (match := _LINE.fullmatch(line))]
    found.sort(key=lambda match: match["section"] == ":env:")
    return {match["name"]: str(ast.literal_eval(match["value"])) for match in found}


def as_file(settings: dict[str, str]) -> str:
    """The settings as pip reads them from a file."""
    parser = configparser.RawConfigParser()
    parser["global"] = settings
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def folders(settings: dict[str, str]) -> list[str]:
    """Files and folders of this machine that the settings name, or that lie beside an index they name."""
    found = set()
    for word in " ".join(settings.values()).split():
        path = Path(word.removeprefix("file://"))
        if path.is_absolute() and path.exists():
            # What an index of files links to lies beside it.
            found.add(str(path.parent if word.startswith("file://") else path))
    return sorted(found)
