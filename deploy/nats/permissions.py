"""Writes `users.conf` of the table in `cli/stack/broker_users.py`: `python deploy/nats/permissions.py`.

A test holds the two together, and the table to the steps.
"""

from pathlib import Path

from seedbed.cli.stack.broker.users import format_users, users

TARGET = Path(__file__).with_name("users.conf")
# The chart carries its files with it.
COPY = TARGET.parents[1] / "helm" / "seedbed" / "files" / TARGET.name
ACCOUNT = "SEEDBED"

_HEADER = """\
# Written by deploy/nats/permissions.py; changes are lost.
# A password is read from the server's environment: SEEDBED_NATS_PASSWORD_<USER>, plain or as bcrypt's hash.
"""


def write() -> str:
    """The file's text."""
    lines = [f"    {line}" for line in format_users(users())]
    return _HEADER + "\n".join(
        ["", "accounts {", f"  {ACCOUNT} {{", "    jetstream: enabled", *lines, "  }", "}", ""]
    )


if __name__ == "__main__":
    for target in (TARGET, COPY):
        target.write_text(write(), encoding="utf-8")
