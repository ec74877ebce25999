"""A real OpenStack Swift on loopback, which speaks S3: it checks signatures and keeps files.

The package `python3-swift` alone has all four servers. Its programs are in packages of their own,
which also bring a daemon for logs and jobs of the machine, so the servers are started from here.
"""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import obstore
from obstore.store import S3Store

from tests.support import runs
from tests.support.processes import free_port

PYTHON = Path("/usr/bin/python3")
"""Debian's own, which finds Debian's packages."""

IS_INSTALLED = Path("/usr/lib/python3/dist-packages/swift/proxy/server.py").is_file()
MISSING = "Swift is not installed: apt-get install python3-swift"
KEY = "nagarvani:media"
"""Swift's access key: an account and a user of it."""

SECRET = "swift-secret-6f1c"
STRANGER = ("elsewhere:media", "swift-secret-77ab")
"""Key and secret of another account, which has other buckets."""

REGION = "ap-south-1"
BUCKET = "nagarvani-media"
_KEEPERS = ("account", "container", "object")
_START = """
import sys
import time
from swift.common import utils, wsgi

folder, name, ahead = sys.argv[1:]
clock = time.time
time.time = lambda: clock() + int(ahead)
utils.set_swift_dir(folder)
sys.exit(wsgi.run_wsgi(f"{folder}/{name}.conf", f"{name}-server", verbose=True))
"""
_RINGS = """
import sys
from swift.common.ring import RingBuilder

folder, *servers = sys.argv[1:]
for server in servers:
    name, port = server.split(":")
    builder = RingBuilder(4, 1, 0)
    address = {"ip": "127.0.0.1", "port": int(port)}
    disk = {"id": 0, "region": 1, "zone": 1, "device": "disk", "weight": 1, **address}
    replication = {f"replication_{key}": value for key, value in address.items()}
    builder.add_dev({**disk, **replication})
    builder.rebalance(seed=1)
    builder.get_ring().save(f"{folder}/{name}.ring.gz")
"""
_SERVER = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/disks
mount_check = false
fallocate_reserve = 0
log_address = {folder}/no-log-of-the-machine
"""
_KEEPER = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
_PROXY = f"""
[pipeline:main]
pipeline = cache s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# It asks for a memcached, and works without: nothing listens there.
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = {REGION}
[filter:tempauth]
use = egg:swift#tempauth
user_{KEY.replace(":", "_")} = {SECRET} .admin
user_{STRANGER[0].replace(":", "_")} = {STRANGER[1]} .admin
[filter:slo]
use = egg:swift#slo
"""


@dataclass
class Swift:
    """One node of Swift in a folder: three servers that keep, and the proxy before them."""

    folder: Path
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in (*_KEEPERS, "proxy")}
    )
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of its S3."""
        return f"http://127.0.0.1:{self.ports['proxy']}"

    def log(self) -> str:
        """Return all that its servers have written."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("*.log")))

    def files(self) -> int:
        """Return how many objects, and parts of such, are on its disk."""
        return sum(1 for _ in (self.folder / "disks").rglob("*.data"))

    def write_configuration(self) -> None:
        """Write what its servers read before they start."""
        (self.folder / "disks" / "disk").mkdir(parents=True)
        (self.folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = test\n")
        for name, port in self.ports.items():
            own = _PROXY if name == "proxy" else _KEEPER.format(name=name)
            (self.folder / f"{name}.conf").write_text(
                _SERVER.format(port=port, user=getpass.getuser(), folder=self.folder) + own
            )
        servers = [f"{name}:{self.ports[name]}" for name in _KEEPERS]
        subprocess.run([PYTHON, "-I", "-c", _RINGS, self.folder, *servers], check=True)

    def start(self, *, seconds_ahead: int = 0) -> None:
        """Start its servers, and wait until each takes connections; their clock may be wrong."""
        for name in self.ports:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes.append(
                    subprocess.Popen(
                        [PYTHON, "-I", "-c", _START, self.folder, name, str(seconds_ahead)],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )
        if not runs.wait_until(lambda: self._answers() or self._has_failed(), within=50):
            raise AssertionError(f"Swift does not answer:\n{self.log()}")
        assert not self._has_failed(), self.log()

    def stop(self) -> None:
        """Kill all its servers at once, as in a power cut."""
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
        for process in self.processes:
            process.wait(20)
        self.processes.clear()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Kill it, and start it again when the context is left."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def ahead(self, seconds: int) -> Iterator[None]:
        """Let its clock be fast until the context is left."""
        self.stop()
        try:
            self.start(seconds_ahead=seconds)
            yield
        finally:
            self.stop()
            self.start()

    def make_bucket(self) -> None:
        """Make the bucket, as an administrator does once."""
        root = S3Store(
            BUCKET,
            endpoint=self.url,
            region=REGION,
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
        )
        address = obstore.sign(root, "PUT", "", timedelta(minutes=1))
        urlopen(Request(address, method="PUT"), timeout=20).close()

    def _answers(self) -> bool:
        try:
            for port in self.ports.values():
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    def _has_failed(self) -> bool:
        return any(process.poll() is not None for process in self.processes)


@contextmanager
def serving() -> Iterator[Swift]:
    """Run a Swift with an empty bucket while the context is open."""
    swift = Swift(runs.current().folder / f"swift-{free_port()}")
    swift.folder.mkdir()
    swift.write_configuration()
    try:
        swift.start()
        swift.make_bucket()
        yield swift
    finally:
        swift.stop()
        shutil.rmtree(swift.folder, ignore_errors=True)
