"""The letters that visitors write in the sandbox, taken in as the reader of a mailbox does it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Self

import requests
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from demo.mails import correspondents
from demo.seeding.sandbox_client import SandboxClient
from publisher.database.session import Database
from publisher.mail.mailbox.preparation import mail_intake, prepare
from publisher.mail.mailbox.receive import receive
from publisher.media.configured_store import open_store
from publisher.media.store import StoreAway
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.notifications import links
from publisher.settings.environment import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LetterReader:
    """Reads the letters of a running sandbox."""

    database: Database
    sandbox: SandboxClient
    settings: Settings
    now: Callable[[], datetime]

    def __enter__(self) -> Self:
        self.sandbox.set_correspondents(correspondents(parseaddr(self.settings.mail_from)[1]))
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.close()

    def read_new(self) -> int:
        """Take in what was written, say in the sandbox what became of it, and return how many.

        A letter that could not be taken in is tried again; one of which nothing could be said is
        a duplicate the next time.
        """
        count = 0
        try:
            for letter_id, raw in self.sandbox.unread_letters():
                outcome, path = self._take_in(raw)
                self.sandbox.note_outcome(letter_id, outcome, self.settings.base_url + path)
                count += 1
        except (requests.RequestException, OperationalError, StoreAway) as problem:
            log.warning("letters: %s", problem)
        return count

    def _take_in(self, raw: bytes) -> tuple[MailOutcome, str]:
        intake = mail_intake(self.settings, open_store(self.settings))
        prepared = prepare(self.database, raw, intake=intake, now=self.now())
        with self.database.transaction() as session:
            mail = receive(session, prepared, intake=intake, now=self.now())
            return mail.outcome, _mail_page(session, mail)


def _mail_page(session: Session, mail: ReceivedMail) -> str:
    """Return the page on which a mail is found."""
    if mail.submission_id is not None:
        return links.submission(mail.submission_id)
    by_mail = select(Quarantine.id).where(Quarantine.mail_id == mail.id)
    if mail.outcome is MailOutcome.QUARANTINED:
        return f"/quarantine/{session.scalars(by_mail).one()}"
    return "/quarantine"
