"""Hand a mail to the mail server: it is accepted, or an error class says what to do."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import parseaddr
from smtplib import SMTP, SMTP_SSL, SMTPDataError, SMTPResponseException
from urllib.parse import unquote, urlsplit

from publisher.notifications.dispatch import (
    NoticeDeferred,
    NoticeRefused,
    NoticeUncertain,
    NotSent,
    Unreachable,
)

_AS_FOLDED = WIRE.clone(refold_source="none")
"""Headers are sent as `letter` folded them."""

TIMEOUT = 20.0  # seconds for each step of the session: all of it fits into a lease
CHECK_TIMEOUT = 10.0  # seconds for each step if a person waits
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class MailServer:
    """The mail server; `context` decides which certificates are trusted (None: the system's)."""

    host: str
    port: int
    is_smtps: bool
    name: str
    password: str
    context: ssl.SSLContext | None
    timeout: float = TIMEOUT

    def tls_context(self) -> ssl.SSLContext:
        """Return the TLS context of a connection; it reads the system's certificates again."""
        return self.context or ssl.create_default_context()

    @property
    def is_near(self) -> bool:
        """True if the server runs on this machine, so that nobody can intercept the connection."""
        return self.host in LOOPBACK


def mail_server(url: str, context: ssl.SSLContext | None = None) -> MailServer:
    """Parse a setting such as `smtp://name:password@host:587` or `smtps://host`."""
    parts = urlsplit(url)
    is_smtps = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or (465 if is_smtps else 25),
        is_smtps=is_smtps,
        name=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        context=context,
    )


def send_letter(server: MailServer, letter: EmailMessage) -> str:
    """Send a mail; return what the server answered once it is accepted. Raises a `NotSent`."""
    with _connection(server) as client:
        # A refused sender is the fault of our setting, not of this mail: it waits.
        code, answer = client.mail(parseaddr(str(letter["from"]))[1])
        if code != 250:
            raise Unreachable(_answer(code, answer))
        code, answer = client.rcpt(parseaddr(str(letter["to"]))[1])
        if code not in {250, 251}:
            raise _refusal(code, answer)
        return _send_data(client, letter.as_bytes(policy=_AS_FOLDED))


def check_connection(server: MailServer, *, timeout: float = CHECK_TIMEOUT) -> None:
    """Connect and sign in as for a mail, but send none. Raises `Unreachable`."""
    with _connection(replace(server, timeout=timeout)) as client:
        code, answer = client.noop()
        if code != 250:
            raise Unreachable(_answer(code, answer))


@contextmanager
def _connection(server: MailServer) -> Iterator[SMTP]:
    """Yield a connection that is ready to send, encrypted if required.

    Any error that breaks it is raised as `Unreachable`.
    """
    try:
        with closing(_connect(server)) as client:
            # On this machine TLS hides nothing, and a local server's own certificate is seldom
            # trusted, so TLS is used there only to send a password.
            client.ehlo_or_helo_if_needed()
            is_secret = server.is_smtps
            if (
                not is_secret
                and client.has_extn("starttls")
                and (server.name or not server.is_near)
            ):
                client.starttls(context=server.tls_context())
                client.ehlo()
                is_secret = True
            if server.name:
                if not is_secret:
                    raise Unreachable("the server offers no TLS, so it is not told the password")
                client.login(server.name, server.password)
            yield client
            with suppress(OSError):  # the work is done: how the session ends changes nothing
                client.quit()
    except OSError as problem:
        raise Unreachable(_words(problem)) from problem


def _connect(server: MailServer) -> SMTP:
    local_hostname = "localhost" if server.is_near else None
    if server.is_smtps:
        context = server.tls_context()
        return SMTP_SSL(
            server.host, server.port, local_hostname, timeout=server.timeout, context=context
        )
    return SMTP(server.host, server.port, local_hostname, timeout=server.timeout)


def _send_data(client: SMTP, text: bytes) -> str:
    try:
        code, answer = client.data(text)
    except SMTPDataError as problem:  # it refused before the text was sent
        raise _refusal(problem.smtp_code, problem.smtp_error) from problem
    except OSError as problem:
        raise NoticeUncertain(_words(problem)) from problem
    if code != 250:
        raise _refusal(code, answer)
    return _answer(code, answer)


def _refusal(code: int, answer: bytes | str) -> NotSent:
    kind = NoticeRefused if 500 <= code < 600 else NoticeDeferred
    return kind(_answer(code, answer))


def _answer(code: int, answer: bytes | str) -> str:
    answer_text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(answer_text.replace(chr(0), ' ').split())}"


def _words(problem: OSError) -> str:
    if isinstance(problem, SMTPResponseException):
        return _answer(problem.smtp_code, problem.smtp_error)
    return f"{type(problem).__name__}: {problem}"
