"""`nagarvani web`: opens the sockets on which it listens, or says why one cannot be opened."""

from __future__ import annotations

import errno
import fcntl
import getpass
import logging
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import metadata
from pathlib import Path
from typing import Final

import click

from commands.process import pause_collector
from publisher.settings.catalogue import mask_address
from publisher.settings.environment import Settings
from publisher.settings.web_server import (
    BIND_HINT,
    LOOPBACK,
    BindAddress,
    ServingSettings,
    read_bind_addresses,
)

log = logging.getLogger("nagarvani.web")

BACKLOG: Final = 2_048
"""The connections that may wait until a process takes them."""

_EVERYBODY: Final = 0o666
"""Who may connect is decided by the folder, as for a port of loopback by the machine."""

_REASONS: Final = {
    errno.EADDRNOTAVAIL: "this is no address of this machine. Write one of those that `ip address` "
    "lists, or 0.0.0.0 for all of them",
    errno.EADDRINUSE: "another program serves there. End that one first, or write another address",
    errno.EACCES: "ports below 1024 are root's. Write a port from 1024 on, and let the web server "
    "in front have the other one",
    errno.EAFNOSUPPORT: "this machine has no such network. Write 127.0.0.1 and the port",
}


class WrongBind(click.ClickException):
    """An address on the command line is invalid, or there are too many; the exit code is 2."""

    exit_code = 2


def override(
    serving: ServingSettings,
    *,
    bind: Sequence[str],
    port: int | None,
    workers: int | None,
    threads: int | None,
) -> ServingSettings:
    """Return the settings, overridden by the command line; raises `WrongBind`."""
    if bind and port is not None:
        raise WrongBind("--port and --bind exclude each other: write the port behind an address.")
    addresses = serving.bind
    if port is not None:
        bind = [f"{LOOPBACK}:{port}"]
    if bind:
        try:
            addresses = read_bind_addresses(bind)
        except ValueError:
            raise WrongBind(f"{' and '.join(bind)}: {BIND_HINT}, each once.") from None
    return ServingSettings(addresses, workers or serving.workers, threads or serving.threads)


def run(settings: Settings, serving: ServingSettings) -> None:
    """Serve the pages until SIGTERM or SIGINT; the log says where, and with which database."""
    with pause_collector():
        from commands.app_setup import open_app_context
        from web.server import serve

    context = open_app_context(settings)
    listeners = open_listeners(serving.bind)
    log.info(start_line(settings, serving.bind))
    serve(context, listeners, workers=serving.workers, threads=serving.threads)


def start_line(settings: Settings, addresses: Sequence[BindAddress]) -> str:
    """Return a line with the version, the addresses, and the database without its password."""
    return (
        f"Nagarvani {metadata.version('nagarvani')} serves on "
        f"{' and '.join(map(str, addresses))}, database {mask_address(settings.database_url)}"
    )


def open_listeners(addresses: Sequence[BindAddress]) -> list[socket.socket]:
    """Return a listening socket for each address; raises `ClickException` if one is impossible."""
    return [_open_path(address) if address.path else _open_port(address) for address in addresses]


def _refusal(address: BindAddress, reason: str) -> click.ClickException:
    return click.ClickException(f"Cannot serve on {address}: {reason}.")


def _open_port(address: BindAddress) -> socket.socket:
    try:
        resolved = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):  # a name may be too long to ask for
        raise _refusal(address, "this name has no address. Write an address of digits") from None
    family, _kind, _protocol, _name, sockaddr = resolved[0]
    listener = None
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Otherwise [::] would take the port from 0.0.0.0 too.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(sockaddr)
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise _refusal(address, _reason(error)) from None
    return listener


def _reason(error: OSError) -> str:
    return _REASONS.get(error.errno or 0, os.strerror(error.errno or 0))


def _open_path(address: BindAddress) -> socket.socket:
    path = Path(address.path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _lock_folder(path.parent):
            _remove_if_stale(address)
            listener.bind(address.path)
            listener.listen(BACKLOG)
            path.chmod(_EVERYBODY)
    except click.ClickException:
        listener.close()
        raise
    except OSError as error:
        listener.close()
        raise _refusal(address, _folder_reason(path.parent, error)) from None
    return listener


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Keep other webs from opening a socket in this folder at the same time."""
    # Two that start together would both find a stale file, and one remove the other's new one.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _folder_reason(folder: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return f"there is no folder {folder}. Make it, for the user {getpass.getuser()}"
        case errno.ENOTDIR:
            return f"{folder} is no folder. Write another path"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"the user {getpass.getuser()} cannot write to {folder}. Give this user a folder"
    return _reason(error)


def _remove_if_stale(address: BindAddress) -> None:
    """Remove the file of a web that has ended; raises if it is anything else."""
    path = Path(address.path)
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise _refusal(
            address, "a file that is not a socket is there, and is kept. Choose another path"
        )
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.setblocking(False)
        refusal = probe.connect_ex(str(path))
    if refusal != errno.ECONNREFUSED:  # a queue that is full, or another user's, is served too
        raise _refusal(address, _REASONS[errno.EADDRINUSE])
    path.unlink()
