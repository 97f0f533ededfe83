"""Makes what a stack on one machine must keep to itself: `python deploy/make_secrets.py [FOLDER]`.

What is there already stays, so it may be run again, as after an update that asks for more. Nothing but Python
is needed. Keys of others' endpoints are put in by hand: `teacher_api_key` and `judge_api_key` are made empty.
"""

import json
import re
import secrets
import sys
from pathlib import Path

NATS_USERS = tuple(
    re.findall(r"user: (\w+)", Path(__file__).with_name("nats").joinpath("users.conf").read_text())
)
_TOKENS = ("api_token", "admin_token")
STORE_USER = "seedbed"
FOLDER = Path(".secrets")


def make_secrets(folder: Path) -> list[str]:
    """Write what is missing, and return the names of it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    made = []
    for name in (*_TOKENS, "store_secret_key", "grafana_password", *map(nats_password, NATS_USERS)):
        # A letter first: the broker reads what looks like a number as one.
        made += _write(folder / name, f"s{secrets.token_hex(24)}")
    made += _write(folder / "store_users", _store_users((folder / "store_secret_key").read_text().strip()))
    made += _write(folder / "teacher_api_key", "")
    made += _write(folder / "judge_api_key", "")
    return made


def nats_password(user: str) -> str:
    """The name of the secret that a user of the broker shows."""
    return f"nats_password_{user}"


def _store_users(secret_key: str) -> str:
    """The one user of the store, as SeaweedFS reads it."""
    user = {
        "name": STORE_USER,
        "credentials": [{"accessKey": STORE_USER, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    return json.dumps({"identities": [user]}, indent=2)


def _write(path: Path, value: str) -> list[str]:
    if path.exists():
        return []
    path.write_text(f"{value}\n")
    # Docker mounts the file as it is, and who reads it there is nobody here: the folder keeps others out.
    path.chmod(0o644)
    return [path.name]


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    sys.stdout.write("".join(f"{target / name}\n" for name in make_secrets(target)))
