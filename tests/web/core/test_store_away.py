"""If the media folder cannot be written, the form shows an error and loses nothing."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.drafting.drafts import PictureDraft
from publisher.intake.uploads import UploadedFile
from publisher.media.folder_store import FolderStore
from publisher.media.store import StoreAway
from publisher.models.content_checks import CheckedLink
from publisher.models.notifications import Notice
from publisher.models.posts import Decision, Rendition
from publisher.models.submission_details import StoreInUse, Upload
from publisher.models.submissions import Submission, SubmissionFile
from publisher.operations import health_checks
from tests.support.away_store import AwayStore
from tests.web import approval_link_steps, pictures
from tests.web.html_page import Page
from tests.web.mailbox.test_waiting_mails import wait
from tests.web.site import Site
from tests.web.submissions.test_bad_submissions import TYPED

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
    assert "आपण लिहिलेला मजकूर फॉर्ममध्ये जपून ठेवला आहे." in page.text
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


def test_a_web_that_was_forgotten_when_the_store_changed_takes_no_files(site: Site) -> None:
    pairs = [(name, value) for name, values in TYPED.items() for value in values]
    member, house = site.browser("member"), site.app.extensions["house"]
    with site.city.write() as session:
        session.add(StoreInUse(id=1, identity="a" * 32, laid_at=site.city.now))
    site.app.extensions["house"] = replace(house, store_identity="a" * 32)
    response = member.post("/submissions/files", files=[("files", PHOTO)])
    kept = [("kept", field.get("value")) for field in Page(response.text).named("kept")]
    assert (response.status_code, len(kept)) == (200, 1)
    site.app.extensions["house"] = replace(house, store_identity="b" * 32)
    response = member.post("/submissions/files", files=[("files", ("दुसरी.jpg", PHOTO[1] + b"."))])
    assert response.status_code == 422
    assert "सर्व्हरवर सध्या फाइल साठविता येत नाहीत" in response.text
    response = member.post("/submissions/new", [*pairs, *kept])
    assert response.status_code == 503
    assert TYPED["title"][0] in response.text
    with site.city.read() as session:
        assert session.query(Submission).count() == 0
    assert member.post("/submissions/new", pairs).status_code == 302  # a text is safe everywhere


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
        FolderStore(root).save(b"a picture")
    settings = site_without_media.app.extensions["house"].settings
    media = dataclasses.replace(settings.media, media_dir=root)
    (problem,) = health_checks.check_media(dataclasses.replace(settings, media=media))
    assert (problem.ok, problem.code) == (False, "not_writable")


def test_what_was_kept_before_is_not_written_again(site: Site) -> None:
    digest = site.city.store.save(PHOTO[1])
    assert site.city.store.save(PHOTO[1]) == digest


@pytest.fixture
def store(site: Site) -> AwayStore:
    """The site's store, which can be away."""
    store, house = AwayStore(site.city.store.root), site.app.extensions["house"]
    site.app.extensions["house"] = replace(house, store=store)
    return store


def photo_addresses(site: Site) -> tuple[int, list[str]]:
    """Return a post in review, and the addresses under which its photo and its file are read."""
    city = site.city
    submission_id = city.hand_in(files=(UploadedFile(*PHOTO),))
    post_id = city.start(submission_id)
    city.save(post_id, pictures=(PictureDraft("टाकी", content=PHOTO[1], name=PHOTO[0]),))
    city.send(post_id)
    with city.read() as session:
        file_id = session.scalars(select(SubmissionFile.id)).one()
        rendition = session.scalars(select(Rendition)).first()
        assert rendition is not None
        link = {"digest": "a", "url": "https://a.example", "asked_at": city.now}
    with city.write() as session:
        session.add(CheckedLink(picture_sha256=rendition.sha256, **link))
    file, pictures = f"/submissions/{submission_id}/files/{file_id}", f"/posts/{post_id}/pictures"
    return post_id, [
        file,
        f"{file}?size=small",
        f"{pictures}/{rendition.sha256}",
        f"{pictures}/{rendition.source_sha256}?size=wide",
        f"{pictures}/{rendition.source_sha256}?size=whole",
        f"/link-pictures/{rendition.sha256}",
    ]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("mr", "सध्या फोटो व इतर फाइल वाचता येत नाहीत. कोणतीही फाइल नष्ट झालेली नाही."),
        ("hi", "अभी फ़ोटो और अन्य फ़ाइलें पढ़ी नहीं जा सकतीं। कोई फ़ाइल नष्ट नहीं हुई है।"),
        ("en", "Photos and other files cannot be read at the moment. None is lost."),
    ],
)
def test_what_cannot_be_read_now_says_so_and_when_to_come_again(
    site: Site, store: AwayStore, language: str, sentence: str
) -> None:
    post_id, addresses = photo_addresses(site)
    clerk = site.browser("clerk")
    clerk.post("/language", {"lang": language})
    store.is_away = True
    for address in addresses:
        answer = clerk.get(address)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60"), address
        assert sentence in Page(answer.text)
        assert "max-age" not in answer.headers.get("Cache-Control", "")
    assert site.browser("first").get(f"/posts/{post_id}/review").status_code == 200
    store.is_away = False
    assert [clerk.get(address).status_code for address in addresses] == [200] * 6


def test_nobody_approves_photos_that_cannot_be_shown(site: Site, store: AwayStore) -> None:
    city = site.city
    post_id, _addresses = photo_addresses(site)
    officer, path = site.browser("first"), f"/posts/{post_id}/review"
    store.is_away = True
    page = officer.page(path)
    assert "सध्या दाखविता येत नाही" in [image.get("alt") for image in page.all]
    sent = page.form_to(f"/posts/{post_id}/approve")
    answer = officer.post(f"/posts/{post_id}/approve", sent)
    page = Page(answer.text)
    assert answer.status_code == 409
    assert "सध्या फोटो दाखविता येत नाहीत, म्हणून मान्यता नोंदविलेली नाही." in page
    assert page.form_to(f"/posts/{post_id}/approve"), "it can be tried again at once"
    with city.read() as session:
        assert session.query(Decision).count() == 0
    store.is_away = False
    assert officer.post(f"/posts/{post_id}/approve", sent).status_code == 302
    store.is_away = True
    twice = officer.post(f"/posts/{post_id}/approve", sent)
    assert twice.status_code == 302, "who presses twice is told of the approval"


def test_neither_does_who_has_a_personal_link(site: Site, store: AwayStore) -> None:
    post_id, _addresses = photo_addresses(site)
    approval_link_steps.with_sms(site)
    approval_link_steps.give_mobile(site, "first")
    path = approval_link_steps.link_for(site, post_id)
    reader = approval_link_steps.prove(site, path)
    store.is_away = True
    answer = reader.post(path, {"step": "approve"})
    assert answer.status_code == 409
    assert "म्हणून मान्यता नोंदविलेली नाही" in Page(answer.text)
    store.is_away = False
    assert reader.post(path, {"step": "approve"}).status_code == 302
    with site.city.read() as session:
        assert session.query(Decision).count() == 1


def test_a_photo_whose_file_is_lost_is_not_approved(site: Site, store: AwayStore) -> None:
    post_id, addresses = photo_addresses(site)
    store.remove(addresses[3].rpartition("/")[2].partition("?")[0])
    officer = site.browser("first")
    sent = officer.page(f"/posts/{post_id}/review").form_to(f"/posts/{post_id}/approve")
    answer = officer.post(f"/posts/{post_id}/approve", sent)
    assert answer.status_code == 409
    assert "एका फोटोची फाइल सापडत नाही किंवा खराब झाली आहे" in Page(answer.text)


def test_a_form_keeps_its_files_and_texts_until_the_store_is_back(
    site: Site, store: AwayStore
) -> None:
    member = site.browser("member")
    photos = [("files", (f"{width}.jpg", pictures.jpeg(width, 48))) for width in (64, 65, 66)]
    response = member.post("/submissions/new", [("act", "up-none")], files=photos)
    store.is_away = True
    store.asked.clear()
    files = [pair for pair in Page(response.text).form("hand-in") if pair[0] == "kept"]
    assert len(files) == 3
    typed = [(name, value) for name, values in TYPED.items() for value in values] + files
    typed += [(name, "") for _file in files for name in ("alt_mr", "alt_en")]
    response = member.post("/submissions/new", typed)
    page = Page(response.text)
    assert response.status_code == 422
    assert store.asked == ["exists"]  # each answer may be long: one is enough
    for width in (64, 65, 66):
        assert f"“{width}.jpg” जतन करता आली नाही" in page
    fields = dict(page.form("hand-in"))
    assert fields["title"] == TYPED["title"][0]
    store.is_away = False
    assert member.post("/submissions/new", page.form("hand-in")).status_code == 302


def test_a_form_whose_thumbnails_cannot_be_read_is_shown_without_them(
    site: Site, store: AwayStore
) -> None:
    member = site.browser("member")
    photos = [("files", (f"{width}.jpg", pictures.jpeg(width, 40))) for width in (71, 72)]
    calls = {"open": 0}

    def leave(name: str) -> None:
        calls[name] = calls.get(name, 0) + 1
        store.is_away = name == "open"

    store.before = leave
    response = member.post("/submissions/files", files=photos)
    assert response.status_code == 200
    assert calls["open"] == 1
    assert Page(response.text).named("kept")
    assert "<img" not in response.text


def test_a_draft_whose_photo_cannot_be_read_keeps_all_its_texts(
    site: Site, store: AwayStore
) -> None:
    city = site.city
    post_id = city.start(city.hand_in())
    pictures_of_draft = tuple(
        PictureDraft("टाकी", content=pictures.jpeg(width, 60), name="a.jpg") for width in (80, 81)
    )
    city.save(post_id, on=["x"], pictures=pictures_of_draft)
    clerk, path = site.browser("clerk"), f"/posts/{post_id}/draft"
    text = f"text_{city.accounts['x']}_mr"
    fields = [
        (name, "नवीन शब्द" if name == text else value)
        for name, value in clerk.page(path).form("draft")
    ]
    store.is_away = True
    response = clerk.post(path, [*fields, ("then", "save")])
    page = Page(response.text)
    assert response.status_code == 422
    assert "सर्व्हरवर सध्या फाइल साठविता येत नाहीत" in page
    assert dict(page.form("draft"))[text] == "नवीन शब्द"
    assert city.newest(post_id) == 1
    store.is_away = False
    assert clerk.post(path, [*fields, ("then", "save")]).status_code == 302


def test_a_waiting_mail_that_cannot_be_read_still_waits(site: Site, store: AwayStore) -> None:
    quarantine_id, lead = wait(site), site.browser("lead")
    department = {"department_id": str(site.city.departments["water"])}
    store.is_away = True
    path = f"/quarantine/{quarantine_id}/take-in"
    response = lead.post(path, department)
    assert response.status_code == 422
    assert "सर्व्हरवर सध्या फाइल साठविता येत नाहीत" in Page(response.text)
    store.is_away = False
    assert lead.post(path, department).status_code == 302


def test_of_several_new_photos_one_is_asked_for_and_each_is_named(
    site: Site, store: AwayStore
) -> None:
    photos = [("files", (f"{width}.jpg", pictures.jpeg(width, 50))) for width in (91, 92, 93)]
    store.is_away = True
    response = site.browser("member").post("/submissions/files", files=photos)
    assert response.status_code == 422
    assert store.asked == ["save"]
    for width in (91, 92, 93):
        assert f"“{width}.jpg” जतन करता आली नाही" in response.text
    with site.city.read() as session:
        assert session.query(Upload).count() == 0


def test_a_post_that_waits_for_its_photos_says_so_and_why_it_was_missed(
    site: Site, store: AwayStore
) -> None:
    city = replace(site.city, store=store)
    post_id = city.start(city.hand_in())
    picture = PictureDraft("टाकी", content=pictures.jpeg(94, 50), name="a.jpg")
    city.save(post_id, on=["x"], pictures=(picture,))
    city.send(post_id)
    city.approve(post_id)
    (delivery_id,) = city.schedule(post_id, timedelta(0))
    store.is_away = True
    city.tick_dispatch()
    path = f"/deliveries/{delivery_id}"
    page = site.browser("clerk").page(path)
    assert "सध्या फोटो वाचता येत नाहीत. पोस्ट थांबली आहे; फोटोंशिवाय ती प्रसिद्ध होणार नाही." in page
    assert "पाठविले नाही: फोटो वाचता आले नाहीत" in page
    assert "तांत्रिक कारण" in page
    assert "माध्यमाचे उत्तर" not in page
    city.tick_dispatch(timedelta(hours=12))
    assert "फोटो वाचता आले नाहीत आणि दरम्यान वेळ उलटली." in site.browser("clerk").page(path)
    with city.read() as session:
        query = select(Notice.body).where(Notice.kind == "delivery_missed")
        assert "फोटो वाचता आले नाहीत." in session.scalars(query).all()[0]
