"""A mail server on loopback that says what it is told to say, word by word."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DROP = ""
USUAL = {
    "HELLO": "220 ready",
    "EHLO": "250 here",
    "MAIL": "250 fine",
    "RCPT": "250 fine",
    "DATA": "354 go on",
    "TEXT": "250 taken",
    "AUTH": "235 welcome",
    "RSET": "250 fine",
    "QUIT": "221 bye",
}


@dataclass
class Scripted:
    """What it says to each command (`DROP`: it hangs up), and what it heard."""

    port: int
    says: dict[str, str]
    context: ssl.SSLContext | None = None
    is_smtps: bool = False
    heard: list[str] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    connection: socket.socket | None = None

    def url(self, scheme: str = "smtp", login: str = "") -> str:
        """Its address, as the product's settings take it."""
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def talk(self, connection: socket.socket) -> None:
        """Talk to one client until either hangs up."""
        self.before()
        self.connection = connection
        if self.is_smtps:
            self._turn_secret()
        self._respond("HELLO")
        while line := self._line():
            verb = line.split()[0].decode().upper()
            self.heard.append(line.decode().strip())
            self._respond(verb)
            if verb == "STARTTLS":
                self._turn_secret()
            if verb == "DATA" and self.says["DATA"].startswith("354"):
                self.texts.append(b"".join(iter(self._line, b".\r\n")))
                self._respond("TEXT")

    def _turn_secret(self) -> None:
        assert self.context is not None
        assert self.connection is not None
        self.connection = self.context.wrap_socket(self.connection, server_side=True)

    def _line(self) -> bytes:
        assert self.connection is not None
        line = b""
        while not line.endswith(b"\n") and (byte := self.connection.recv(1)):
            line += byte
        return line

    def _respond(self, verb: str) -> None:
        response = self.says.get(verb, "500 what?")
        if response == DROP:
            raise ConnectionAbortedError
        assert self.connection is not None
        self.connection.sendall(response.encode() + b"\r\n")

    def hang_up(self) -> None:
        """Close the connection, whether it became a secret one or not."""
        if self.connection is not None:
            self.connection.close()


@contextmanager
def scripted(
    says: Mapping[str, str] | None = None,
    *,
    context: ssl.SSLContext | None = None,
    is_smtps: bool = False,
) -> Iterator[Scripted]:
    """Such a server, for the length of a test."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Scripted(
            int(listening.getsockname()[1]), {**USUAL, **(says or {})}, context, is_smtps
        )
        thread = threading.Thread(target=_serve, args=(listening, server), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _serve(listening: socket.socket, server: Scripted) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, suppress(OSError):  # either hangs up, by script or by distrust
            try:
                server.talk(connection)
            finally:
                server.hang_up()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for loopback: the server's context, and the one of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of the test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))
