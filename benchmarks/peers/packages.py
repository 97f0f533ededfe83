"""The field's packages at pinned versions, each in a virtual environment of its own in the user's cache."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """A package of the field."""

    name: str
    version: str
    needs: tuple[str, ...]
    """What is installed; some import what they do not declare."""

    @property
    def title(self) -> str:
        """As the table has it."""
        return f"{self.name} {self.version}"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "seedbed" / "peers" / f"{self.name}-{self.version}" / "bin" / "python"

    def install(self) -> str:
        """Make its environment where it is missing; returns why that cannot be."""
        ready = self.python.parent.parent / "installed"
        if ready.exists():
            return ""
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(ready.parent)],
            [str(self.python), "-m", "pip", "install", "--quiet", *self.needs],
        ):
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode:
                lines = [line for line in made.stderr.splitlines() if "WARNING" not in line]
                return lines[-1].strip() if lines else f"exit status {made.returncode}"
        ready.touch()
        return ""


PEERS = (
    Peer("sdg_hub", "0.9.4", ("sdg_hub==0.9.4",)),
    Peer("data_designer", "0.9.6", ("data-designer==0.9.6",)),
    Peer("curator", "0.1.31", ("bespokelabs-curator==0.1.31",)),
    Peer("distilabel", "1.5.3", ("distilabel[openai]==1.5.3", "requests")),
    # Its extra for inference brings whole inference servers along, which are not what is measured.
    Peer("datatrove", "0.10.1", ("datatrove[io]==0.10.1", "aiofiles", "aiosqlite", "httpx", "pandas")),
)
