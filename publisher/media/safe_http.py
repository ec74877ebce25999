"""One request to an address that was judged before: a pinned connection under one deadline."""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from publisher.settings.environment import Reach

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HEADERS = {
    "User-Agent": "Nagarvani (link check)",
    "Accept": "text/html,*/*;q=0.8",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


class AddressRefused(Exception):
    """This address may not be asked from here."""


@dataclass(frozen=True)
class Route:
    """How far we may go: to which addresses, for how many seconds more, by which names."""

    reach: Reach
    remaining: Callable[[], float]
    names: Resolve

    def seconds(self) -> float:
        """Seconds to wait for the network now; raises TimeoutError once there are none."""
        left = self.remaining()
        if left <= 0:
            raise TimeoutError("no time is left")
        return left


@dataclass(frozen=True)
class FetchedResponse:
    """An answer: header names are small, `is_cut` says that the body went on."""

    code: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool

    @property
    def is_html(self) -> bool:
        """Whether it is a page."""
        return "html" in self.headers.get("content-type", "")


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


def is_public(address: Address) -> bool:
    """Whether an address is anybody's to ask, also the one that it wraps."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or _translated(address)
        if wrapped is not None:
            return is_public(wrapped)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address behind one that a network translates; None for any other."""
    if address not in _NAT64:
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def pinned(url: str, route: Route) -> tuple[str, str, int, str]:
    """Scheme, host, port and the one address to connect to; raises Refused, OSError, ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise AddressRefused(url)
    host = parts.hostname.encode("idna").decode("ascii") if ":" not in parts.hostname else ""
    port = parts.port or _PORTS[parts.scheme]
    found = [ipaddress.ip_address(one) for one in route.names(host or parts.hostname, port)]
    if not found or not all(_may_ask(one, port, route.reach) for one in found):
        raise AddressRefused(url)
    return parts.scheme, host or parts.hostname, port, str(found[0])


def _may_ask(address: Address, port: int, reach: Reach) -> bool:
    if reach is Reach.LOOPBACK:
        return address.is_loopback
    return reach is Reach.PUBLIC and is_public(address) and port in _PORTS.values()


def ask(method: str, url: str, route: Route, *, most: int) -> FetchedResponse:
    """Ask once, following nothing; at most so many bytes of the body are read.

    Raises Refused, OSError, HTTPException or ValueError.
    """
    scheme, host, port, address = pinned(url, route)
    connection = _Pinned(host, port, address, route, with_tls=scheme == "https")
    try:
        connection.request(method, _target(url), headers=_headers(method, most))
        response = connection.getresponse()
        body = response.read(most + 1) if most else b""
    finally:
        connection.close()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return FetchedResponse(response.status, headers, body[:most], len(body) > most)


def _headers(method: str, most: int) -> dict[str, str]:
    return {**_HEADERS, "Range": f"bytes=0-{most - 1}"} if method == "GET" else _HEADERS


def _target(url: str) -> str:
    """Path and query in ASCII, as a browser would send them."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return "".join(_escaped(letter) for letter in path)


def _escaped(letter: str) -> str:
    if "!" <= letter <= "~":
        return letter
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))


class _PatientReader(io.RawIOBase):
    """Reads a socket, each time no longer than is left: an answer that drips ends too."""

    def __init__(self, sock: socket.socket, route: Route) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._route = route

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read once."""
        self._sock.settimeout(self._route.seconds())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let the socket go."""
        self._raw.close()
        super().close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever its name resolves to by now."""

    def __init__(self, host: str, port: int, address: str, route: Route, *, with_tls: bool) -> None:
        super().__init__(host, port)
        self._address = address
        self._route = route
        self._tls = ssl.create_default_context() if with_tls else None
        self.default_port = _PORTS["https" if with_tls else "http"]
        self.response_class = partial(_Response, route)  # type: ignore[assignment]  # a class by its base

    def connect(self) -> None:
        """Connect, and speak TLS with the name where that is asked."""
        sock = socket.create_connection((self._address, self.port), self._route.seconds())
        if self._tls is not None:
            sock.settimeout(self._route.seconds())
            sock = self._tls.wrap_socket(sock, server_hostname=self.host)
        self.sock = sock


class _Response(http.client.HTTPResponse):
    """An answer that keeps the deadline."""

    def __init__(self, route: Route, sock: socket.socket, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(_PatientReader(sock, route))
