"""The check of the mail server goes the way of a mail, to the server's NOOP, and sends nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from publisher.notifications.dispatch import Unreachable
from publisher.notifications.smtp import check_connection
from publisher.notifications.smtp import mail_server as server_at
from tests.notifications.scripted_smtp import DROP, certificate, scripted_server
from tests.support.mail import MailServer

LOGIN = "cell:p%40ss@"


def verbs(commands: list[str]) -> list[str]:
    """Return the first words of the commands that a server received."""
    return [command.split()[0].upper() for command in commands]


def test_a_real_server_is_asked_and_gets_no_mail(mail_server: MailServer) -> None:
    check_connection(server_at(mail_server.url))
    assert mail_server.mails == []


@pytest.mark.parametrize("is_smtps", [False, True])
def test_it_signs_in_by_tls_as_a_mail_does_and_says_noop(tmp_path: Path, is_smtps: bool) -> None:
    server_context, trusting = certificate(tmp_path)
    replies = {"EHLO": "250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN", "STARTTLS": "220 go on"}
    with scripted_server(replies, context=server_context, is_smtps=is_smtps) as server:
        url = server.url("smtps" if is_smtps else "smtp", LOGIN)
        check_connection(server_at(url, trusting))
    tls = [] if is_smtps else ["EHLO", "STARTTLS"]
    assert verbs(server.commands) == [*tls, "EHLO", "AUTH", "NOOP", "QUIT"]


def test_a_password_that_is_refused_is_the_servers_own_answer(tmp_path: Path) -> None:
    server_context, trusting = certificate(tmp_path)
    replies = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 wrong password"}
    with (
        scripted_server(replies, context=server_context, is_smtps=True) as server,
        pytest.raises(Unreachable, match=r"^535 5\.7\.8 wrong password$"),
    ):
        check_connection(server_at(server.url("smtps", LOGIN), trusting))


@pytest.mark.parametrize(
    ("replies", "login", "reason"),
    [
        ({"HELLO": "421 too busy"}, "", "421 too busy"),
        ({"NOOP": "421 closing"}, "", "421 closing"),
        ({"NOOP": DROP}, "", "SMTPServerDisconnected"),
        ({}, LOGIN, "offers no TLS"),
    ],
)
def test_a_server_that_would_take_no_mail_is_named(
    replies: dict[str, str], login: str, reason: str
) -> None:
    with scripted_server(replies) as server, pytest.raises(Unreachable, match=reason):
        check_connection(server_at(server.url(login=login)))


def test_a_server_that_is_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match=r"timed out|TimeoutError"):
            check_connection(server_at(url), timeout=0.2)


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        check_connection(server_at("smtp://127.0.0.1:1"))
