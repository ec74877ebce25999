"""Uploads are inspected first, videos are not read into memory, and each day has a quota."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pytest
from sqlalchemy import func, select

from publisher.database.session import Database
from publisher.intake import uploads
from publisher.intake.uploads import KeptFile, UploadedFile, UploadRefused
from publisher.models.submission_details import Upload
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import DAY, NOON
from tests.support.forms import photo
from tests.support.mail_samples.bombs import docx_bomb, docx_bomb_that_lies
from tests.support.mail_samples.builder import DOCX_TYPE, docx, zip_file
from tests.support.tables import each

TIFF = b"II*\x00" + struct.pack("<IH", 8, 1) + struct.pack("<HHIHH", 258, 3, 1, 12, 0) + bytes(4)

WORKBOOK = zip_file({"xl/workbook.xml": b"<workbook/>"})


def video(seconds: int, *, size: int = 0) -> bytes:
    head = struct.pack(">I", 24) + b"ftypisom" + bytes(4) + b"isommp42"
    mvhd = bytes(12) + struct.pack(">II", 1, seconds)
    movie = struct.pack(">I", 8 + 8 + len(mvhd)) + b"moov"
    movie += struct.pack(">I", 8 + len(mvhd)) + b"mvhd" + mvhd
    return head + movie + bytes(max(0, size - len(head) - len(movie)))


class MeteredFile(BytesIO):
    """A file that records the largest chunk that was read."""

    longest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.longest = max(self.longest, len(piece))
        return piece


def test_a_video_is_kept_with_its_length_and_read_piece_by_piece() -> None:
    source = MeteredFile(video(75, size=5_000_000))
    upload = uploads.check_file("भेट.mp4", source)
    assert (upload.mime, upload.size, upload.seconds) == ("video/mp4", 5_000_000, 75)
    assert not upload.is_picture
    assert source.longest <= 1_000_000


def test_a_picture_is_measured_and_named_without_its_folders() -> None:
    upload = uploads.check_file("C:\\DCIM\\IMG_1.jpg", BytesIO(photo(60, 40)))
    assert (upload.name, upload.width, upload.height) == ("IMG_1.jpg", 60, 40)


@each(
    "name, content, code",
    [
        ("scan.tif", TIFF, "unsupported_type"),
        ("a.jpg", b"", "empty"),
        ("a.png", photo(), "name_and_content_differ"),
        ("a.jpg", photo(400, 300)[:900], "truncated"),
        ("a.docx", b"PK\x03\x04" + bytes(400), "name_and_content_differ"),
        ("a.docx", zip_file({"a.txt": b"x"}), "name_and_content_differ"),
        ("a.docx", docx("Notice")[:-300], "name_and_content_differ"),
        ("a.xlsx", WORKBOOK, "unsupported_type"),
        ("a.zip", zip_file({"a.txt": b"x"}), "unsupported_type"),
    ],
)
def test_what_cannot_be_taken_says_why_and_which(name: str, content: bytes, code: str) -> None:
    with pytest.raises(UploadRefused) as caught:
        uploads.check_file(name, BytesIO(content))
    assert (caught.value.code, caught.value.values["name"]) == (code, name)


# Made by the test: the processes that only collect it need none of them.
@each(
    "make_document",
    [
        docx_bomb,
        partial(docx_bomb_that_lies, 120_000_001),
        partial(zip_file, {f"word/{n}": b"" for n in range(2_001)}),
        partial(zip_file, {f"{n:0>200}": b"" for n in range(5_000)}),
    ],
)
def test_a_document_that_unpacks_too_large_is_refused(make_document: Callable[[], bytes]) -> None:
    with pytest.raises(UploadRefused) as caught:
        uploads.check_file("a.docx", BytesIO(make_document()))
    assert caught.value.code == "unpacks_too_large"


def test_a_word_document_is_taken_as_it_is_and_a_mail_may_bring_more() -> None:
    content = docx("सूचना")
    document = uploads.check_upload(UploadedFile("सूचना.docx", content))
    assert (document.mime, document.content) == (DOCX_TYPE, content)
    assert not document.is_picture
    for name, mime in (("wards.xlsx", "sheet"), ("photos.zip", "zip")):
        kept_file = uploads.check_upload(UploadedFile(name, WORKBOOK), by_mail=True)
        assert kept_file.mime.endswith(mime)


def kept_file(digest: str, size: int) -> KeptFile:
    return KeptFile("a.mp4", digest * 64, "video/mp4", size)


def admit(database: Database, town: City, file: KeptFile, *, days: float = 0) -> None:
    with database.transaction() as session:
        uploads.admit(session, actor=town.actor("member"), now=NOON + days * DAY, file=file)


@pytest.mark.twin
def test_a_persons_daily_bytes_are_counted_and_reset_the_next_day(
    database: Database, town: City
) -> None:
    most = uploads.MOST_BYTES_A_DAY
    admit(database, town, kept_file("a", most - 10))
    admit(database, town, kept_file("a", most - 10))  # the same bytes count once
    admit(database, town, kept_file("b", 10))
    with pytest.raises(Invalid) as caught:
        admit(database, town, kept_file("c", 1))
    assert caught.value.codes == [("files", "quota")]
    assert caught.value.problems[0].values["most"] == 1000
    with database.transaction() as session:
        uploads.admit(session, actor=town.actor("head"), now=NOON, file=kept_file("c", 1))
    admit(database, town, kept_file("c", 1), days=1)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Upload)) == 4


def test_the_days_files_are_counted_too(database: Database, town: City) -> None:
    with database.transaction() as session:
        for number in range(uploads.MOST_UPLOADS_A_DAY):
            session.add(
                Upload(
                    person_id=town.actor("member").person_id,
                    at=NOON,
                    sha256=f"{number:064}",
                    size=1,
                )
            )
    with pytest.raises(Invalid):
        admit(database, town, kept_file("f", 1))
