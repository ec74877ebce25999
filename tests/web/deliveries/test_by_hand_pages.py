"""Publishing by hand through the pages, and the attempts as each role sees them."""

from __future__ import annotations

import pytest

from publisher.delivery.manual import FIRST_LOOK_AFTER
from publisher.delivery.unread_links import tick_unread_links
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.states import DeliveryState
from tests.delivery.test_manual import link_to, post
from tests.support import city_controls
from tests.support.city import City
from tests.support.city_people import HOUR
from tests.web.html_page import Page
from tests.web.site import Site

BUTTON = "स्वतः पोस्ट करून प्रसिद्ध करा"
RAW = "403 duplicate: status is a duplicate, trace 7f3a"


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def failed_delivery(city: City) -> int:
    """Return a delivery that the platform refused with an error message."""
    city.platform("x").fail_next(Refused(RefusalCode.DUPLICATE, RAW))
    return city.live()[0]


def test_a_failed_delivery_is_published_by_hand_with_the_pasted_link(
    site: Site,
) -> None:
    city, clerk = site.city, site.browser("clerk")
    delivery = failed_delivery(city)
    path = f"/deliveries/{delivery}/by-hand"
    assert BUTTON in clerk.page(f"/deliveries/{delivery}")
    copied = clerk.page(path).by_id("copy-text").raw
    link = post(city, delivery)
    assert copied == city.platform("x").published[0].text
    assert clerk.post(path, {"link": link}).headers["Location"] == f"/deliveries/{delivery}"
    page = clerk.page(f"/deliveries/{delivery}")
    assert "स्वतः पोस्ट करून प्रसिद्ध करणारे: स्वाती रणपिसे." in page
    assert "माध्यमावरील मजकूर पडताळला; तो मान्यता मिळालेलाच आहे" in page
    assert link in page.html
    assert BUTTON not in page
    assert city.delivery(delivery).state is DeliveryState.PUBLISHED


def test_a_link_to_a_post_with_another_text_is_refused_and_kept(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    delivery = failed_delivery(city)
    link = post(city, delivery, text="दुसराच मजकूर")
    response = clerk.post(f"/deliveries/{delivery}/by-hand", {"link": link})
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("link").startswith("तेथील मजकूर मान्यता मिळालेला नाही.")
    assert any("दुसराच मजकूर" in notice for notice in page.notices())
    assert page.named("link")[0].get("value") == link


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("", "https://"),
        ("https://x.com/pmc_x/status/1", "या खात्याच्या माध्यमावरील नाही"),
        (link_to("1").replace("pmc_x", "another"), "दुसऱ्या खात्याची आहे"),
        (link_to("99"), "माध्यमावर काहीही दिसत नाही"),
    ],
)
def test_a_wrong_link_is_an_error_at_its_field(site: Site, link: str, says: str) -> None:
    delivery = failed_delivery(site.city)
    response = site.browser("clerk").post(f"/deliveries/{delivery}/by-hand", {"link": link})
    assert response.status_code == 422
    assert says in Page(response.text).error_at("link")


@pytest.mark.parametrize("how", ["away", "no token"])
def test_the_page_says_if_the_text_on_the_platform_was_not_checked(site: Site, how: str) -> None:
    city, clerk = site.city, site.browser("clerk")
    delivery = failed_delivery(city)
    link = post(city, delivery)
    city.platform("x").fail_next(TryLater() if how == "away" else CredentialsExpired(), on="see")
    clerk.post(f"/deliveries/{delivery}/by-hand", {"link": link})
    assert "तेथील मजकूर तपासलेला नाही" in clerk.page(f"/deliveries/{delivery}")
    assert "नंतर पुन्हा पाहिले जाईल" in clerk.page(f"/deliveries/{delivery}")


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ("approved", "माध्यमावरील मजकूर पडताळला; तो मान्यता मिळालेलाच आहे"),
        ("nothing", "माध्यमावर शोधले असता ते तेथे आढळले नाही"),
        ("other", "मान्यता मिळालेल्या मजकुरापेक्षा वेगळे आढळले"),
    ],
)
def test_the_page_says_what_a_later_look_found(site: Site, there: str, says: str) -> None:
    city, clerk = site.city, site.browser("clerk")
    delivery = failed_delivery(city)
    link = post(city, delivery, text="दुसराच मजकूर" if there == "other" else "")
    city.platform("x").fail_next(TryLater(), on="see")
    clerk.post(f"/deliveries/{delivery}/by-hand", {"link": link})
    assert "तेथील मजकूर तपासलेला नाही" in clerk.page(f"/deliveries/{delivery}")
    if there == "nothing":
        city.platform("x").posts.clear()
    city.clock.move(FIRST_LOOK_AFTER)
    assert tick_unread_links(city.context) == 1
    page = clerk.page(f"/deliveries/{delivery}")
    assert says in page
    assert "तेथील मजकूर तपासलेला नाही" not in page


def test_publishing_by_hand_warns_if_the_delivery_is_due_or_may_be_live(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    (scheduled,) = city.schedule(city.approved("road"), HOUR)
    assert "अन्यथा ते दोनदा प्रसिद्ध होईल" in clerk.page(f"/deliveries/{scheduled}/by-hand")
    delivery_id = city.hold()
    assert "हे आधीच प्रसिद्ध झालेले असू शकते" in clerk.page(f"/deliveries/{delivery_id}/by-hand")


def test_during_a_stop_publishing_by_hand_is_not_offered(site: Site) -> None:
    delivery = failed_delivery(site.city)
    city_controls.stop_all(site.city)
    page = site.browser("clerk").page(f"/deliveries/{delivery}/by-hand")
    assert "स्वतः पोस्ट करूनही प्रसिद्ध करू नये" in page
    assert not page.named("link")
    assert "copy-text" not in page.html


def test_attempts_are_in_order_and_only_cell_and_admin_see_raw_responses(site: Site) -> None:
    city = site.city
    city.platform("x").fail_next(TryLater(None, "503 over capacity"))
    city.platform("x").fail_next(Refused(RefusalCode.DUPLICATE, RAW))
    (delivery,) = city.due()
    city.tick_dispatch()
    city.tick_dispatch(HOUR / 2)
    for name, reads in (
        *[(name, True) for name in ("clerk", "lead", "admin")],
        *[(name, False) for name in ("first", "head", "member", "auditor", "oversight")],
    ):
        page = site.browser(name).page(f"/deliveries/{delivery}")
        rows = [row.text for row in page.all if row.tag == "tr" and "clock-1" in row.text]
        assert len(rows) == 2, name
        assert "माध्यमाने थांबण्यास सांगितले" in rows[0], name
        assert "माध्यमाने नाकारले" in rows[1], name
        assert (RAW in rows[1]) is reads, name
        assert ("503 over capacity" in rows[0]) is reads, name
        assert "प्रसिद्ध करणे" in rows[1], name


def test_a_failed_check_before_sending_is_explained_in_a_sentence(site: Site) -> None:
    city = site.city
    (delivery,) = city.due()
    city.end("first")
    city.tick_dispatch()
    page = site.browser("auditor").page(f"/deliveries/{delivery}")
    assert "कोणतीही मान्यता लागू राहिली नव्हती" in page
    assert "approval_missing" not in page.html


def test_an_unconfirmed_delivery_is_settled_by_the_link_a_person_found(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    city.platform("x").fail_next(OutcomeUnknown("reset"), after_keeping=True)
    (delivery,) = city.live()
    number = city.platform("x").published[0].platform_id
    response = clerk.post(f"/deliveries/{delivery}/by-hand", {"link": link_to(number)})
    assert response.status_code == 302
    city.tick_reconcile(HOUR)
    assert city.platform_id(delivery) == number


def test_the_post_that_a_doubtful_answer_named_is_shown(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    city.platform("x").fail_next(OutcomeUnknown("another text", "4711"))
    (delivery,) = city.live()
    assert "पोस्ट क्रमांक 4711" in clerk.page(f"/deliveries/{delivery}")


def test_a_wrong_link_is_an_error_when_a_delivery_is_confirmed_as_live(
    site: Site,
) -> None:
    delivery_id, lead = site.city.hold(), site.browser("lead")
    path = f"/deliveries/{delivery_id}/live"
    response = lead.post(path, {"link": link_to("5").replace("pmc_x", "another")})
    assert response.status_code == 422
    assert "दुसऱ्या खात्याची आहे" in Page(response.text).error_at("link")
    assert lead.post(path, {"link": link_to("5")}).status_code == 302
    assert site.city.platform_id(delivery_id) == "5"


def test_a_link_without_an_id_is_looked_up_when_a_delivery_is_confirmed(
    site: Site,
) -> None:
    delivery_id, lead = site.city.hold(on="facebook"), site.browser("lead")
    link = link_to("pfbid0abcXYZ", on="facebook")
    response = lead.post(f"/deliveries/{delivery_id}/live", {"link": link})
    assert response.status_code == 422
    assert "खात्यावर आढळला नाही" in Page(response.text).error_at("link")
    post(site.city, delivery_id, on="facebook")
    assert lead.post(f"/deliveries/{delivery_id}/live", {"link": link}).status_code == 302
    (published,) = site.city.platform("facebook").published
    assert site.city.platform_id(delivery_id) == published.platform_id
