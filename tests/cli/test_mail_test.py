"""`nagarvani mail test` sends one mail, and prints what the mail server answered."""

from __future__ import annotations

from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

import pytest

from tests.cli.command_line import CommandResult, Workspace, make_workspace
from tests.support.mail import MailServer

TO = "asha@pmc.example"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace without a database: none is needed."""
    return make_workspace(tmp_path, f"sqlite:///{tmp_path / 'none.db'}")


def send(workspace: Workspace, url: str, to: str = TO) -> CommandResult:
    """Send the mail by this server."""
    more = {"MAIL_FROM": "cell@pmc.example", "HELP_PHONE": "020-5550-0100"}
    return workspace.run_in_process("mail", "test", to, SMTP_URL=url, **more)


def test_one_mail_in_the_citys_language_arrives(
    workspace: Workspace, mail_server: MailServer
) -> None:
    output = send(workspace, mail_server.url)
    assert (output.code, output.err) == (0, "")
    assert output.out == f"{mail_server.url} accepted it for {TO}: 250 OK\n"
    (mail,) = mail_server.mails
    assert (mail.recipients, mail.sender) == ((TO,), "cell@pmc.example")
    assert mail.subject.startswith("ईमेल पोहोचतो का")
    sender = str(make_header(decode_header(message_from_bytes(mail.raw)["From"])))
    assert sender == "पुणे महानगरपालिका <cell@pmc.example>"
    assert "पुणे महानगरपालिका\r\nदूरध्वनी: ०२०-५५५०-०१००" in mail.text


def test_what_the_server_answers_to_a_mail_that_it_refuses_is_printed(
    workspace: Workspace, mail_server: MailServer
) -> None:
    mail_server.response = "554 5.7.1 no mail from here"
    output = send(workspace, mail_server.url)
    assert (output.code, output.out) == (1, "")
    assert "did not accept it: 554 5.7.1 no mail from here" in output.err


def test_a_dead_server_is_named_without_its_password(workspace: Workspace) -> None:
    output = send(workspace, "smtp://cell:hidden@127.0.0.1:1")
    assert output.code == 1
    assert "smtp://cell:***@127.0.0.1:1 takes no mail (ConnectionRefused" in output.err
    assert "start it, or fix NAGARVANI_SMTP_URL" in output.err


@pytest.mark.parametrize("address", ["asha", "asha@pmc.example\nBcc: all@pmc.example"])
def test_what_is_no_address_is_refused(
    workspace: Workspace, mail_server: MailServer, address: str
) -> None:
    output = send(workspace, mail_server.url, address)
    assert (output.code, mail_server.mails) == (2, [])
    assert "is no mail address" in output.err
