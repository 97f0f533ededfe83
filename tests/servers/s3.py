"""A real S3 server: Ceph's gateway over one monitor and one disk, which is a file."""

import os
import socket
import string
import subprocess
import uuid
from pathlib import Path

from seedbed.cli.stack.ports import choose_ports
from tests.servers.ceph import Ceph
from tests.servers.process import die_with_parent, end, spawn, wait_until

_CONFIGURATION = string.Template("""\
[global]
fsid = $cluster
mon host = [v1:127.0.0.1:$monitor_port]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
# A full disk is the machine's business, not the tests'.
mon data avail crit = 1
# The default of one second is waited for at every pool that the gateway makes.
paxos propose interval = 0.05
run dir = $folder/run
admin socket = $folder/run/$$name.asok
pid file = $folder/run/$$name.pid
log file = $folder/$$name.log
plugin dir = $libraries/ceph
osd class dir = $libraries/rados-classes
erasure code dir = $libraries/ceph/erasure-code
# Started as root it would become the user `ceph`, who does not exist.
setuser match path = /nonexistent
[mon.a]
mon data = $folder/monitor
[osd.0]
osd data = $folder/disk
osd objectstore = bluestore
bluestore block size = 8589934592
osd memory target = 939524096
# It has its place since the monitor's birth; to tell again before the two have met is fatal to it.
osd class update on start = false
osd crush update on start = false
# The longest names that a file system below may refuse.
osd max object name len = 256
osd max object namespace len = 64
[client.rgw]
# Without tcp_nodelay each read costs 44 ms.
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
""")


class S3Server:
    """One cluster with one user. `kill` and `start_gateway` make the S3 side alone come and go."""

    access_key = "seedbed-tests"
    secret_key = "not-a-secret"

    def __init__(self, folder: Path, ceph: Ceph) -> None:
        self._folder = folder
        self._configuration = folder / "ceph.conf"
        self._environment = os.environ | ceph.environment(self._configuration)
        self._cluster = str(uuid.uuid4())
        self._monitor_port, self._port = choose_ports(["monitor", "gateway"], {}).values()
        self._servers: dict[str, subprocess.Popen[bytes]] = {}
        self._configuration.write_text(
            _CONFIGURATION.substitute(
                cluster=self._cluster,
                monitor_port=self._monitor_port,
                port=self._port,
                folder=folder,
                libraries=ceph.libraries,
            )
        )

    @property
    def port(self) -> int:
        """Where the S3 side listens."""
        return self._port

    def url(self, bucket: str) -> str:
        """A bucket as a store."""
        return f"s3://127.0.0.1:{self._port}/{bucket}?secure=false"

    def start(self) -> None:
        """Make the cluster and start it."""
        for name in ("run", "monitor", "disk"):
            (self._folder / name).mkdir()
        addresses = f"[v1:127.0.0.1:{self._monitor_port}]"
        self._run("monmaptool", "--create", "--fsid", self._cluster, "--addv", "a", addresses, "monitors")
        # The monitor is born knowing its one disk, so nobody has to tell it later.
        self._run("osdmaptool", "--createsimple", "1", "disks")
        self._run("ceph-mon", "--id", "a", "--mkfs", "--monmap", "monitors", "--osdmap", "disks")
        self._serve("ceph-mon", "--id", "a", "-f")
        self._run("ceph-osd", "--id", "0", "--mkfs")
        self._serve("ceph-osd", "--id", "0", "-f")
        self.add_user(self.access_key, self.secret_key)
        self.start_gateway()

    def add_user(self, access_key: str, secret_key: str) -> None:
        """Let one more in, who is named as his key is."""
        keys = [f"--access-key={access_key}", f"--secret-key={secret_key}"]
        name = [f"--uid={access_key}", f"--display-name={access_key}"]
        self._run("radosgw-admin", "user", "create", *name, *keys)

    def start_gateway(self) -> None:
        """Start the S3 side, again after `kill`."""
        self._serve("radosgw", "--id", "rgw", "-f")
        log = self._folder / "radosgw.out"
        wait_until(self._listens, self._servers["radosgw"], log, patience=90)

    def kill(self) -> None:
        """Pull the plug of the S3 side."""
        gateway = self._servers.pop("radosgw")
        gateway.kill()
        gateway.wait()

    def stop(self) -> None:
        """Stop it all, for good."""
        for process in reversed(self._servers.values()):
            end(process)
        self._servers.clear()

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command,
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            timeout=90,
            check=False,
            preexec_fn=die_with_parent,
        )
        if done.returncode:
            output = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{output}")

    def _serve(self, *command: str) -> None:
        log = self._folder / f"{command[0]}.out"
        self._servers[command[0]] = spawn(command, log, self._environment)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0
