"""Checks of the mails, files and webhooks that come to us, for `nagarvani doctor`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from publisher.database.session import Database
from publisher.delivery.accounts.manage import all_accounts
from publisher.inbox.subscriptions import WebhookState, telling
from publisher.intake.scans import is_waiting
from publisher.mail.mailbox.imap import imap_server
from publisher.mail.messages.authentication import authentication_results
from publisher.mail.messages.message import AuthenticationResult
from publisher.media.store import MediaStore, MediumChanged, MediumMissing, StoreAway
from publisher.media.virus_scanner import ScannerAway, clamd, scanner_version
from publisher.models.mailbox import Mailbox, MailOutcome, ReceivedMail
from publisher.models.submissions import SubmissionFile
from publisher.operations.account_checks import account_finding
from publisher.operations.health_checks import HealthFinding, HealthSubject
from publisher.settings.environment import Settings

UNREAD_FOR: Final = timedelta(hours=1)
"""`doctor` reports a mailbox that was not read to its end for this long.

A clock may stay connected for some twenty minutes before it records a reading again.
"""
IGNORED_WITHIN: Final = timedelta(days=30)
_MOST_HEADER_BYTES: Final = 256 * 1024
_AS_SET: Final = frozenset({WebhookState.TOLD, WebhookState.UNSET})
_UNSEEN = (ReceivedMail.outcome == MailOutcome.REFUSED, ReceivedMail.seen_at.is_(None))


def check_senders(mail_server: str) -> HealthFinding:
    """Say whose results decide if a sender is believed; without any, every known sender is."""
    code = "senders_checked" if mail_server else "senders_unchecked"
    return HealthFinding(HealthSubject.MAILS, True, code, {"server": mail_server})


def check_results(database: Database, store: MediaStore, settings: Settings) -> list[HealthFinding]:
    """Say which results the last mails carried, and whether some of them count."""
    query = select(ReceivedMail.raw_sha256).where(ReceivedMail.raw_sha256.is_not(None))
    with database.reading() as session:
        digests = session.scalars(query.order_by(ReceivedMail.id.desc()).limit(10)).all()
    server, hops = settings.mail_server.lower(), settings.mail_server_hops
    carried, counts = Counter[str](), not server
    for digest in digests:
        with suppress(MediumMissing, MediumChanged, StoreAway):
            with store.open_file(digest or "") as raw:
                results = authentication_results(raw.read(_MOST_HEADER_BYTES))
            counts |= any(each.server == server and each.received <= hops for each in results)
            carried[_description(results)] += 1
    descriptions = "; ".join(f"{number} × {text}" for text, number in carried.most_common())
    values = {"number": carried.total(), "carried": descriptions, "server": server, "hops": hops}
    code = "results_carried" if counts else "results_missing"
    return [HealthFinding(HealthSubject.MAILS, counts, code, values)] if carried else []


def _description(results: Iterable[AuthenticationResult]) -> str:
    """Return each method with the server that claims it, and the number of Received above."""
    texts = [f"{r.method} by {r.server[:80]!a} below {r.received} Received" for r in results]
    return ", ".join(dict.fromkeys(texts)) or "none"


def check_mailbox(database: Database, imap_url: str, *, now: datetime) -> HealthFinding:
    """Say when the mailbox was last read, or why it is not."""
    if not imap_url:
        return HealthFinding(HealthSubject.MAILS, True, "mailbox_unset", {})
    label = imap_server(imap_url).label
    with database.reading() as session:
        mailbox = session.get(Mailbox, label)
    values = {"mailbox": label}
    if mailbox is not None and mailbox.failing_since is not None:
        values |= {"since": _moment(mailbox.failing_since), "problem": mailbox.problem}
        return HealthFinding(HealthSubject.MAILS, False, "mailbox_failing", values)
    if mailbox is None or mailbox.read_at is None:
        return HealthFinding(HealthSubject.MAILS, mailbox is not None, "mailbox_unread", values)
    values["at"] = _moment(mailbox.read_at)
    is_read = mailbox.read_at > now - UNREAD_FOR
    return HealthFinding(HealthSubject.MAILS, is_read, "mailbox_read", values)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def check_unreadable(database: Database) -> list[HealthFinding]:
    """Report the mails that could not be read and that nobody has marked as seen."""
    last = select(ReceivedMail).where(*_UNSEEN).order_by(ReceivedMail.id.desc()).limit(1)
    with database.reading() as session:
        number = session.scalar(select(func.count()).where(*_UNSEEN))
        mail = session.scalars(last).first()
        if mail is None:
            return []
        values = {"number": number, "last": _moment(mail.received_at), "reason": mail.reason}
    return [HealthFinding(HealthSubject.MAILS, False, "mails_unreadable", values)]


def check_ignored(database: Database, *, now: datetime) -> list[HealthFinding]:
    """Say how many mails were ignored lately, and why: no page shows these."""
    query = (
        select(ReceivedMail.reason, func.count())
        .where(
            ReceivedMail.outcome == MailOutcome.IGNORED,
            ReceivedMail.received_at > now - IGNORED_WITHIN,
        )
        .group_by(ReceivedMail.reason)
        .order_by(ReceivedMail.reason)
    )
    with database.reading() as session:
        counts = [f"{reason} {number}" for reason, number in session.execute(query)]
    if not counts:
        return []
    values = {"days": IGNORED_WITHIN.days, "counts": ", ".join(counts)}
    return [HealthFinding(HealthSubject.MAILS, True, "mails_ignored", values)]


def check_scanner(clamd_url: str) -> HealthFinding:
    """Ask the scanner for its version."""
    scanner = clamd(clamd_url)
    if scanner is None:
        return HealthFinding(HealthSubject.SCANNER, True, "scanner_unset", {})
    try:
        version = scanner_version(scanner)
    except ScannerAway as problem:
        values = {"url": clamd_url, "problem": str(problem)}
        return HealthFinding(HealthSubject.SCANNER, False, "scanner_away", values)
    return HealthFinding(HealthSubject.SCANNER, True, "scanner_answers", {"version": version})


def check_unscanned(database: Database) -> list[HealthFinding]:
    """Report the files that wait for the scanner, with its last answer about one of them."""
    last = (
        select(SubmissionFile.scan_note)
        .where(is_waiting())
        .order_by(SubmissionFile.scan_at.is_(None), SubmissionFile.scan_at.desc())
        .limit(1)
    )
    with database.reading() as session:
        number = session.scalar(select(func.count()).where(is_waiting()))
        problem = session.scalar(last) or "–"
    if not number:
        return []
    values = {"number": number, "problem": problem}
    return [HealthFinding(HealthSubject.SCANNER, False, "files_unscanned", values)]


def check_webhooks(
    database: Database, settings: Mapping[str, str], *, now: datetime
) -> list[HealthFinding]:
    """Report which accounts' comments webhooks bring, and why they do not bring the others'."""
    with database.reading() as session:
        accounts = all_accounts(session)
        states = telling(session, accounts, settings, now=now)
    return [
        account_finding(account, f"webhooks_{state.value}", ok=state in _AS_SET)
        for account in accounts
        if (state := states.get(account.id)) is not None
    ]
