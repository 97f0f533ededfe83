"""Writes into the chart's values by which queues workers are scaled: `python deploy/helm/workers.py`.

They are the steps that `seedbed.pipeline.kinds` names; a test holds the two together.
"""

import re
from pathlib import Path

from seedbed.cli.stack.broker.users import WORKERS

VALUES = Path(__file__).parent / "seedbed" / "values.yaml"


def write(values: str) -> str:
    """The values' text with each worker's steps as they are now."""
    for worker in WORKERS:
        # The first of the service's own keys that is called so.
        own = re.compile(rf"^(  {worker.name}:\n(?:    .*\n)*?    steps: )\[.*\]$", re.MULTILINE)
        values, found = own.subn(rf"\g<1>[{', '.join(worker.steps)}]", values, count=1)
        if not found:
            raise LookupError(f"{VALUES.name} has no `steps` for the service {worker.name}")
    return values


if __name__ == "__main__":
    VALUES.write_text(write(VALUES.read_text(encoding="utf-8")), encoding="utf-8")
