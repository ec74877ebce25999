"""Measure how long the Cell's mailbox takes to be read, beside parsing the same mails bare.

A real Dovecot has the mails, unread; the product's reader takes them in on SQLite. Beside it the
standard library parses them and decodes their parts. Each side is a process of its own on one and
the same core. A mailbox without mails, and one with a single mail of 60 MB, are read besides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PIL import Image
from sqlalchemy import func, select

from bench.databases import Databases
from bench.figures import Figure, PartResult, at_most, exactly, without_target
from bench.setup import say
from publisher.database.session import Database
from publisher.mail.mailbox.imap import imap_server
from publisher.mail.mailbox.preparation import MailIntake
from publisher.mail.mailbox.reader import MailboxReading, tick_mailbox
from publisher.mail.mailbox.receive import MOST_A_DAY
from publisher.media.folder_store import FolderStore
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.now import now
from publisher.tasks import before_commit
from tests.support import dovecot, runs
from tests.support.city import City, city
from tests.support.dovecot import Dovecot
from tests.support.mailed import share_address
from tests.support.photos import phone_photo

MAILS, MINUTES, MEGABYTES = 10_000, 10, 30
BYTES, LARGE_BYTES = 50_000, 60_000_000
AT_ONCE = 200
PHOTO_SIZE, PHOTOS = (400, 300), 20
OURS, BARE = "mails read by the reader, s", "the same parsed bare, s"
OUR_CPU, BARE_CPU = "mails read by the reader, CPU s", "the same parsed bare, CPU s"
EMPTY, FULL = "memory with an empty mailbox, MB", "memory with the mails, MB"
LARGE = "memory with a mail of 60 MB, MB"
TEXT = (
    "शनिवार दि. २८ नोव्हेंबर रोजी सकाळी ९ ते सायंकाळी ५ या वेळेत शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील. "
    "नागरिकांनी पाणी जपून वापरावे. संपर्क ०२०-५५५०-०१४५.\n"
)


@dataclass(frozen=True)
class Usage:
    """What a process used for its work, without its start; memory is the most it ever had."""

    seconds: float
    cpu_seconds: float
    megabytes: float


def measure(mails: int) -> PartResult:
    """Read an empty mailbox, so many mails, and a mail of 60 MB."""
    if problem := dovecot.missing():
        say(f"mail: left out, since {problem}")
        return PartResult([without_target(f"{mails:,} mails of 50 kB read, minutes", None)], {})
    run = runs.begin()
    try:
        with Databases(run).new("sqlite") as database, TemporaryDirectory() as folder:
            return _measure(database, Path(folder), mails)
    finally:
        run.end()


def _measure(database: Database, folder: Path, mails: int) -> PartResult:
    town, raw = city(database, folder), dict[str, list[float]]()
    with dovecot.serving() as server:
        empty = _reader(town, server)
        bare_folder = _deliver(town, server, folder, mails)
        bare, ours = _bare(bare_folder), _reader(town, server)
        taken_in = _count(database, MailOutcome.SUBMISSION)
        server.deliver(_mail("large@water.example", 0, bytes(LARGE_BYTES * 3 // 4)))
        large = _reader(town, server)
    for name, value in (
        (OURS, ours.seconds),
        (BARE, bare.seconds),
        (OUR_CPU, ours.cpu_seconds),
        (BARE_CPU, bare.cpu_seconds),
        (EMPTY, empty.megabytes),
        (FULL, ours.megabytes),
        (LARGE, large.megabytes),
    ):
        raw[name] = [value]
    refused = _count(database, MailOutcome.REFUSED)
    return PartResult(_figures(raw, mails, taken_in, refused), raw)


def _figures(
    raw: dict[str, list[float]], mails: int, taken_in: int, refused: int
) -> Sequence[Figure]:
    each, cpu_each = raw[OURS][0] / mails, raw[OUR_CPU][0] / mails
    return [
        at_most("10,000 unread mails of 50 kB on one core, minutes", each * MAILS / 60, MINUTES),
        without_target("the same, processor time alone, minutes", cpu_each * MAILS / 60),
        exactly("of the mails delivered, % that became submissions", 100 * taken_in / mails, 100),
        without_target("reading them ÷ parsing them bare", raw[OURS][0] / raw[BARE][0]),
        without_target("the same in processor time", raw[OUR_CPU][0] / raw[BARE_CPU][0]),
        at_most(
            "memory above that of an empty mailbox, MB", raw[FULL][0] - raw[EMPTY][0], MEGABYTES
        ),
        exactly("mails of 60 MB that were refused unread", refused, 1),
        at_most(
            "memory of refusing it above an empty mailbox, MB",
            raw[LARGE][0] - raw[EMPTY][0],
            MEGABYTES,
        ),
    ]


def _count(database: Database, outcome: MailOutcome) -> int:
    query = select(func.count()).where(ReceivedMail.outcome == outcome)
    with database.reading() as session:
        return session.scalar(query) or 0


def _deliver(town: City, server: Dovecot, folder: Path, mails: int) -> Path:
    """Put the mails into the mailbox, and into a folder for the other side."""
    bare_folder = folder / "bare"
    bare_folder.mkdir()
    photos = [Image.open(BytesIO(phone_photo(PHOTO_SIZE))) for _ in range(PHOTOS)]
    senders = [f"office-{at}@water.example" for at in range(-(-mails // MOST_A_DAY))]
    with town.write() as session:
        for sender in senders:
            share_address(session, town, sender)
    for start in range(0, mails, AT_ONCE):
        batch = list(_mails(senders, photos, range(start, min(mails, start + AT_ONCE))))
        for at, raw in enumerate(batch, start):
            (bare_folder / f"{at:06}").write_bytes(raw)
        server.deliver(*batch)
    return bare_folder


def _mails(
    senders: Sequence[str], photos: Sequence[Image.Image], numbers: range
) -> Iterator[bytes]:
    for number in numbers:
        photo = _with_number(photos[number % len(photos)], number)
        yield _mail(senders[number // MOST_A_DAY], number, photo)


def _with_number(photo: Image.Image, number: int) -> bytes:
    """Return the photo with the bits of a number on it, so that each is another file."""
    picture, out = photo.copy(), BytesIO()
    for at, bit in enumerate(f"{number:020b}"):
        picture.paste("white" if bit == "1" else "black", (at * 16, 0, at * 16 + 16, 16))
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def _mail(sender: str, number: int, photo: bytes) -> bytes:
    """Return a mail of 50 kB, or as long as its photo demands: a text and a photo."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = sender, "cell@pmc.example"
    message["Subject"] = f"पाणीपुरवठा बंद – सूचना {number}"
    message["Message-ID"] = f"<{number}.{len(photo)}@water.example>"
    message["Date"] = format_datetime(now() - timedelta(hours=1))
    message.set_content(f"सूचना क्रमांक {number}\n{TEXT}", cte="base64")
    message.add_attachment(photo, maintype="image", subtype="jpeg", filename=f"photo-{number}.jpg")
    missing = BYTES - len(message.as_bytes())
    if missing > 0:
        (text, *_photo) = message.iter_parts()
        text.set_content(
            f"सूचना क्रमांक {number}\n{TEXT}" + "\n" + "x" * (missing * 3 // 4), cte="base64"
        )
    return message.as_bytes()


def _reader(town: City, server: Dovecot) -> Usage:
    return _run("read", str(town.database.url), server.url, str(town.store.root))


def _bare(folder: Path) -> Usage:
    return _run("bare", str(folder))


def _run(side: Literal["read", "bare"], *arguments: str) -> Usage:
    """Run a side in a process of its own, which keeps to the first core."""
    output = subprocess.check_output([sys.executable, "-m", "bench.mail", side, *arguments])
    usage = Usage(**json.loads(output))
    say(f"{side}: {usage.seconds:.1f} s, {usage.cpu_seconds:.1f} CPU s, {usage.megabytes:.0f} MB")
    return usage


def _most_megabytes() -> float:
    # Not by `getrusage`: its most is also that of the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _read(database_url: str, imap_url: str, media: str) -> None:
    database = before_commit.register(Database(database_url))
    intake = MailIntake(FolderStore(Path(media)), "PMC", "Nagarvani <city@pmc.example>", "")
    tick_mailbox(MailboxReading(database, imap_server(imap_url), intake, now), waits=False)
    database.dispose()


def _parse(folder: str) -> None:
    for file in sorted(Path(folder).iterdir()):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        for part in message.walk():
            if not part.is_multipart():
                part.get_payload(decode=True)


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    begun, cpu_begun = time.perf_counter(), time.process_time()
    side, *arguments = sys.argv[1:]
    _read(*arguments) if side == "read" else _parse(*arguments)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
    json.dump(asdict(Usage(seconds, cpu_seconds, _most_megabytes())), sys.stdout)
