"""What the approver's browser reported about the photos is kept with the decision, and printed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from publisher.drafting.drafts import PictureDraft
from publisher.models.posts import Decision, PictureView
from tests.papers import reading
from tests.support.away_store import AwayStore
from tests.support.forms import photo
from tests.web import approval_link_steps
from tests.web.html_page import Page
from tests.web.site import Site

SHOWN = "The photos were shown on the screen."
TICKED = "Not every photo loaded; the approver ticked that it was seen in the email or on paper."
NOT_KNOWN = "It is not known whether the photos were shown."


def in_review(site: Site, *, photos: int = 1) -> int:
    city = site.city
    post_id = city.start(city.hand_in())
    pictures = (PictureDraft("टाकी", content=photo(1200, 900)),) * photos
    city.save(post_id, on=["x"], pictures=pictures)
    city.send(post_id)
    return post_id


def recorded(site: Site) -> PictureView | None:
    with site.city.read() as session:
        return session.scalars(select(Decision.picture_view)).one()


def printed(site: Site, post_id: int) -> str:
    lead = site.browser("lead")
    lead.post("/language", {"lang": "en"})
    return " ".join(reading.whole(lead.get(f"/posts/{post_id}.pdf").data).split())


@pytest.mark.parametrize(
    ("reported", "view", "sentence"),
    [
        ("shown", PictureView.SHOWN, SHOWN),
        ("ticked", PictureView.TICKED, TICKED),
        ("not_known", PictureView.NOT_KNOWN, NOT_KNOWN),
        ("looked at", PictureView.NOT_KNOWN, NOT_KNOWN),
        (None, PictureView.NOT_KNOWN, NOT_KNOWN),
    ],
)
def test_an_approval_keeps_the_word_and_the_record_prints_it(
    site: Site, reported: str | None, view: PictureView, sentence: str
) -> None:
    post_id = in_review(site)
    officer, path = site.browser("first"), f"/posts/{post_id}/approve"
    form = officer.page(f"/posts/{post_id}/review").form_to(path)
    assert ("pictures", "not_known") in form, "what a browser without scripts sends"
    sent = [(name, value) for name, value in form if name != "pictures"]
    sent += [("pictures", reported)] if reported is not None else []
    assert officer.post(path, sent).status_code == 302
    assert recorded(site) is view
    record = printed(site, post_id)
    assert [text for text in (SHOWN, TICKED, NOT_KNOWN) if text in record] == [sentence]


def test_an_approval_by_link_keeps_the_word_too(site: Site) -> None:
    post_id = in_review(site)
    approval_link_steps.with_sms(site)
    approval_link_steps.give_mobile(site, "first")
    path = approval_link_steps.link_for(site, post_id)
    reader = approval_link_steps.prove(site, path)
    page = reader.page(path)
    (field,) = page.named("pictures")
    assert field.get("value") == "not_known"
    whole = {image.get("src") for image in page.all if image.tag == "img"}
    assert len(whole) == 1, "the crop and the whole photo are one file"
    assert reader.get(whole.pop()).mimetype == "image/webp"
    assert reader.post(path, {"step": "approve", "pictures": "shown"}).status_code == 302
    assert recorded(site) is PictureView.SHOWN
    assert SHOWN in printed(site, post_id)


def test_without_photos_nothing_is_kept_or_printed(site: Site) -> None:
    post_id = in_review(site, photos=0)
    officer, path = site.browser("first"), f"/posts/{post_id}/approve"
    form = officer.page(f"/posts/{post_id}/review").form_to(path)
    assert "pictures" not in dict(form)
    assert officer.post(path, [*form, ("pictures", "shown")]).status_code == 302
    assert recorded(site) is None
    assert not any(text in printed(site, post_id) for text in (SHOWN, TICKED, NOT_KNOWN))


def test_a_return_keeps_nothing_about_the_photos(site: Site) -> None:
    post_id = in_review(site)
    officer, path = site.browser("first"), f"/posts/{post_id}/return"
    form = officer.page(path + "?revision=1").form("return")
    sent = dict(form) | {"reason": "तारीख तपासावी.", "pictures": "shown"}
    assert officer.post(path, sent).status_code == 302
    assert recorded(site) is None


def test_who_saw_the_photos_elsewhere_approves_while_the_store_is_away(site: Site) -> None:
    post_id = in_review(site)
    store, house = AwayStore(site.city.store.root), site.app.extensions["house"]
    site.app.extensions["house"] = replace(house, store=store)
    officer, path = site.browser("first"), f"/posts/{post_id}/approve"
    form = dict(officer.page(f"/posts/{post_id}/review").form_to(path))
    store.is_away = True
    answer = officer.post(path, form | {"pictures": "shown"})
    assert answer.status_code == 409
    assert "मान्यता नोंदविलेली नाही" in Page(answer.text)
    assert officer.post(path, form | {"pictures": "ticked"}).status_code == 302
    assert recorded(site) is PictureView.TICKED


def test_a_photo_that_is_lost_is_not_approved_by_a_tick(site: Site) -> None:
    post_id = in_review(site)
    officer, path = site.browser("first"), f"/posts/{post_id}/approve"
    page = officer.page(f"/posts/{post_id}/review")
    address = next(image.get("src") for image in page.all if image.tag == "img")
    site.city.store.remove(address.rpartition("/")[2].partition("?")[0])
    sent = dict(page.form_to(path)) | {"pictures": "ticked"}
    assert officer.post(path, sent).status_code == 409
