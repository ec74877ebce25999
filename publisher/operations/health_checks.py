"""The checks of `nagarvani doctor`.

A check returns a code with its values; the command line turns it into a sentence.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from PIL import features
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from publisher.database.revisions import latest_revision
from publisher.database.session import Database
from publisher.delivery import machine_time
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.delivery.worker_context import machine_name
from publisher.media.configured_store import bucket_store
from publisher.models.deliveries import ClockBeat
from publisher.notifications import sms_texts
from publisher.notifications.sms import find_unknown_templates, missing_codes
from publisher.operations import worker_health
from publisher.papers.pdf import NoImage, read_letterhead
from publisher.people import confirmation, upgrade_review
from publisher.settings.environment import SECRET_FILE, Settings
from publisher.settings.papers import PaperSettings
from publisher.settings.sms import Sms

if TYPE_CHECKING:
    from publisher.media.object_store import ObjectStore

LATE_AFTER: Final = timedelta(minutes=1)
"""`nagarvani doctor` warns once the latest heartbeat of all workers is older than this.

`worker_health` has two more limits: the shorter `ALIVE_FOR` is applied to each worker alone, and
after the longer `OUTAGE_AFTER` the admins are notified.
"""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class HealthSubject(StrEnum):
    """The part of the installation that is checked."""

    SETTINGS = "settings"
    DATABASE = "database"
    MIGRATIONS = "migrations"
    BUILT_FILES = "built files"
    BACKUP = "backup"
    SHAPING = "text shaping"
    MEDIA = "media folder"
    BUCKET = "media bucket"
    CACHE = "media cache"
    STORE = "media store"
    SMS = "SMS"
    LETTERHEAD = "letterhead"
    ACCOUNT = "account"
    APPOINTMENTS = "appointments"
    CLOCK = "clock"
    TIME = "time"
    MAILS = "mails to the Cell"
    MAIL_SERVER = "mail server"
    SCANNER = "virus scanner"
    SPENDING = "spending"
    TASKS = "tasks"


_PROBE: Final = 1_000_000
"""Bytes that are written to find out whether there is room in a folder."""


@dataclass(frozen=True)
class HealthFinding:
    """The result of a check: `code` names it, `values` fill in its sentence."""

    subject: HealthSubject
    ok: bool
    code: str
    values: Mapping[str, object] = field(default_factory=dict)


def check_settings(settings: Settings) -> HealthFinding:
    """Check that passwords go by TLS, people's own addresses are seen, and a second factor is set.

    This machine needs no TLS.
    """
    values = {"base_url": settings.base_url}
    is_local = urlsplit(settings.base_url).hostname in _LOOPBACK
    if not settings.is_tls and not is_local:
        return HealthFinding(HealthSubject.SETTINGS, False, "no_tls", values)
    # TLS always ends at a proxy. Without its header all people share one address and throttling.
    if settings.is_tls and settings.trusted_proxies == 0:
        return HealthFinding(HealthSubject.SETTINGS, False, "no_proxies", values)
    if settings.is_tls and settings.second_factor_from is None:
        return HealthFinding(HealthSubject.SETTINGS, False, "no_second_factor", values)
    return HealthFinding(HealthSubject.SETTINGS, True, "settings_read", values)


def check_variables(unknown: Mapping[str, str]) -> list[HealthFinding]:
    """Return a finding for each variable that is not a setting, with the nearest setting or ""."""
    return [
        HealthFinding(
            HealthSubject.SETTINGS,
            False,
            "unknown_near" if nearest else "unknown_variable",
            {"name": name, "nearest": nearest},
        )
        for name, nearest in unknown.items()
    ]


def check_secret_files(settings: Settings) -> list[HealthFinding]:
    """Return a finding for each file with a secret that other users of this machine may read."""
    media = settings.media
    names = (".env", SECRET_FILE, media.media_key_file, media.media_secret_file)
    files = [Path(name).absolute() for name in names if name]
    # Nobody inside a container can choose the mode of the files that it is given.
    return [
        HealthFinding(HealthSubject.SETTINGS, False, "secret_readable", {"file": file})
        for file in files
        if file.is_file()
        and file.stat().st_mode & 0o006
        and not file.is_relative_to("/run/secrets")
        and not os.statvfs(file).f_flag & os.ST_RDONLY
    ]


def check_database(database: Database) -> HealthFinding:
    """Check that the database answers, stores what is committed, and ends idle transactions."""
    url = make_url(database.url)
    values = {"url": url.render_as_string(hide_password=True)}
    # Opening the SQLite file would create it.
    if database.is_sqlite and url.database and not Path(url.database).exists():
        return HealthFinding(HealthSubject.DATABASE, False, "no_database", values)
    try:
        problem = database.check_durable()
        ends_idle = database.ends_idle_transactions()
    except OperationalError as broken:
        values["detail"] = " ".join(str(broken.orig).split())
        # SQLite calls a full disk an I/O error, or a file that cannot be opened.
        folder = Path(url.database or "").parent
        is_full = database.is_sqlite and shutil.disk_usage(folder).free < _PROBE
        code = "disk_full" if is_full else "unreachable"
        return HealthFinding(HealthSubject.DATABASE, False, code, values)
    if problem is not None:
        values["detail"] = problem
        return HealthFinding(HealthSubject.DATABASE, False, "not_durable", values)
    code = "durable" if ends_idle else "keeps_idle_locks"
    return HealthFinding(HealthSubject.DATABASE, ends_idle, code, values)


def check_migrations(database: Database) -> HealthFinding:
    """Check that the schema is at this version's revision."""
    head = latest_revision()
    revision = database.revision()
    values = {"found": revision or "-", "wanted": head}
    code = "at_head" if revision == head else "behind" if revision else "no_tables"
    return HealthFinding(HealthSubject.MIGRATIONS, revision == head, code, values)


def check_letterhead(papers: PaperSettings) -> HealthFinding:
    """Check that the picture of the letterhead can be read, if there is one."""
    if papers.letterhead is None:
        return HealthFinding(HealthSubject.LETTERHEAD, True, "no_letterhead")
    values = {"file": papers.letterhead}
    try:
        read_letterhead(papers.letterhead)
    except NoImage:
        return HealthFinding(HealthSubject.LETTERHEAD, False, "letterhead_broken", values)
    return HealthFinding(HealthSubject.LETTERHEAD, True, "letterhead_read", values)


def check_built(files: Sequence[Path]) -> HealthFinding:
    """Check that the files that the build makes are there."""
    for file in files:
        if not file.is_file():
            return HealthFinding(HealthSubject.BUILT_FILES, False, "not_built", {"file": file})
    return HealthFinding(HealthSubject.BUILT_FILES, True, "built")


def check_shaping() -> HealthFinding:
    """Check that the imaging library can draw Devanagari; otherwise conjuncts break silently."""
    # Pillow needs raqm, and raqm needs the system's FriBiDi.
    if not features.check("raqm"):
        values = {"package": "libfribidi0"}
        return HealthFinding(HealthSubject.SHAPING, False, "no_shaping", values)
    return HealthFinding(HealthSubject.SHAPING, True, "shapes", {"raqm": features.version("raqm")})


def check_media(settings: Settings) -> Iterator[HealthFinding]:
    """Check that the media folder can be written, or everything done in a bucket and its copies.

    No folder is made. The bucket is tested with a small object, which is removed again.
    """
    if not settings.media.bucket:
        yield _check_folder(HealthSubject.MEDIA, settings.media.media_dir)
        return
    yield _check_bucket(bucket_store(settings))
    yield _check_folder(HealthSubject.CACHE, settings.media.media_cache_dir)


def _check_folder(subject: HealthSubject, folder: Path) -> HealthFinding:
    prefix = "cache_" if subject is HealthSubject.CACHE else ""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE))  # a full disk takes an empty file
    except FileNotFoundError:
        return HealthFinding(subject, False, f"{prefix}no_folder", {"folder": folder})
    except OSError as problem:
        values = {"folder": folder, "detail": problem.strerror}
        return HealthFinding(subject, False, f"{prefix}not_writable", values)
    return HealthFinding(subject, True, f"{prefix}writable", {"folder": folder})


def _check_bucket(store: ObjectStore) -> HealthFinding:
    failure = store.failing_step()
    if failure is None:
        return HealthFinding(HealthSubject.BUCKET, True, "bucket_works", {"bucket": store.address})
    step, detail = failure
    values = {"bucket": store.address, "detail": detail}
    return HealthFinding(HealthSubject.BUCKET, False, f"bucket_{step}", values)


def check_sms(sms: Sms) -> HealthFinding:
    """Check that the SMS settings are complete, without sending anything."""
    if not sms.sms_url and not sms.sms_templates:
        return HealthFinding(HealthSubject.SMS, True, "no_sms")
    values: dict[str, object] = {
        "host": urlsplit(sms.sms_url).hostname,
        "kinds": len(sms.sms_templates),
        "unknown": ", ".join(find_unknown_templates(sms)),
        "codes": ", ".join(missing_codes(sms)),
    }
    code = "sms_set"
    if not sms.is_set:
        code = "sms_half"
    elif values["unknown"]:
        code = "sms_unknown"
    elif values["codes"]:
        code = "sms_codes"
    return HealthFinding(HealthSubject.SMS, code == "sms_set", code, values)


def check_sms_texts(sms: Sms, *, city_name: str) -> list[HealthFinding]:
    """Report the registered kinds for which this version proposes another text."""
    kinds = ", ".join(sms_texts.find_changed_kinds(sms, sms_texts.propose_templates(city_name)))
    values = {"kinds": kinds}
    return [HealthFinding(HealthSubject.SMS, True, "sms_texts_proposed", values)] if kinds else []


def check_appointments(database: Database, *, now: datetime) -> list[HealthFinding]:
    """Report those whom nobody is left to confirm, and how many have to be confirmed again."""
    with database.reading() as session:
        left = confirmation.find_unconfirmable(session, now=now)
        names = ", ".join(appointment.person.name_mr for appointment in left)
        unreviewed = upgrade_review.count(session, now=now)
    ids = " ".join(str(appointment.id) for appointment in left)
    values_by_code: dict[str, dict[str, object]] = {
        "left_to_nobody": {"number": len(left), "ids": ids, "names": names},
        "confirm_again": {"number": unreviewed},
    }
    return [
        HealthFinding(HealthSubject.APPOINTMENTS, False, code, values)
        for code, values in values_by_code.items()
        if values["number"]
    ]


def check_clocks(database: Database, *, now: datetime) -> list[HealthFinding]:
    """Report if the latest heartbeat of all workers is late, and list those alive or lost."""
    with database.reading() as session:
        beat_at = worker_health.latest_beat(session)
        clocks = worker_health.clocks_without_end(session, now=now)
    if beat_at is None:
        return [HealthFinding(HealthSubject.CLOCK, False, "no_clock")]
    is_on_time = now - beat_at <= LATE_AFTER
    code, values = (
        "clock_runs" if is_on_time else "clock_late",
        {"seconds": _seconds(now - beat_at)},
    )
    return [
        HealthFinding(HealthSubject.CLOCK, is_on_time, code, values),
        *(_clock_finding(clock, now) for clock in clocks),
    ]


def check_time(
    database: Database, open_account: OpenAccount, *, now: Callable[[], datetime]
) -> list[HealthFinding]:
    """Compare this machine's time with its witnesses, and report other machines that are wrong."""
    own = machine_time.nearest_witness(database, open_account, now=now)
    about = {machine_name(): own} if own is not None else {}
    with database.reading() as session:
        for row in session.scalars(machine_time.open_wrong_times()):
            about.setdefault(row.machine, (row.witness, timedelta(seconds=row.ahead)))
    return [_time_finding(machine, *witness) for machine, witness in about.items()]


def _time_finding(machine: str, witness: str, ahead: timedelta) -> HealthFinding:
    is_right = abs(ahead) <= machine_time.OFF_AFTER
    way = "ahead of" if ahead > timedelta(0) else "behind"
    seconds = round(abs(ahead.total_seconds()))
    values = {"machine": machine, "witness": witness, "seconds": seconds, "way": way}
    code = "time_right" if is_right else "time_wrong"
    return HealthFinding(HealthSubject.TIME, is_right, code, values)


def _clock_finding(clock: ClockBeat, now: datetime) -> HealthFinding:
    is_alive = worker_health.is_alive(clock, now=now)
    values = {
        "name": clock.name,
        "since": f"{clock.started_at:%Y-%m-%d %H:%M} UTC",
        "seconds": _seconds(now - clock.beat_at),
    }
    code = "clock_alive" if is_alive else "clock_lost"
    return HealthFinding(HealthSubject.CLOCK, is_alive, code, values)


def _seconds(span: timedelta) -> int:
    """Return whole seconds, at least 0."""
    # The clock of the machine that wrote the heartbeat may be a little ahead of this one's.
    return max(0, round(span.total_seconds()))
