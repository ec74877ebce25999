"""A link that approves ends after 72 hours of open days, and its page sends a new one."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from publisher.models.notifications import Notice
from publisher.models.people import Person
from publisher.review import approval_links, link_renewal
from publisher.working_time import add_open_days
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.ticked_tasks import reminded as tick_reminders
from tests.web.approval_link_steps import link_for, officer_of, prove
from tests.web.site import Site

RENEW = 'value="renew"'
OVER = "या लिंकची मुदत संपली आहे"
LATELY = "अलीकडेच"


def let_expire(site: Site) -> None:
    """Wait until a link that was made now has just ended."""
    end = add_open_days(site.city.now, approval_links.LINK_LASTS)
    site.city.clock.move(end - site.city.now)


def mails(site: Site, kind: str = "review_reminder") -> list[Notice]:
    with site.city.read() as session:
        query = select(Notice).where(Notice.kind == kind).order_by(Notice.id)
        return list(session.scalars(query))


def mail_of(site: Site, name: str) -> str:
    with site.city.read() as session:
        return session.get_one(Person, site.city.people[name]).mail or ""


def links_in(mail: Notice) -> list[str]:
    found: list[str] = re.findall(r"/approve/[\w-]{43}", mail.body)
    return found


def new_path(site: Site) -> str:
    """Return the path of the link in the newest mail."""
    return links_in(mails(site)[-1])[-1]


def test_a_link_lasts_72_hours_of_the_days_on_which_offices_are_open(site: Site) -> None:
    officer = officer_of(site)
    assert site.city.now.strftime("%A %H:%M") == "Wednesday 06:30"  # 12:00 in Pune
    site.city.clock.move(5 * DAY - MINUTE)  # Monday, past a weekend
    assert OVER not in officer.browser.page(officer.path)
    site.city.clock.move(MINUTE)
    assert OVER in officer.browser.page(officer.path)


def test_a_dead_link_sends_a_new_one_to_its_owner_and_says_where(site: Site) -> None:
    officer = officer_of(site)
    let_expire(site)
    mail = mail_of(site, "first")
    masked = f"{mail[0]}…@{mail.partition('@')[2]}"
    stranger = site.nobody()
    page = stranger.page(officer.path)
    assert masked in page.text
    assert mail not in page.text
    assert RENEW in page.html
    assert mails(site) == []  # opening sends nothing
    assert stranger.post(officer.path, {"step": "renew"}).status_code == 302
    assert f"नवीन लिंक {masked} येथे पाठविली आहे" in stranger.page(officer.path).text
    (sent,) = mails(site)
    assert sent.address == mail
    prove(site, new_path(site))
    assert OVER in stranger.page(officer.path)


def test_a_second_press_sends_nothing_for_a_quarter_hour(site: Site) -> None:
    officer = officer_of(site)
    let_expire(site)
    for _ in range(3):
        officer.browser.post(officer.path, {"step": "renew"})
    assert LATELY in officer.browser.page(officer.path).text
    assert len(mails(site)) == 1
    for _ in range(10):
        site.city.clock.move(16 * MINUTE)
        officer.browser.post(officer.path, {"step": "renew"})
    assert len(mails(site)) == link_renewal.MOST_IN_A_DAY


@pytest.mark.parametrize("what", ["live", "decided", "disabled", "out of office", "window over"])
def test_no_new_link_is_sent_where_there_is_nothing_to_decide(site: Site, what: str) -> None:
    officer = officer_of(site)
    if what != "live":
        let_expire(site)
    match what:
        case "decided":
            site.city.approve(officer.post, by="second")
        case "disabled":
            site.city.disable("first")
        case "out of office":
            site.city.end("first")
        case "window over":
            site.city.clock.move(40 * DAY)
    assert RENEW not in officer.browser.page(officer.path).html
    assert officer.browser.post(officer.path, {"step": "renew"}).status_code == 302
    assert mails(site) == []


def test_a_browser_of_the_cell_sends_no_new_link(site: Site) -> None:
    officer = officer_of(site)
    let_expire(site)
    assert site.browser("clerk").post(officer.path, {"step": "renew"}).status_code == 403
    assert mails(site) == []


def test_codes_asked_for_by_one_link_close_no_other(site: Site) -> None:
    """A forwarded link uses up its own tries, not those of its owner's other links."""
    officer = officer_of(site)
    forwarded, own = officer.path, link_for(site, site.city.in_review())
    stranger = site.nobody()
    for _ in range(5):
        assert stranger.post(forwarded, {"step": "send"}).status_code == 302
        assert stranger.post(forwarded, {"step": "code", "code": "00000000"}).status_code == 422
    assert stranger.post(forwarded, {"step": "send"}).status_code == 422
    assert 'value="approve"' in prove(site, own).page(own).html


def test_every_reminder_brings_a_link_of_its_own(site: Site) -> None:
    site.city.in_review()
    site.city.clock.move(DAY + HOUR)
    tick_reminders(site.city)
    own = mail_of(site, "first")
    (asked,) = (mail for mail in mails(site, "review_asked") if mail.address == own)
    (reminded,) = (mail for mail in mails(site) if mail.address == own)
    tokens = {links_in(mail)[-1] for mail in (asked, reminded)}
    assert len(tokens) == 2
