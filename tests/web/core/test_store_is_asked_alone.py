"""The media store is asked in no transaction: it may be far away, and nobody waits for its locks.

Files go their whole way, and each call of the store looks whether a transaction is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from publisher.intake import scans
from publisher.intake.uploads import UploadedFile
from publisher.mail.mailbox.report import read_mail
from publisher.models.content_checks import CheckedLink
from publisher.models.mailbox import Quarantine
from publisher.models.posts import Rendition
from publisher.models.submissions import ScanResult, Submission, SubmissionFile
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.operations.backup.write import write
from publisher.operations.retention import RAW_MAILS, tick_retention
from tests.support.away_store import AwayStore, OpenTransactions
from tests.support.city import City
from tests.support.clamd import scripted
from tests.support.mail import MailServer
from tests.support.mailed import address_of, intake_of
from tests.web import pictures
from tests.web.mailbox.test_waiting_mails import RAW
from tests.web.site import Site
from tests.web.submissions.test_bad_submissions import TYPED

PHOTO = ("टाकी.jpg", pictures.jpeg())
OTHER = ("रस्ता.jpg", pictures.jpeg(90, 60))
MAIL_WITH_FILE = """\
From: {sender}
To: city@pmc.example
Subject: Water
Message-ID: <plan@water.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

There will be no water on Saturday.
--b
Content-Type: application/pdf; name="plan.pdf"
Content-Disposition: attachment; filename="plan.pdf"

%PDF-1.7 a plan
--b--
"""


@dataclass
class Way:
    """The site, its city and its store, which looks at transactions."""

    site: Site
    city: City
    store: AwayStore

    def asked(self) -> set[str]:
        """Return which calls of the store came since this was asked last."""
        names = set(self.store.asked)
        self.store.asked.clear()
        return names


@pytest.fixture
def way(site: Site) -> Iterator[Way]:
    transactions = OpenTransactions()
    with transactions.watching():
        store = AwayStore(site.city.store.root, transactions)
        house = site.app.extensions["house"]
        site.app.extensions["house"] = replace(house, store=store)
        city = replace(site.city, store=store)
        yield Way(Site(city, site.app), city, store)


def test_a_call_within_a_transaction_is_noticed(way: Way) -> None:
    for database_session in (way.city.database.transaction, way.city.database.reading):
        with database_session() as session:
            session.scalar(select(Submission.id))
            with pytest.raises(AssertionError, match="exists within a transaction"):
                way.store.exists("0" * 64)
    assert not way.store.exists("0" * 64)


def test_a_submission_its_files_and_its_change(way: Way) -> None:
    member = way.site.browser("member")
    assert member.post("/submissions/files", files=[("files", PHOTO)]).status_code == 200
    assert way.asked() == {"save", "open"}  # the thumbnail in the form is read back
    fields = [(name, value) for name, values in TYPED.items() for value in values]
    assert member.post("/submissions/new", fields, files=[("files", PHOTO)]).status_code == 302
    assert way.asked() == {"save", "exists"}
    with way.city.read() as session:
        file = session.scalars(select(SubmissionFile)).one()
    submission = f"/submissions/{file.submission_id}"
    form = member.page(f"{submission}/change").form("hand-in")
    response = member.post(f"{submission}/change", form, files=[("files", OTHER)])
    assert response.status_code == 302
    assert way.asked() >= {"save", "exists"}
    for size in ("", "?size=small"):
        assert member.get(f"{submission}/files/{file.id}{size}").status_code == 200
    assert way.asked() >= {"open_file", "thumbnail"}


def test_a_post_its_review_and_its_delivery(way: Way, mail_server: MailServer) -> None:
    city, clerk = way.city, way.site.browser("clerk")
    post_id = city.draft(city.hand_in())
    for files in ([("photos", PHOTO)], []):  # the next revision keeps the photo
        form = [*clerk.page(f"/posts/{post_id}/draft").form("draft"), ("then", "save")]
        assert clerk.post(f"/posts/{post_id}/draft", form, files=files).status_code == 302
    assert way.asked() >= {"save", "exists"}
    city.send(post_id)
    with city.read() as session:
        digest = session.scalars(select(Rendition.sha256)).first()
    for size in ("", "?size=small"):
        assert clerk.get(f"/posts/{post_id}/pictures/{digest}{size}").status_code == 200
    assert way.asked() >= {"thumbnail", "open_file"}
    tick_mail(
        city.database,
        MailOrigin(
            smtp_url=mail_server.url,
            mail_from="cell@pmc.example",
            base_url="https://nagarvani.example",
        ),
        now=city.clock,
        store=city.store,
    )
    assert way.asked() == {"open"}
    city.approve(post_id)
    city.schedule(post_id, timedelta(0))
    assert city.tick_dispatch() == 1
    assert way.asked() == {"open"}
    assert len(city.platform("x").published) == 1


def test_mails_and_those_that_wait(way: Way) -> None:
    city, intake = way.city, intake_of(way.store)
    first = MAIL_WITH_FILE.format(sender=address_of(city, "member"))
    for raw, outcome in ((first, "submission"), (RAW, "quarantined")):
        report = read_mail(city.database, raw.encode(), intake=intake, now=city.clock)
        assert report.outcome == outcome
    assert way.asked() == {"save"}
    with city.read() as session:
        waiting = session.scalars(select(Quarantine.id)).one()
    department = {"department_id": str(city.departments["water"])}
    response = way.site.browser("lead").post(f"/quarantine/{waiting}/take-in", department)
    assert response.status_code == 302
    assert way.asked() == {"open"}


def test_an_answer_by_mail_with_a_file(way: Way) -> None:
    city = way.city
    submission_id = city.hand_in()
    way.asked()
    with city.read() as session:
        number = session.get_one(Submission, submission_id).number
    raw = MAIL_WITH_FILE.format(sender=address_of(city, "member"))
    raw = raw.replace("Subject: Water", f"Subject: Re: {number}")
    read_mail(city.database, raw.encode(), intake=intake_of(way.store), now=city.clock)
    with city.read() as session:
        assert session.scalars(select(SubmissionFile.submission_id)).all() == [submission_id]
    assert way.asked() == {"save"}


def test_what_the_clock_does_and_a_link_card(way: Way) -> None:
    city = way.city
    city.hand_in(files=(UploadedFile("a.jpg", PHOTO[1]),))
    way.site.browser("member").post("/submissions/files", files=[("files", OTHER)])
    with city.write() as session:
        session.execute(update(SubmissionFile).values(scan=ScanResult.UNSCANNED))
        picture = session.scalars(select(SubmissionFile.sha256)).one()
        session.add(
            CheckedLink(
                digest="a", url="https://a.example", picture_sha256=picture, asked_at=city.now
            )
        )
    read_mail(city.database, RAW.encode(), intake=intake_of(way.store), now=city.clock)
    way.asked()
    assert way.site.browser("clerk").get(f"/link-pictures/{picture}").status_code == 200
    assert way.asked() == {"open"}
    with scripted() as scanner:
        assert scans.tick_scans(city.database, way.store, scanner.client(), now=city.clock) == 1
    assert way.asked() >= {"open_file"}
    tick_retention(city.database, way.store, now=city.now + RAW_MAILS)
    assert way.asked() == {"remove"}
    file = way.store.root.parent / "city.backup"
    write(city.database, way.store, file, now=city.now, tell=lambda *_parts: None)
    assert way.asked() >= {"digests", "open"}
