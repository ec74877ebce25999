"""`nagarvani mail read` prints what became of each raw mail, one line of JSON."""

from __future__ import annotations

import json
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from publisher.database.session import Database
from publisher.models.people import Person
from publisher.models.submissions import Submission
from publisher.now import now
from publisher.operations import mail_checks
from tests.cli.command_line import Workspace, make_workspace
from tests.support.city_people import city_people

HEAD = """\
From: =?UTF-8?B?4KSV4KS/4KSw4KSj?= <{sender}>
To: city@pmc.example
Subject: Water supply closed on Saturday
Message-ID: <one@phone.example>
Date: Wed, 25 Nov 2026 12:00:00 +0530
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

There will be no water in the east on Saturday.
"""


@pytest.fixture
def workspace(tmp_path: Path, database_url: str, database: Database) -> Workspace:
    """Create a workspace with the tests' city, whose people are in office now."""
    people = city_people(database)
    with database.transaction() as session:
        member = session.get_one(Person, people.actor("member").person_id)
        member.mail = "kiran@water.example"
    return make_workspace(tmp_path, database_url)


def read(workspace: Workspace, *mails: str) -> list[dict[str, Any]]:
    """Write these mails into files, and return what the command prints of each."""
    files = [workspace.folder / f"{number}.eml" for number, _mail in enumerate(mails)]
    for file, mail in zip(files, mails, strict=True):
        file.write_bytes(mail.replace("\n", "\r\n").encode())
    output = workspace.run_in_process("mail", "read", *map(str, files))
    assert output.code == 0, output.err
    return [json.loads(line) for line in output.lines]


def test_a_members_mail_becomes_a_submission_and_its_copy_a_duplicate(
    workspace: Workspace,
) -> None:
    mail = HEAD.format(sender="kiran@water.example")
    again = mail.replace("<one@", "<two@")
    first, second = read(workspace, mail, again)
    number = f"PMC/{now():%Y}/000001"
    assert first.pop("acknowledgement").endswith("@localhost>")
    assert first == {
        "outcome": "submission",
        "number": number,
        "joined_to": None,
        "department": "water",
        "title": "Water supply closed on Saturday",
        "text": "There will be no water in the east on Saturday.",
        "attachments": [],
        "reason": "",
    }
    assert (second["outcome"], second["number"]) == ("duplicate", number)
    assert second["acknowledgement"] is None


def test_a_strangers_mail_waits_and_what_is_no_mail_is_refused(
    workspace: Workspace, database: Database
) -> None:
    stranger, empty = read(workspace, HEAD.format(sender="x@elsewhere.example"), "")
    assert (stranger["outcome"], stranger["reason"]) == ("quarantined", "unknown_sender")
    assert (stranger["number"], stranger["department"]) == (None, None)
    assert (empty["outcome"], empty["reason"]) == ("refused", "empty")
    (finding,) = mail_checks.check_unreadable(database)
    assert (finding.ok, finding.values["number"]) == (False, 1)


def test_ignored_mails_are_counted_by_reason(workspace: Workspace, database: Database) -> None:
    assert mail_checks.check_ignored(database, now=now()) == []
    away = "Auto-Submitted: auto-replied\r\n" + HEAD.format(sender="x@elsewhere.example")
    bounce = "X-Failed-Recipients: x@elsewhere.example\r\n" + HEAD.format(sender="x@b.example")
    read(workspace, away, bounce, away)
    (finding,) = mail_checks.check_ignored(database, now=now())
    assert (finding.ok, finding.values["counts"]) == (True, "auto_reply 2, bounce 1")
    later = now() + mail_checks.IGNORED_WITHIN
    assert mail_checks.check_ignored(database, now=later) == []


def test_a_one_time_link_that_is_sent_on_is_stored_without_its_token(
    workspace: Workspace, database: Database
) -> None:
    token, other = secrets.token_urlsafe(32), "https://b.example/office/notices-of-the-garden"
    sent_on = (
        f"{HEAD.format(sender='kiran@water.example')}http://a.example/invitation/{token} {other}"
    )
    (mail,) = read(workspace, sent_on)
    assert mail["text"].endswith(f"http://a.example/invitation/… {other}")
    with database.reading() as session:
        submission = session.scalars(select(Submission)).one()
        assert token not in submission.text_en


def test_without_a_store_the_mail_is_named_and_stays_to_be_read_again(
    workspace: Workspace,
) -> None:
    folder, file = workspace.folder / "media", workspace.folder / "a.eml"
    file.write_bytes(HEAD.format(sender="kiran@water.example").encode())
    folder.mkdir()
    in_the_way = folder / sha256(file.read_bytes()).hexdigest()[:2]
    in_the_way.write_bytes(b"")  # in place of a folder, so that even root cannot write there
    output = workspace.run_in_process("mail", "read", str(file))
    assert output.code == 1
    assert f"{file}: nothing can be stored in {folder}" in output.err
    in_the_way.unlink()
    assert workspace.run_in_process("mail", "read", str(file)).code == 0
