"""The pages of the calendar: times, bulk rescheduling, the private feed, the report, the mails."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import select

from publisher.models.desk import Slot
from publisher.models.notifications import Notice
from publisher.platforms.base.protocol import CredentialsExpired
from publisher.reports.ical_feeds import MOST_FETCHES
from tests.support import city_controls
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.web.html_page import Page
from tests.web.schedule_form import time_fields
from tests.web.site import PASSWORD, Browser, Site

NEW = "तळ्यात पाच बदके आणि चंद्र"


def due_at(town: City, delivery_id: int) -> datetime:
    return town.delivery(delivery_id).due_at


def item_classes(page: Page) -> list[str]:
    """Return the classes of the items in the table's cells, in order."""
    return [tag.get("class") for tag in page.all if "month-item" in tag.get("class").split()]


def cell(page: Page, day: str) -> str:
    return next(cell.text for cell in page.all if cell.tag == "td" and cell.get("data-day") == day)


def addresses(page: Page, pattern: str, attribute: str = "href") -> list[str]:
    """Return the addresses of links or forms that match."""
    return [text for tag in page.all if re.search(pattern, text := tag.get(attribute))]


# The calendar


def test_a_month_shows_past_today_and_future_and_links_to_other_months(site: Site) -> None:
    site.city.live()
    site.city.hold()
    site.city.schedule(site.city.approved(), 5 * DAY)
    page = site.browser("clerk").page("/calendar")
    assert "नोव्हेंबर २०२६" in page
    assert len([cell for cell in page.all if cell.tag == "td"]) == 42
    today = next(tag for tag in page.all if tag.get("class").split()[:1] == ["today"])
    assert today.text.startswith("२५")
    assert item_classes(page) == [
        "month-item tone-green month-item-past",
        "month-item tone-plum month-item-filled",
        "month-item tone-teal",
    ]
    assert "वेळ निश्चित, " in cell(page, "2026-11-30")
    assert addresses(page, "month=2026-10")
    assert addresses(page, "month=2026-12")


def test_the_calendar_also_has_a_list_of_days_for_narrow_screens(site: Site) -> None:
    (delivery,) = site.city.schedule(site.city.approved(), DAY)
    page = site.browser("clerk").page("/calendar")
    headings = [heading.text for heading in page.all if heading.tag == "h2"]
    assert "उद्या, गुरुवार, दि. २६ नोव्हेंबर" in headings
    assert due_at(site.city, delivery) - site.city.now == DAY


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("?account=1", 3),
        ("?account=2", 1),
        ("?department=2&view=week", 2),
        ("?state=in_review", 1),
        ("?state=scheduled&view=week", 2),
        ("?state=nonsense&account=x&department=-1&view=nonsense&month=2026-99&from=soon", 3),
        ("?month=2026-12", 0),
    ],
)
def test_the_calendar_is_filtered_by_account_department_and_state(
    site: Site, query: str, count: int
) -> None:
    city = site.city
    assert (city.accounts, city.departments["water"]) == ({"x": 1, "facebook": 2}, 2)
    city.schedule(city.approved(on=["x", "facebook"]), HOUR)
    city.schedule(city.approved("road"), 2 * HOUR)
    city.send(city.draft(city.hand_in(wished_at=city.now + 3 * HOUR)))
    assert len(item_classes(site.browser("clerk").page(f"/calendar{query}"))) == count


def test_a_day_with_many_deliveries_links_to_its_list(site: Site) -> None:
    for at in range(6):
        site.city.schedule(site.city.approved(), (at + 1) * HOUR)
    page = site.browser("clerk").page("/calendar")
    assert len(item_classes(page)) == 3
    assert "आणखी ३" in cell(page, "2026-11-25")
    (more,) = addresses(page, r"view=list&from=2026-11-25")[:1]
    listed = site.browser("clerk").page(more)
    assert len([tag for tag in listed.all if tag.get("class") == "day-entry"]) == 6


def test_conflicts_quiet_times_and_gaps_are_shown_as_sentences(site: Site) -> None:
    site.city.schedule(site.city.approved(), 10 * HOUR + 30 * MINUTE)
    site.city.schedule(site.city.approved("road"), 10 * HOUR + 35 * MINUTE)
    city_controls.set_slot_and_quiet_time(site.city)
    page = site.browser("clerk").page("/calendar")
    assert "एकाच वेळी दोन" in cell(page, "2026-11-25")
    assert "फेसबुक: काही नाही" in cell(page, "2026-11-25")
    assert "काही नाही" not in cell(page, "2026-12-01")  # another month's
    assert "सर्व सोशल मिडिया खाती · दररोज · रात्री १०:०० ते सकाळी ७:००" in page
    quiet = [tag for tag in page.all if tag.get("aria-label") == "टाळावयाच्या वेळेत"]
    assert len(quiet) == 2
    assert "काही नाही" not in site.browser("first").page("/calendar")


def test_only_a_person_who_may_schedule_can_drag_a_delivery(site: Site) -> None:
    site.city.schedule(site.city.approved(), DAY)
    for who, may in {"clerk": True, "lead": True, "first": False, "auditor": False}.items():
        page = site.browser(who).page("/calendar")
        assert any(tag.get("draggable") for tag in page.all) is may
        assert ("/calendar/move" in page.html) is may


# Good times and hours to avoid


def test_times_of_a_post_are_set_shown_and_removed(site: Site) -> None:
    clerk = site.browser("clerk")
    form = [("account", "1"), ("weekdays", "0"), ("weekdays", "3"), ("clock", "सकाळी ९:००")]
    assert clerk.post("/slots", form).status_code == 302
    quiet = {
        "quiet-account": "",
        "quiet-weekday": "6",
        "quiet-begins": "22:00",
        "quiet-ends": "07:00",
    }
    assert clerk.post("/slots/quiet", quiet).status_code == 302
    page = clerk.page("/slots")
    assert "सोमवार सकाळी ९:००" in page
    assert "सर्व सोशल मिडिया खाती · रविवार · रात्री १०:०० ते सकाळी ७:००" in page
    for path in addresses(page, r"/remove$", "action"):
        assert clerk.post(path).status_code == 302
    assert "अद्याप टाळावयाची वेळ ठरविलेली नाही." in clerk.page("/slots")


def test_a_good_time_is_set_for_all_accounts_at_once(site: Site) -> None:
    form = [("account", ""), ("weekdays", "0"), ("weekdays", "3"), ("clock", "9:00")]
    assert site.browser("clerk").post("/slots", form).status_code == 302
    with site.city.read() as session:
        slots = {(slot.account_id, slot.weekday) for slot in session.query(Slot)}
    assert slots == {
        (account_id, day) for account_id in site.city.accounts.values() for day in (0, 3)
    }


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("/slots", {"weekdays": "1", "clock": "9:00"}, "account"),
        ("/slots", {"account": "1", "clock": "9:00"}, "weekdays"),
        ("/slots", {"account": "1", "weekdays": "1", "clock": "25:00"}, "clock"),
        ("/slots", {"account": "999", "weekdays": "1", "clock": "9:00"}, "account"),
        ("/slots/quiet", {"quiet-begins": "22", "quiet-ends": "7:00"}, "quiet-ends"),
        ("/slots/quiet", {"quiet-begins": "07:00", "quiet-ends": "07:00"}, "quiet-ends"),
    ],
)
def test_a_wrong_time_is_told_at_its_field_and_kept(
    site: Site, path: str, form: dict[str, str], field: str
) -> None:
    response = site.browser("clerk").post(path, form)
    assert response.status_code == 422
    page = Page(response.text)
    assert page.by_id(f"{field}-error").text
    for name, value in form.items():
        if name not in ("account", "weekdays"):
            assert page.by_id(name).get("value") == value


@pytest.mark.parametrize("weekday", ["9", "-1", "सोमवार", None])
def test_an_invalid_weekday_is_not_taken_for_every_day(site: Site, weekday: str | None) -> None:
    form = {"quiet-account": "", "quiet-begins": "22:00", "quiet-ends": "07:00"}
    sent = form if weekday is None else {**form, "quiet-weekday": weekday}
    clerk = site.browser("clerk")
    response = clerk.post("/slots/quiet", sent)
    assert response.status_code == 422
    assert Page(response.text).error_at("quiet-weekday") == "यादीतून निवडावे."
    assert "अद्याप टाळावयाची वेळ ठरविलेली नाही." in clerk.page("/slots")


def test_a_free_slot_fills_its_row_of_the_form(site: Site) -> None:
    city_controls.set_slot_and_quiet_time(site.city)
    post_id = site.city.approved()
    text, path = site.city.variants(post_id)[0], f"/posts/{post_id}/schedule"
    clerk = site.browser("clerk")
    offered = [str(tag.get("value")) for tag in clerk.page(path).named("fill")]
    moments = [wish.partition("/")[2] for wish in offered if wish.startswith(f"{text}/")]
    assert [datetime.fromisoformat(moment) for moment in moments] == [
        datetime(2026, 11, 30, 3, 30, tzinfo=UTC) + timedelta(weeks=at) for at in range(3)
    ]
    typed = time_fields(text, "26/11/2026", "8:00")
    filled = Page(clerk.post(path, [*typed, ("fill", offered[1]), ("late_limit", "77")]).text)
    assert filled.by_id(f"text-{text}-due_at").get("value") == "७ डिसेंबर २०२६, सकाळी ९:००"
    assert filled.by_id("late_limit").get("value") == "77"


def test_a_quiet_time_is_set_by_a_tick_in_the_same_form(site: Site) -> None:
    city_controls.set_slot_and_quiet_time(site.city)
    post_id = site.city.approved()
    text, path = site.city.variants(post_id)[0], f"/posts/{post_id}/schedule"
    clerk = site.browser("clerk")
    night = [*time_fields(text, "26/11/2026", "23:00"), ("late_limit", "60")]
    refused = clerk.post(path, night)
    page = Page(refused.text)
    assert refused.status_code == 422
    assert "टाळण्यास सुचविलेल्या वेळेत" in page.error_at(f"text-{text}-due_at")
    assert page.named("despite_warnings")
    assert clerk.post(path, [*night, ("despite_warnings", "y")]).status_code == 302


# Several at once


def texts_of(city: City, *deliveries: int) -> list[int]:
    return [city.delivery(delivery_id).variant_id for delivery_id in deliveries]


def chosen(*texts: int, **fields: object) -> list[tuple[str, str]]:
    return [
        *(("chosen", str(text)) for text in texts),
        *((name, str(value)) for name, value in fields.items()),
    ]


def test_a_bulk_move_shows_its_plan_before_it_moves(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    first, second = (city.schedule(city.approved(), at * HOUR)[0] for at in (1, 2))
    before = due_at(city, first)
    assert len(clerk.page("/calendar/move").all) > 0
    sent = chosen(*texts_of(city, first, second), way="days", amount="2", step="show")
    plan = Page(clerk.post("/calendar/move", sent).text)
    assert "२ प्रसिद्धींची वेळ बदलेल." in plan
    assert due_at(city, first) == before
    response = clerk.post("/calendar/move", [*plan.form("plan"), ("step", "do")])
    assert response.status_code == 302
    assert [due_at(city, delivery_id) for delivery_id in (first, second)] == [
        before + 2 * DAY,
        before + 2 * DAY + HOUR,
    ]


def test_a_bulk_move_shows_its_plan_again_if_a_slot_was_taken_meanwhile(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    (delivery_id,) = city.schedule(city.approved(), HOUR)
    sent = chosen(*texts_of(city, delivery_id), way="hours", amount="1", step="show")
    plan = Page(clerk.post("/calendar/move", sent).text)
    city.schedule(city.approved("road"), 2 * HOUR)
    response = clerk.post("/calendar/move", [*plan.form("plan"), ("step", "do")])
    assert response.status_code == 409
    assert "दरम्यान काही बदल झाला आहे." in Page(response.text)
    assert due_at(city, delivery_id) == city.now + HOUR


def test_a_dropped_delivery_is_moved_at_once_or_the_refusal_is_shown(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    both = city.schedule(city.approved(on=["x", "facebook"]), HOUR)
    dropped = [
        ("chosen", ",".join(map(str, texts_of(city, *both)))),
        ("step", "drag"),
        ("way", "days"),
    ]
    response = clerk.post("/calendar/move", [*dropped, ("amount", "1"), ("back", "/calendar?x=1")])
    assert response.headers["Location"] == "/calendar?x=1"
    assert {due_at(city, delivery_id) for delivery_id in both} == {city.now + HOUR + DAY}
    back = clerk.post("/calendar/move", [*dropped, ("amount", "-2"), ("back", "//evil.example")])
    assert back.status_code == 409
    assert "evil.example" not in back.text
    assert "वेळ बदलली नाही. कारण पाहावे." in Page(back.text)
    assert {due_at(city, delivery_id) for delivery_id in both} == {city.now + HOUR + DAY}


@pytest.mark.parametrize(
    "fields",
    [
        {"way": "hours", "amount": "0"},
        {"way": "hours", "amount": "many"},
        {"way": "days", "amount": "9999999999"},
        {"way": "at", "due_at": "30"},
        {"way": "hours", "amount": "1", "chosen": ""},
    ],
)
def test_an_invalid_bulk_move_is_refused_and_keeps_the_selection(
    site: Site, fields: dict[str, str]
) -> None:
    (delivery_id,) = site.city.schedule(site.city.approved(), HOUR)
    (text,) = texts_of(site.city, delivery_id)
    sent = chosen(**fields) if "chosen" in fields else chosen(text, **fields)
    response = site.browser("clerk").post("/calendar/move", [*sent, ("step", "show")])
    assert response.status_code == 422
    page = Page(response.text)
    assert "chosen" in fields or page.by_id(f"chosen-{text}").attributes.get("checked") is not None
    assert page.by_id("amount").get("value") == fields.get("amount", "1")


# The private feed


def link_of(browser: Browser) -> str:
    response = browser.post("/calendar/feed")
    address = Page(response.text).by_id("feed-address").get("value")
    assert re.fullmatch(r"https://nagarvani\.example/feeds/[\w-]{43}\.ics", address)
    return address.removeprefix("https://nagarvani.example")


def test_a_calendar_program_reads_what_its_person_may_see(site: Site) -> None:
    city = site.city
    (delivery,) = city.schedule(city.approved(), DAY)
    city.schedule(city.approved("road"), DAY)
    post_id = city.delivery(delivery).post_id
    path = link_of(site.browser("first"))
    response = site.nobody().get(path)
    assert response.status_code == 200
    assert response.mimetype == "text/calendar"
    (event,) = Calendar.from_ical(response.data).walk("VEVENT")
    assert event["summary"] == "शनिवारी पाणीपुरवठा बंद · एक्स (X) · वेळ निश्चित"
    assert b"DTSTART:20261126T063000Z" in response.data
    assert event["url"] == f"https://nagarvani.example/posts/{post_id}"
    assert event["uid"] == f"delivery-{delivery}@nagarvani.example"
    assert event["status"] == "CONFIRMED"
    assert all(len(line) <= 75 for line in response.data.split(b"\r\n"))


def test_the_calendar_feed_answers_304_until_something_has_changed(site: Site) -> None:
    site.city.schedule(site.city.approved(), DAY)
    path, nobody = link_of(site.browser("clerk")), site.nobody()
    first = nobody.get(path)
    site.city.clock.move(HOUR)
    for sent in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = nobody.get(path, **sent)
        assert (again.status_code, again.data) == (304, b"")
    site.city.schedule(site.city.approved("road"), DAY)
    changed = nobody.get(path, **{"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert len(Calendar.from_ical(changed.data).walk("VEVENT")) == 2


def test_a_revoked_feed_link_answers_like_an_unknown_one(site: Site) -> None:
    path, nobody = link_of(site.browser("first")), site.nobody()
    assert nobody.get("/feeds/nobody-made-this.ics").status_code == 404
    assert site.browser("first").post("/calendar/feed/end").status_code == 302
    assert nobody.get(path).status_code == 404
    other = link_of(site.browser("second"))
    site.city.disable("second")
    response = nobody.get(other)
    assert (response.status_code, response.data) == (404, b"")


@pytest.mark.ci
def test_too_many_requests_for_a_feed_are_answered_with_retry_after(site: Site) -> None:
    path, nobody = link_of(site.browser("clerk")), site.nobody()
    codes = [nobody.get(path).status_code for _ in range(MOST_FETCHES + 1)]
    assert codes == [200] * MOST_FETCHES + [429]
    assert nobody.get(path).headers["Retry-After"] == "3601"


# The report, the board, the mails


def test_the_charts_of_the_report_show_the_numbers_of_its_table(site: Site) -> None:
    site.city.live(on=["x", "facebook"])
    site.city.answer(site.city.comment(under=1))
    site.city.tick_dispatch()
    page = site.browser("clerk").page("/report")
    drawn = [bar for bar in page.all if bar.tag == "rect" and bar.get("height") != "0.0"]
    assert [bar.get("class") for bar in drawn[:2]] == ["chart-posts", "chart-answers"]
    assert len([bar for bar in page.all if bar.tag == "rect"]) == 2 * (24 + 2)
    assert all(tag.get("style") == "" for tag in page.all)
    assert "एकूण" in page
    own = site.browser("head").page("/report")
    assert "विभागानुसार पोस्ट व उत्तरे" not in own
    other = site.browser("health_head").page("/report?department=2")
    assert "या कालावधीत काहीही प्रसिद्ध झाले नाही." in other


def test_failed_mails_are_listed_and_can_be_sent_again(site: Site) -> None:
    site.city.in_review()
    failed = city_controls.fail_mail(site.city, "550 no such mailbox")
    lead = site.browser("lead")
    assert "१ ईमेल पाठविता आला नाही" in lead.page("/decisions")
    assert "ईमेल पाठविता आला नाही" not in site.browser("clerk").page("/decisions")
    assert "550 no such mailbox" in lead.page("/mails")
    assert lead.post(f"/mails/{failed}/send-again").status_code == 302
    assert "सर्व ईमेल पाठविले गेले आहेत." in lead.page("/mails")
    assert lead.post(f"/mails/{failed}/send-again").status_code == 409


def test_an_account_with_expired_access_is_listed_with_what_to_do(site: Site) -> None:
    site.city.platform("x").fail_next(CredentialsExpired())
    site.city.live()
    page = site.browser("clerk").page("/decisions")
    assert "माध्यमाने या सोशल मिडिया खात्यास दिलेली प्रवेश परवानगी संपली आहे" in page
    assert addresses(page, "/accounts$")
    assert "परवानगी संपली" not in site.browser("first").page("/decisions")


@pytest.mark.parametrize("by", ["change", "reset"])
def test_a_feed_link_ends_with_a_new_password(any_site: Site, by: str) -> None:
    first, nobody = any_site.browser("first"), any_site.nobody()
    path, of_another = link_of(first), link_of(any_site.browser("second"))
    if by == "change":
        fields = {"password": PASSWORD, "new_password": NEW}
        assert first.post("/profile/password", fields).status_code == 302
    else:
        nobody.post("/forgotten", {"identifier": "first@pmc.example"})
        (notice,) = sent_notices(any_site, "password_link")
        link = re.search(r"/forgotten/link/[\w-]+", notice.body)
        assert link is not None
        assert nobody.post(link[0], {"new_password": NEW}).status_code == 302
    assert nobody.get(path).status_code == 404
    assert nobody.get(of_another).status_code == 200
    (notice,) = sent_notices(any_site, "access_changed")
    assert "लिंक बंद झाली आहे" in notice.body
    again = any_site.nobody()
    again.sign_in("first", NEW)
    assert nobody.get(link_of(again)).status_code == 200


def sent_notices(site: Site, kind: str) -> list[Notice]:
    with site.city.read() as session:
        return list(session.scalars(select(Notice).where(Notice.kind == kind)))
