"""The original of a picture comes back without place, comments and trailing data."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import ExifTags, Image
from sqlalchemy import select

from publisher.models.submissions import SubmissionFile
from tests.web.html_page import Page
from tests.web.pictures import SECRET, with_secrets
from tests.web.site import Site
from tests.web.submissions.test_bad_submissions import TYPED

ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "HEIF": "heic"}


def hand_in(site: Site, kind: str) -> str:
    """Hand in this photo as the form does, and return the path of its file."""
    member = site.browser("member")
    token = Page(member.get("/submissions/new").text).named("form_token")[0].get("value")
    fields = TYPED | {"form_token": [token], "alt_mr": ["टाकी"], "alt_en": ["A tank"]}
    files = [("files", (f"टाकी.{ENDINGS[kind]}", with_secrets(kind)))]
    member.post("/submissions/new", [(n, v) for n, vs in fields.items() for v in vs], files=files)
    with site.city.read() as session:
        (file,) = session.scalars(select(SubmissionFile))
        return f"/submissions/{file.submission_id}/files/{file.id}"


def check_clean(content: bytes, kind: str) -> None:
    picture, handed = (Image.open(BytesIO(each)) for each in (content, with_secrets(kind)))
    assert SECRET not in content
    assert not picture.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert picture.convert("RGB").tobytes() == handed.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", ENDINGS)
def test_the_original_tells_nobody_where_it_was_taken(site: Site, kind: str) -> None:
    path = hand_in(site, kind)
    for name in ("member", "clerk", "auditor"):
        check_clean(site.browser(name).get(path).data, kind)
    with site.city.read() as session:
        (file,) = session.scalars(select(SubmissionFile))
        stored = site.city.store.open(file.sha256)
        assert (file.size, file.mime.partition("/")[0]) == (len(stored), "image")
    check_clean(stored, kind)


def test_a_file_stored_before_is_cleaned_when_it_is_served(site: Site) -> None:
    path = hand_in(site, "JPEG")
    with site.city.write() as session:
        (file,) = session.scalars(select(SubmissionFile))
        file.sha256 = site.city.store.save(with_secrets("JPEG"))
    check_clean(site.browser("auditor").get(path).data, "JPEG")
