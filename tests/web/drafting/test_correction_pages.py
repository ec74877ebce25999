"""The pages for correcting and deleting live posts, and for hiding comments."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.delivery.monitoring import poll
from publisher.models.deliveries import Delivery
from publisher.models.monitoring import Watch
from publisher.models.posts import Post
from tests.support.city import City
from tests.support.city_people import DAY, HOUR
from tests.web.site import Site

WHY = "चुकीच्या भागाचे नाव प्रसिद्ध झाले."
CORRECTED_TEXT = "शनिवारी सकाळी १० पासून पाणीपुरवठा बंद राहील."


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def live_post(town: City) -> int:
    """Return a post that went live on both platforms an hour ago."""
    deliveries = town.live(on=("x", "facebook"))
    town.clock.move(HOUR)
    return town.delivery(deliveries[0]).post_id


def test_a_clerk_corrects_a_live_post_and_the_officer_reads_the_effect(site: Site) -> None:
    town = site.city
    post_id, clerk = live_post(town), site.browser("clerk")
    page = clerk.page(f"/posts/{post_id}")
    assert "शुद्धिपत्रक काढा" in page.html
    draft = clerk.page(f"/posts/{post_id}/draft")
    assert "शुद्धिपत्रक: " in draft.html
    x, facebook = town.accounts["x"], town.accounts["facebook"]
    sent = {
        "seen": "1",
        "title": "शनिवारी पाणीपुरवठा बंद",
        f"text_{x}_mr": f"शुद्धिपत्रक: {CORRECTED_TEXT}",
        f"text_{facebook}_mr": CORRECTED_TEXT,
        "then": "send",
    }
    assert clerk.post(f"/posts/{post_id}/draft", sent).status_code == 302
    officer = site.browser("first")
    review = officer.page(f"/posts/{post_id}/review")
    assert "वरील आपल्या पोस्टचा मजकूर असा होईल" in review.html
    assert "उत्तर म्हणून दिसेल" in review.html
    assert officer.post(f"/posts/{post_id}/approve", _form_fields(town, post_id)).status_code == 302
    town.schedule(post_id, timedelta(0))
    town.tick_dispatch()
    member = site.browser("member")
    assert CORRECTED_TEXT in member.page(f"/posts/{post_id}").html
    assert [post.text for post in town.platform("facebook").published] == [CORRECTED_TEXT]


def _form_fields(town: City, post_id: int) -> dict[str, str]:
    return {"seen": str(town.newest(post_id)), "under": str(town.appointments["first"])}


def test_a_correction_that_changes_nothing_keeps_what_was_typed(site: Site) -> None:
    town = site.city
    post_id, clerk = live_post(town), site.browser("clerk")
    sent = {
        "seen": "1",
        "title": "शनिवारी पाणीपुरवठा बंद",
        f"text_{town.accounts['x']}_mr": "शुद्धिपत्रक: ",
        "note": "अजून लिहायचे आहे",
        "then": "save",
    }
    response = clerk.post(f"/posts/{post_id}/draft", sent)
    assert response.status_code == 422
    assert "यामुळे काहीही बदलणार नाही" in response.text
    assert "अजून लिहायचे आहे" in response.text


def test_the_officer_orders_a_deletion_and_the_department_reads_why(site: Site) -> None:
    town = site.city
    post_id, officer = live_post(town), site.browser("first")
    page = officer.page(f"/posts/{post_id}/take-back")
    assert page.html.count('name="things"') == 2
    with town.read() as session:
        things = [
            str(delivery.receipt.id)
            for delivery in session.get_one(Post, post_id).deliveries
            if delivery.receipt is not None
        ]
    nothing = officer.post(f"/posts/{post_id}/take-back", {"reason": WHY})
    assert nothing.status_code == 422
    assert WHY in nothing.text
    fields = [("things", key) for key in things] + [("reason", WHY)]
    assert officer.post(f"/posts/{post_id}/take-back", fields).status_code == 302
    assert WHY in site.browser("member").page(f"/posts/{post_id}").html
    town.tick_dispatch()
    after = site.browser("member").page(f"/posts/{post_id}")
    assert "अंमलबजावणी झाली" in after.html
    assert "काढून टाकण्याचा आदेश दिला" in after.html
    assert town.platform("x").published == []
    with town.read() as session:
        orders = session.query(Delivery).filter(Delivery.action == "delete").all()
    delivery_page = officer.page(f"/deliveries/{orders[0].id}")
    assert WHY in delivery_page.html
    assert "प्रसिद्ध झालेले काढून टाका" in delivery_page.html


def test_a_comment_is_hidden_and_shown_again_from_its_page(site: Site) -> None:
    town = site.city
    comment_id = town.comment(under=town.live()[0])
    officer = site.browser("first")
    assert f"/comments/{comment_id}/hide" in officer.page(f"/comments/{comment_id}").html
    assert officer.post(f"/comments/{comment_id}/hide", {"reason": " "}).status_code == 422
    assert officer.post(f"/comments/{comment_id}/hide", {"reason": WHY}).status_code == 302
    again = officer.post(f"/comments/{comment_id}/hide", {"reason": WHY})
    assert again.status_code == 409
    assert WHY in again.text
    town.tick_dispatch()
    page = officer.page(f"/comments/{comment_id}")
    assert "माध्यमावर लपविले" in page.html
    assert WHY in page.html
    assert officer.post(f"/comments/{comment_id}/unhide", {"reason": WHY}).status_code == 302
    town.tick_dispatch()
    assert "माध्यमावर लपविले" not in officer.page(f"/comments/{comment_id}").html


def test_what_somebody_else_changed_stands_on_the_board_until_it_is_seen(site: Site) -> None:
    town = site.city
    (delivery,) = town.live(on=("facebook",))
    poll.tick_watching(town.context)
    town.platform("facebook").somebody_edits(town.platform_id(delivery), "पाणी बंद नाही.")
    town.clock.move(DAY)
    poll.tick_watching(town.context)
    lead = site.browser("lead")
    assert "पाणी बंद नाही." in lead.page("/decisions").html
    with town.read() as session:
        watch_id = session.query(Watch).one().id
    page = lead.page(f"/found/{watch_id}")
    assert "पाणी बंद नाही." in page.html
    assert "शनिवारी पाणीपुरवठा बंद" in page.html
    assert lead.post(f"/found/{watch_id}/seen", {"note": " "}).status_code == 422
    note = {"note": "अधीक्षकांनी थेट बदल केला; कळविले."}
    assert lead.post(f"/found/{watch_id}/seen", note).status_code == 302
    twice = lead.post(f"/found/{watch_id}/seen", note)
    assert twice.status_code == 409
    assert note["note"] in twice.text
    assert "पाणी बंद नाही." not in lead.page("/decisions").html
    assert note["note"] in site.browser("member").page(f"/found/{watch_id}").html
    assert site.browser("road_officer").get(f"/found/{watch_id}").status_code == 404
