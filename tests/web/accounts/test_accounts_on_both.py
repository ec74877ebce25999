"""The pages of accounts on both databases: SQLite would hide a missing row lock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from publisher.delivery import platform_credits
from publisher.delivery.costs import ledger
from publisher.delivery.monitoring import intervals, poll
from publisher.models.deliveries import Account
from publisher.platforms.base.charges import Cause, Charge, ChargeKind
from publisher.platforms.base.protocol import CreditsUsedUp
from publisher.platforms.base.types import Health, HealthProblem
from publisher.reports.todo import list_waiting
from publisher.scheduling import schedule
from publisher.states import DeliveryState
from publisher.tasks.specs import TaskKind
from tests.delivery.test_manual import post
from tests.support.city_people import DAY, MINUTE
from tests.web.site import Site, with_settings

pytestmark = pytest.mark.twin


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


def test_costs_and_a_budget_that_is_nearly_used_up_are_shown(any_site: Site) -> None:
    city = any_site.city
    house = any_site.app.extensions["house"]
    settings = {**house.settings.platforms, "x_monthly_budget": "1"}
    reads = [Charge(ChargeKind.POST_READ, f"post/{number}") for number in range(170)]
    with city.write() as session:
        account_id, today = city.accounts["x"], city.now.date()
        ledger.add(session, "x", account_id, Cause.LOOKS, today, reads, settings)
    admin = any_site.browser("admin")
    near = "मर्यादेच्या ८५ टक्के खर्च झाला आहे"
    assert "$०.८५" in admin.page("/accounts")
    assert "प्रसिद्ध पोस्टची तपासणी" in admin.page("/accounts")
    assert not any(near in admin.page(page) for page in ("/", "/accounts"))
    house = replace(house, settings=replace(house.settings, platforms=settings))
    any_site.app.extensions["house"] = house
    assert all(near in admin.page(page) for page in ("/", "/accounts"))
    assert near not in any_site.browser("lead").page("/")


def test_the_costs_are_those_of_the_month_by_utc(site: Site) -> None:
    city = site.city
    city.clock.at = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)  # already December in India
    admin = site.browser("admin")
    with city.write() as session:
        reads = [Charge(ChargeKind.POST_READ, f"post/{number}") for number in range(3)]
        settings = site.app.extensions["house"].settings.platforms
        today = city.now.date()
        ledger.add(session, "x", city.accounts["x"], Cause.REPLIES, today, reads, settings)
    page = admin.page("/accounts")
    assert "$०.०२" in page
    assert "$०.०१५" in page
    assert "दि. १ नोव्हेंबर, पहाटे ५:३० पासूनची" in page
    city.clock.move(MINUTE)
    page = admin.page("/accounts")
    assert "$०.०१५" not in page
    assert "आज पहाटे ५:३० पासूनची" in page


def test_that_credits_are_used_up_is_shown_until_a_check_is_answered(any_site: Site) -> None:
    city, sentence = any_site.city, "माध्यमाचे क्रेडिट संपले आहेत"
    city.clock.move(2 * DAY)
    city.platform("x").fail_next(CreditsUsedUp())
    (delivery_id,) = city.due()
    city.tick_dispatch()
    admin, lead = any_site.browser("admin"), any_site.browser("lead")
    path = f"/accounts/{city.accounts['x']}"
    for page in ("/accounts", path, "/"):
        assert sentence in admin.page(page)
    with city.read() as session:
        task = list_waiting(session, actor=city.actor("admin"), now=city.now)[0]
    assert (task.kind, task.since_at) == (TaskKind.CREDITS_USED_UP, city.now)
    for page in ("/decisions", f"/posts/{city.delivery(delivery_id).post_id}"):
        assert sentence in lead.page(page)
    assert "तात्पुरते बंद" not in lead.page("/decisions")
    assert sentence not in admin.page(f"/accounts/{city.accounts['facebook']}")
    city.platform("x").health = Health(HealthProblem.CREDITS)
    admin.post(f"{path}/check", {"from": "account"})
    assert "तेथे ॲपसाठी क्रेडिट खरेदी करावेत" in admin.page(path)
    city.platform("x").health = Health(None, "@pmc_x")
    admin.post(f"{path}/check", {"from": "account"})
    assert sentence not in admin.page(path)


def test_what_waits_for_credits_can_be_moved_cancelled_or_sent_by_hand(
    site: Site,
) -> None:
    city, sentence = site.city, "माध्यमाचे क्रेडिट संपले आहेत"
    city.platform("x").fail_next(CreditsUsedUp())
    deliveries = [city.due()[0] for _ in range(3)]
    city.tick_dispatch()
    platform_credits.tick_credits(city.context)
    posts = [city.delivery(delivery).post_id for delivery in deliveries]
    lead = site.browser("lead")
    for post_id in posts:
        page = lead.page(f"/posts/{post_id}")
        assert sentence in page
        assert "अद्याप प्रसिद्ध झालेले नाही; कारण खाली दिले आहे." in page
        assert "यातील काही प्रसिद्ध होत आहे" not in page
    city.schedule(posts[0], DAY)
    with city.write() as session:
        actor = city.actor("clerk")
        schedule.cancel(session, actor=actor, now=city.now, delivery_id=deliveries[1])
    path, link = f"/deliveries/{deliveries[2]}/by-hand", post(city, deliveries[2])
    assert lead.post(path, {"link": link}).status_code == 302
    assert city.delivery(deliveries[2]).state is DeliveryState.PUBLISHED
    platform_credits.tick_credits(city.context)
    for post_id in posts:
        assert sentence not in lead.page(f"/posts/{post_id}")
    assert sentence not in lead.page(f"/deliveries/{deliveries[1]}")


def test_why_comments_do_not_come_by_webhooks_is_shown(any_site: Site) -> None:
    city = any_site.city
    pages = ("/accounts", f"/accounts/{city.accounts['facebook']}")
    admin = any_site.browser("admin")
    sentence = "सध्या फेसबुक टिप्पण्यांची माहिती कळवीत नाही."
    assert not any(sentence in admin.page(page) for page in pages)  # webhooks are not set up
    names = ("facebook_app_id", "facebook_app_secret", "facebook_verify_token")
    with_settings(any_site, **dict.fromkeys(names, "1"))
    assert all(sentence in admin.page(page) for page in pages)
    with city.write() as session:
        account = session.get_one(Account, city.accounts["facebook"])
        account.scopes = ["pages_manage_posts"]
    missing = "टिप्पण्यांची माहिती लगेच मिळण्याची परवानगी मिळालेली नाही."
    assert all(missing in admin.page(page) for page in pages)
    with city.write() as session:
        session.get_one(Account, city.accounts["facebook"]).subscribed_at = city.now
    assert not any(sentence in admin.page(page) or missing in admin.page(page) for page in pages)
    city.comment(under=city.live(on=["facebook"])[0], on="facebook")
    with city.write() as session:
        session.get_one(Account, city.accounts["facebook"]).subscribed_at = city.now
    late = "फेसबुक या माध्यमाकडून कळविण्यात आल्या नव्हत्या"
    assert all(late in admin.page(page) for page in pages)
