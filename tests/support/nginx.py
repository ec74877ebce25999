"""A real nginx on loopback with the site of `deploy/`, in a folder of the run."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import runs
from tests.support.processes import free_port
from tests.support.runs import CHECKOUT

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "nginx is not installed: apt-get install nginx-light"
SITE = CHECKOUT / "deploy" / "nginx" / "nagarvani.conf"
_OWN_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Nginx:
    """An nginx in a folder, where the webs behind it have their sockets."""

    folder: Path
    certificate: Path
    port: int
    tls_port: int

    @property
    def url(self) -> str:
        """The address of the pages."""
        return f"https://127.0.0.1:{self.tls_port}"

    def web_socket(self, number: int) -> Path:
        """Return the socket of a web."""
        return self.folder / f"web-{number}.sock"

    def log(self) -> str:
        """Return all that nginx has logged of requests and errors."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("*.log")))

    def write_configuration(self) -> Path:
        """Write the site of `deploy/` with paths and ports of this folder; return the main file."""
        text = SITE.read_text()
        for deployed, own in (
            ("/etc/nagarvani/tls/fullchain.pem", self.certificate),
            ("/etc/nagarvani/tls/privkey.pem", self.certificate),
            ("/run/nagarvani", self.folder),
            ("/var/log/nginx", self.folder),
            ("/var/lib/nginx", self.folder),
            ("nagarvani.pmc.example", "127.0.0.1"),
            ("listen 80;", f"listen 127.0.0.1:{self.port};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{self.tls_port} ssl;"),
        ):
            assert deployed in text, deployed
            text = text.replace(deployed, str(own))
        site = self.folder / "site.conf"
        site.write_text(re.sub(r"listen \[::\].*\n", "", text))
        own_folders = " ".join(f"{name}_temp_path {self.folder / name};" for name in _OWN_FOLDERS)
        main = self.folder / "nginx.conf"
        main.write_text(
            f"pid {self.folder / 'pid'};\nerror_log {self.folder / 'error.log'};\n"
            f"{'user nobody nogroup;' if os.geteuid() == 0 else ''}\ndaemon off;\n"
            f"events {{ worker_connections 4096; }}\nhttp {{ {own_folders} include {site}; }}\n"
        )
        return main

    def command(self, *options: str) -> list[str]:
        """Return the command that starts it, or checks its configuration."""
        return [str(PROGRAM), *options, "-p", str(self.folder), "-c", f"{self.folder}/nginx.conf"]


@contextmanager
def serving(certificate: Path) -> Iterator[Nginx]:
    """Run nginx while the context is open; its certificate and key are one file."""
    folder = runs.current().folder / f"nginx-{os.getpid()}-{free_port()}"
    folder.mkdir()
    folder.chmod(0o711)
    nginx = Nginx(folder, certificate, free_port(), free_port())
    nginx.write_configuration()
    process = subprocess.Popen(nginx.command(), stderr=subprocess.DEVNULL)
    try:
        if not runs.wait_until(lambda: _answers(nginx.tls_port), within=20):
            raise AssertionError(nginx.log())
        yield nginx
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
