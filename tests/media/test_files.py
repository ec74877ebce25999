"""Uploaded files other than pictures: content and name have to agree."""

from __future__ import annotations

import pytest

from publisher.media.files import (
    LIMITS,
    BadFile,
    FileKind,
    FileProblem,
    accept,
    extension,
    file_type,
)
from tests.support.tables import each

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(40)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
MP4 = b"\x00\x00\x00\x20ftypmp42" + bytes(40)
MOV = b"\x00\x00\x00\x14ftypqt  " + bytes(40)
HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(40)
WEBM = b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm" + bytes(40)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
ZIP = b"PK\x03\x04" + bytes(40)
EXE = b"MZ\x90\x00" + bytes(60)


@each(
    "head, name, kind",
    [
        (JPEG, "IMG_2041.JPG", FileKind.PICTURE),
        (PNG, "जाहीर प्रकटन.png", FileKind.PICTURE),
        (MP4, "visit.mp4", FileKind.VIDEO),
        (b"\x00\x00\x00\x1cftypiso5" + bytes(40), "visit.mp4", FileKind.VIDEO),
        (b"\x00\x00\x00\x1cftyp3gp4" + bytes(40), "old.3gp", FileKind.VIDEO),
        (MOV, "visit.MOV", FileKind.VIDEO),
        (WEBM, "visit.webm", FileKind.VIDEO),
        (HEIC, "IMG_2041.HEIC", FileKind.PICTURE),
        (HEIC, "IMG_2041.jpg", FileKind.PICTURE),
        (PDF, "press note 12.11.2026.pdf", FileKind.DOCUMENT),
        (EXE, "setup.exe", None),
        (EXE, "photo.jpg", None),
        (JPEG, "photo.jpg.exe", None),
        (JPEG, "photo\u202egpj.exe", None),
        (JPEG, "photo.png", None),
        (PDF, "note.jpg", None),
        (b"PK\x03\x04" + bytes(40), "note.pdf", None),
        (ZIP, "सूचना.DOCX", FileKind.ATTACHMENT),
        (ZIP, "wards.xlsx", None),
        (ZIP, "photos.zip", None),
        (PDF, "note.docx", None),
        (b"<svg/>", "logo.svg", None),
        (b"\x00\x00\x00\x1cftypM4A " + bytes(40), "song.mp4", None),
        (b"", "empty.jpg", None),
        (JPEG, "jpg", None),
        (JPEG, ".jpg", None),
    ],
)
def test_a_file_is_what_both_its_bytes_and_its_name_say(
    head: bytes, name: str, kind: FileKind | None
) -> None:
    if kind is not None:
        assert file_type(head, name).kind is kind
        return
    with pytest.raises(BadFile):
        file_type(head, name)


@pytest.mark.parametrize(
    ("head", "name", "code", "values"),
    [
        (b"", "a.jpg", FileProblem.EMPTY, {}),
        (EXE, "a.jpg", FileProblem.UNSUPPORTED_TYPE, {"found": "executable"}),
        (
            PNG,
            "a.jpg",
            FileProblem.NAME_AND_CONTENT_DIFFER,
            {"found": "png", "extension": "jpg"},
        ),
    ],
)
def test_a_refusal_says_why(
    head: bytes, name: str, code: FileProblem, values: dict[str, str]
) -> None:
    with pytest.raises(BadFile) as caught:
        file_type(head, name)
    assert (caught.value.code, caught.value.values) == (code, values)


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (JPEG, "a.jpg", FileKind.PICTURE),
        (MP4, "a.mp4", FileKind.VIDEO),
        (PDF, "a.pdf", FileKind.DOCUMENT),
    ],
)
def test_each_kind_has_its_own_limit(head: bytes, name: str, kind: FileKind) -> None:
    limit = LIMITS[kind]
    assert accept(head, name, size=limit).kind is kind
    with pytest.raises(BadFile) as caught:
        accept(head, name, size=limit + 1)
    assert caught.value.code is FileProblem.TOO_MANY_BYTES
    assert caught.value.values == {"found": limit + 1, "limit": limit}


def test_the_ending_is_what_follows_the_last_dot() -> None:
    assert extension("फोटो.JPeG ") == "jpeg"
    assert extension("no ending") == ""
