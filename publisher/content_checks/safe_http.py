"""A single request to a checked address: a pinned connection under one deadline."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from publisher.platforms.http.connections import PatientResponse
from publisher.settings.environment import Reach

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
    """This address may not be requested from here."""


@dataclass(frozen=True)
class Route:
    """The constraints of a fetch: the allowed addresses, the seconds left, and the resolver."""

    reach: Reach
    remaining: Callable[[], float]
    resolver: Resolve

    def seconds(self) -> float:
        """Return the seconds to wait for the network now. Raises TimeoutError if there are none."""
        remaining = self.remaining()
        if remaining <= 0:
            raise TimeoutError("no time is left")
        return remaining


@dataclass(frozen=True)
class FetchedResponse:
    """A response: header names are in lower case, `is_cut` is true if the body was longer."""

    code: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool

    @property
    def is_html(self) -> bool:
        """True if it is an HTML page."""
        return "html" in self.headers.get("content-type", "")


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host name. Raises OSError."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]


def is_public(address: Address) -> bool:
    """Return True for a public address; an address that embeds another is checked by that one."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or _embedded_ipv4(address)
        if wrapped is not None:
            return is_public(wrapped)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that a NAT64 address embeds; None for any other address."""
    if address not in _NAT64:
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def resolve_pinned(url: str, route: Route) -> tuple[str, str, int, str]:
    """Return scheme, host, port and the address to connect to.

    Raises AddressRefused, OSError, ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise AddressRefused(url)
    host = parts.hostname.encode("idna").decode("ascii") if ":" not in parts.hostname else ""
    port = parts.port or _PORTS[parts.scheme]
    addresses = [
        ipaddress.ip_address(ip_text) for ip_text in route.resolver(host or parts.hostname, port)
    ]
    if not addresses or not all(_may_connect(address, port, route.reach) for address in addresses):
        raise AddressRefused(url)
    return parts.scheme, host or parts.hostname, port, str(addresses[0])


def _may_connect(address: Address, port: int, reach: Reach) -> bool:
    if reach is Reach.LOOPBACK:
        return address.is_loopback
    return reach is Reach.PUBLIC and is_public(address) and port in _PORTS.values()


def request_once(method: str, url: str, route: Route, *, most: int) -> FetchedResponse:
    """Make one request without following redirections; at most `most` bytes of the body are read.

    Raises AddressRefused, OSError, HTTPException or ValueError.
    """
    scheme, host, port, address = resolve_pinned(url, route)
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
    """Return path and query in ASCII, as a browser sends them."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return "".join(_escape(letter) for letter in path)


def _escape(letter: str) -> str:
    if "!" <= letter <= "~":
        return letter
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever its name resolves to by now."""

    def __init__(self, host: str, port: int, address: str, route: Route, *, with_tls: bool) -> None:
        super().__init__(host, port)
        self._address = address
        self._route = route
        self._tls = ssl.create_default_context() if with_tls else None
        self.default_port = _PORTS["https" if with_tls else "http"]
        self.response_class = partial(PatientResponse, route.seconds)  # type: ignore[assignment]  # a class by its base

    def connect(self) -> None:
        """Connect, with TLS for the host name if required."""
        sock = socket.create_connection((self._address, self.port), self._route.seconds())
        if self._tls is not None:
            sock.settimeout(self._route.seconds())
            sock = self._tls.wrap_socket(sock, server_hostname=self.host)
        self.sock = sock
