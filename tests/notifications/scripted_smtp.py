"""An SMTP server on loopback with scripted replies."""

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
DEFAULT_REPLIES = {
    "HELLO": "220 ready",
    "EHLO": "250 here",
    "MAIL": "250 fine",
    "RCPT": "250 fine",
    "DATA": "354 go on",
    "TEXT": "250 taken",
    "AUTH": "235 welcome",
    "RSET": "250 fine",
    "NOOP": "250 fine",
    "QUIT": "221 bye",
}


@dataclass
class ScriptedServer:
    """The replies to each command (`DROP` closes the connection), and the received commands."""

    port: int
    replies: dict[str, str]
    context: ssl.SSLContext | None = None
    is_smtps: bool = False
    commands: list[str] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    before_greeting: Callable[[], None] = lambda: None
    connection: socket.socket | None = None

    def url(self, scheme: str = "smtp", login: str = "") -> str:
        """Return the server's address, for the product's settings."""
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        """Serve a client until either side closes the connection."""
        self.before_greeting()
        self.connection = connection
        if self.is_smtps:
            self._start_tls()
        self._respond("HELLO")
        while line := self._line():
            verb = line.split()[0].decode().upper()
            self.commands.append(line.decode().strip())
            self._respond(verb)
            if verb == "STARTTLS":
                self._start_tls()
            if verb == "DATA" and self.replies["DATA"].startswith("354"):
                self.texts.append(b"".join(iter(self._line, b".\r\n")))
                self._respond("TEXT")

    def _start_tls(self) -> None:
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
        response = self.replies.get(verb, "500 what?")
        if response == DROP:
            raise ConnectionAbortedError
        assert self.connection is not None
        self.connection.sendall(response.encode() + b"\r\n")

    def hang_up(self) -> None:
        """Close the connection, with or without TLS."""
        if self.connection is not None:
            self.connection.close()


@contextmanager
def scripted_server(
    replies: Mapping[str, str] | None = None,
    *,
    context: ssl.SSLContext | None = None,
    is_smtps: bool = False,
) -> Iterator[ScriptedServer]:
    """Run a scripted server for the length of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(
            int(listener.getsockname()[1]),
            {**DEFAULT_REPLIES, **(replies or {})},
            context,
            is_smtps,
        )
        thread = threading.Thread(target=_serve, args=(listener, server), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _serve(listener: socket.socket, server: ScriptedServer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with (
            connection,
            suppress(OSError),
        ):  # either side closes the connection, by script or because of the certificate
            try:
                server.serve(connection)
            finally:
                server.hang_up()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Create a certificate; return the server's TLS context, and a client's that trusts it."""
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
