"""Checks of the virus scanner and of the files that wait for it, for `nagarvani doctor`."""

from __future__ import annotations

from sqlalchemy import func, select

from publisher.database.session import Database
from publisher.intake.scans import is_waiting
from publisher.media.virus_scanner import ScannerAway, clamd, version_of
from publisher.models.submissions import SubmissionFile
from publisher.operations.health_checks import HealthFinding, HealthSubject


def check_scanner(clamd_url: str) -> HealthFinding:
    """Ask the scanner for its version."""
    scanner = clamd(clamd_url)
    if scanner is None:
        return HealthFinding(HealthSubject.SCANNER, True, "scanner_unset", {})
    try:
        version = version_of(scanner)
    except ScannerAway as problem:
        values = {"url": clamd_url, "problem": str(problem)}
        return HealthFinding(HealthSubject.SCANNER, False, "scanner_away", values)
    return HealthFinding(HealthSubject.SCANNER, True, "scanner_answers", {"version": version})


def check_unscanned(database: Database) -> list[HealthFinding]:
    """Report the files that wait for the scanner, with what it last answered of one of them."""
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
