"""If the media folder cannot be written, the form shows an error and loses nothing."""

from __future__ import annotations

import dataclasses
import logging
import shutil

import pytest

from publisher.media.store import Store, StoreAway
from publisher.models.submission_details import Upload
from publisher.models.submissions import Submission
from publisher.operations import health_checks
from tests.web import pictures
from tests.web.html_page import Page
from tests.web.site import Site
from tests.web.test_bad_submissions import TYPED

PHOTO = ("टाकी.jpg", pictures.jpeg())
MESSAGE = (
    "“टाकी.jpg” जतन करता आली नाही: सर्व्हरवर सध्या फाइल साठविता येत नाहीत. आपला मजकूर फॉर्ममध्ये जपून "
    "ठेवला आहे. थोड्या वेळाने पुन्हा प्रयत्न करावा; अडचण राहिल्यास प्रणाली प्रशासकांना कळवावे."
)


@pytest.fixture
def site_without_media(site: Site) -> Site:
    """A site with a file in place of its media folder, so that even root cannot write there."""
    root = site.city.store.root
    shutil.rmtree(root, ignore_errors=True)
    root.write_bytes(b"")
    return site


def test_a_form_with_a_photo_is_shown_again_with_all_that_was_typed(
    site_without_media: Site, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = [(name, value) for name, values in TYPED.items() for value in values]
    with caplog.at_level(logging.WARNING, logger="nagarvani.media"):
        response = site_without_media.browser("member").post(
            "/submissions/new", pairs, files=[("files", PHOTO)]
        )
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("files") == MESSAGE
    fields = dict(page.form("hand-in"))
    assert fields["title"] == TYPED["title"][0]
    assert fields["text_mr"].split() == TYPED["text_mr"][0].split()
    assert f"media folder {site_without_media.city.store.root}: Not a directory" in caplog.text
    with site_without_media.city.read() as session:
        assert session.query(Submission).count() == 0


def test_a_photo_sent_while_one_is_still_writing_is_told_in_a_sentence(
    site_without_media: Site,
) -> None:
    response = site_without_media.browser("member").post(
        "/submissions/files", files=[("files", PHOTO)]
    )
    assert (response.status_code, response.text) == (422, MESSAGE)


def test_a_photo_that_could_not_be_stored_counts_against_no_quota(site_without_media: Site) -> None:
    member = site_without_media.browser("member")
    assert member.post("/submissions/files", files=[("files", PHOTO)]).status_code == 422
    with site_without_media.city.read() as session:
        assert session.query(Upload).count() == 0
    site_without_media.city.store.root.unlink()
    assert member.post("/submissions/files", files=[("files", PHOTO)]).status_code == 200
    shutil.rmtree(site_without_media.city.store.root)
    site_without_media.city.store.root.write_bytes(b"")
    assert member.post("/submissions/files", files=[("files", PHOTO)]).status_code == 422
    with site_without_media.city.read() as session:
        assert session.query(Upload).count() == 1  # it was counted when it was stored


def test_without_a_photo_everything_goes_on(site_without_media: Site) -> None:
    pairs = [(name, value) for name, values in TYPED.items() for value in values]
    assert site_without_media.browser("member").post("/submissions/new", pairs).status_code == 302


def test_a_draft_shown_again_names_the_photo_to_choose_again(site_without_media: Site) -> None:
    city = site_without_media.city
    post = city.draft(city.hand_in())
    clerk, path = site_without_media.browser("clerk"), f"/posts/{post}/draft"
    text = f"text_{city.accounts['x']}_mr"
    fields = [
        (name, "नवीन शब्द" if name == text else value)
        for name, value in clerk.page(path).form("draft")
    ]
    response = clerk.post(path, [*fields, ("then", "save")], files=[("photos", PHOTO)])
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("photos") == MESSAGE
    assert "या फाइल पुन्हा निवडाव्यात: टाकी.jpg" in page
    assert dict(page.form("draft"))[text] == "नवीन शब्द"
    assert city.newest(post) == 1


def test_the_store_says_so_and_the_doctor_too(site_without_media: Site) -> None:
    root = site_without_media.city.store.root
    with pytest.raises(StoreAway, match="Not a directory"):
        Store(root).save(b"a picture")
    settings = site_without_media.app.extensions["house"].settings
    media = dataclasses.replace(settings.media, media_dir=root)
    (problem,) = health_checks.check_media(dataclasses.replace(settings, media=media))
    assert (problem.ok, problem.code) == (False, "not_writable")


def test_what_was_kept_before_is_not_written_again(site: Site) -> None:
    digest = site.city.store.save(PHOTO[1])
    assert site.city.store.save(PHOTO[1]) == digest
