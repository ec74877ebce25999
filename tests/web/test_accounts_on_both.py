"""The pages of accounts on both databases: SQLite would hide a missing row lock."""

from __future__ import annotations

import pytest

from publisher.delivery.monitoring import intervals, poll
from tests.support.city_people import DAY, MINUTE
from tests.web.site import Site

pytestmark = pytest.mark.both


@pytest.mark.parametrize("page", ["", "/change", "/disconnect"])
def test_the_page_of_an_account_opens(any_site: Site, page: str) -> None:
    admin = any_site.browser("admin")
    account_id = any_site.city.accounts["x"]
    assert admin.get(f"/accounts/{account_id}{page}").status_code == 200


def test_checking_an_account_redirects_to_its_page(any_site: Site) -> None:
    admin = any_site.browser("admin")
    account_id = any_site.city.accounts["x"]
    response = admin.post(f"/accounts/{account_id}/check", {})
    assert response.status_code in (302, 303)


def test_overdue_checks_are_shown_on_the_list_and_on_the_account_s_page(any_site: Site) -> None:
    city = any_site.city
    city.live(on=["x"])
    poll.tick_watching(city.context)
    pages = ("/accounts", f"/accounts/{city.accounts['x']}")
    sentence = "१ प्रसिद्धी वेळेत तपासली गेली नाही; शेवटची तपासणी:"
    city.clock.move(intervals.LONGEST + DAY)
    admin = any_site.browser("admin")
    assert not any(sentence in admin.page(page) for page in pages)
    city.clock.move(MINUTE)
    assert all(sentence in admin.page(page) for page in pages)
    assert sentence not in admin.page(f"/accounts/{city.accounts['facebook']}")
    poll.tick_watching(city.context)
    assert not any(sentence in admin.page(page) for page in pages)


def test_unread_comments_are_shown_on_the_list_and_on_the_account_s_page(any_site: Site) -> None:
    city = any_site.city
    city.live(on=["x"])
    city.listen()
    pages = ("/accounts", f"/accounts/{city.accounts['x']}")
    admin = any_site.browser("admin")
    sentences = (
        "खात्याचे उल्लेख वेळेत वाचले जात नाहीत.",
        "१ प्रसिद्धीखालील टिप्पण्या वेळेत वाचल्या जात नाहीत.",
    )
    assert not any(sentence in admin.page(page) for page in pages for sentence in sentences)
    city.clock.move(7 * MINUTE)
    assert all(sentence in admin.page(page) for page in pages for sentence in sentences)
    assert sentences[1] not in admin.page(f"/accounts/{city.accounts['facebook']}")
