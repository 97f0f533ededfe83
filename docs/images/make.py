"""Make the pictures of the pages anew, after `make demo`: `python -m docs.images.make grown`.

The report is looked at in the tests' browser (`make servers` fetches it); the terminal shows what a run of
its own says.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.servers import chromium

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMMAND = ("seedbed", "generate", "taxonomy", "--teacher", "rehearsal")
COLUMNS = 110
REPORT = "1200,1232"
"""Width and height in pixels: to the end of the taxonomy."""


def draw_report(grown: Path) -> None:
    """The head of a report, as a browser shows it."""
    with tempfile.TemporaryDirectory() as profile:
        browser = chromium.find()
        browser.picture(grown / "report.html", Path(profile), HERE / "report.webp", REPORT)


def draw_terminal() -> None:
    """What a first run says, in the colours that a terminal shows."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "taxonomy").symlink_to(ROOT / "taxonomy")
        said = subprocess.run(
            [sys.executable, "-m", "seedbed.cli", *COMMAND[1:]],
            cwd=folder,
            # A terminal on which nothing moves.
            env={**os.environ, "FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": str(COLUMNS), "LINES": "50"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS + 2, file=nowhere)
        console.print(Text("$ " + " ".join(COMMAND), style="bold green"))
        for line in said.rstrip().splitlines():
            console.print(Text(line, style=_style(line)))
        drawn = console.export_svg(title="seedbed", unique_id="terminal")
    # Fonts that it would fetch: the reader's own do.
    (HERE / "terminal.svg").write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL), "utf-8")


def _style(line: str) -> str:
    if line.startswith(("leaf ", "cost ")):
        return "bold"
    return "yellow" if line.startswith(("The teacher is", "works;")) else ""


if __name__ == "__main__":
    draw_report(Path(sys.argv[1]))
    draw_terminal()
