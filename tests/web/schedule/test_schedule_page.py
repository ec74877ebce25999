"""The page that schedules all texts of a post, publishes them now, and stops them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from approvals.policy import FRESH
from publisher.i18n.dates import clock_time
from publisher.models.deliveries import Delivery
from publisher.settings.delivery import SchedulingSettings
from publisher.states import DeliveryState
from tests.support import city_controls
from tests.support.city import statements
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.web.html_page import Page
from tests.web.schedule_form import time_fields
from tests.web.site import PASSWORD, Site

BOTH = ("x", "facebook")
SECOND = timedelta(seconds=1)


def deliveries(site: Site, post: int) -> list[Delivery]:
    """Return the deliveries of the post, in the order of the texts."""
    with site.city.read() as session:
        query = select(Delivery).where(Delivery.post_id == post).order_by(Delivery.variant_id)
        return list(session.scalars(query))


def states(site: Site, post: int) -> list[DeliveryState]:
    return [delivery.state for delivery in deliveries(site, post)]


def publish_now(site: Site, post: int) -> Page:
    """Press *Publish now* in the form of the post, and return the page that follows."""
    clerk = site.browser("clerk")
    fields = clerk.page(f"/posts/{post}/schedule").form("schedule")
    assert clerk.post(f"/posts/{post}/publish-now", fields).status_code == 302
    return clerk.page(f"/posts/{post}")


def test_two_presses_schedule_all_texts_of_a_post(any_site: Site) -> None:
    city_controls.set_slot_and_quiet_time(any_site.city)
    post = any_site.city.approved(on=BOTH)
    clerk = any_site.browser("clerk")
    path = f"/posts/{post}/schedule"
    links = [element.get("href") for element in clerk.page(f"/posts/{post}").all]
    assert links.count(path) == 1
    fields = clerk.page(path).form("schedule")
    on_x, on_facebook = any_site.city.variants(post)
    assert [value for name, value in fields if name == "chosen"] == [str(on_x), str(on_facebook)]
    # X has a good time, Facebook none: its row is filled as a person would.
    typed = [field for field in fields if not field[0].startswith(f"text-{on_facebook}-")]
    typed += time_fields(on_facebook, "30/11/2026", "9:15")[1:]
    assert clerk.post(path, typed).status_code == 302
    monday = datetime(2026, 11, 30, 3, 30, tzinfo=UTC)
    times = [delivery.due_at for delivery in deliveries(any_site, post)]
    assert times == [monday, monday + 15 * MINUTE]


def test_texts_with_one_time_are_told_together(any_site: Site) -> None:
    post = any_site.city.approved(on=BOTH)
    clerk = any_site.browser("clerk")
    texts = any_site.city.variants(post)
    fields = [field for text in texts for field in time_fields(text, "27/11/2026", "10:00")]
    fields.append(("late_limit", "45"))
    clerk.post(f"/posts/{post}/schedule", fields)
    told = clerk.page(f"/posts/{post}").notices()[0]
    assert told.count("१०:००") == 1
    assert "एक्स (X) – मराठी मजकूर, फेसबुक – मराठी मजकूर." in told


def test_a_wrong_row_says_why_at_its_place_and_what_was_typed_stays(any_site: Site) -> None:
    post = any_site.city.approved(on=BOTH)
    first, second = any_site.city.variants(post)
    clerk = any_site.browser("clerk")
    fields = [
        *time_fields(first, "27/11/2026", "10:00"),
        *time_fields(second, "24/11/2026", "10:15"),
        ("late_limit", "45"),
    ]
    refused = clerk.post(f"/posts/{post}/schedule", fields)
    page = Page(refused.text)
    assert refused.status_code == 422
    assert page.error_at(f"text-{second}-due_at")
    assert deliveries(any_site, post) == []
    assert set(fields) <= set(page.form("schedule"))


def test_an_hour_that_does_not_exist_is_an_error_of_its_row(site: Site) -> None:
    post = site.city.approved()
    (text,) = site.city.variants(post)
    fields = [*time_fields(text, "27/11/2026", "25:00"), ("late_limit", "60")]
    refused = site.browser("clerk").post(f"/posts/{post}/schedule", fields)
    assert refused.status_code == 422
    assert Page(refused.text).error_at(f"text-{text}-due_at")


def test_what_is_scheduled_stands_as_a_fact_until_it_is_to_be_changed(site: Site) -> None:
    post = site.city.approved(on=BOTH)
    site.city.schedule(post, DAY)
    first, _second = site.city.variants(post)
    clerk, path = site.browser("clerk"), f"/posts/{post}/schedule"
    assert clerk.page(path).named("chosen") == []
    old_address = clerk.get(f"/posts/{post}/variants/{first}/schedule")
    assert old_address.headers["Location"] == f"{path}?change={first}"
    fields = clerk.page(f"{path}?change={first}").form("schedule")
    assert ("chosen", str(first)) in fields
    new_time = "आज सायं. ६:३०"
    moved = [(name, new_time if name.endswith("-due_at") else value) for name, value in fields]
    assert clerk.post(f"{path}?change={first}", moved).status_code == 302
    times = [delivery.due_at for delivery in deliveries(site, post)]
    assert times[0] != times[1] == site.city.now + DAY


def test_a_form_that_another_clerk_overtook_is_refused_at_its_row(any_site: Site) -> None:
    post = any_site.city.approved()
    (text,) = any_site.city.variants(post)
    fields = [*time_fields(text, "28/11/2026", "10:00"), ("late_limit", "60")]
    any_site.city.schedule(post, DAY)
    refused = any_site.browser("lead").post(f"/posts/{post}/schedule?change={text}", fields)
    assert refused.status_code == 422
    assert "कोणीतरी" in Page(refused.text).error_at(f"text-{text}-due_at")
    assert deliveries(any_site, post)[0].due_at == any_site.city.now + DAY


def test_publishing_now_can_be_stopped_by_one_press(any_site: Site) -> None:
    post = any_site.city.approved(on=BOTH)
    page = publish_now(any_site, post)
    due_at = any_site.city.now + SchedulingSettings().take_back
    leaves_at = clock_time(due_at, "mr", has_seconds=True)
    assert f"{leaves_at}; तोपर्यंत हे थांबवता येईल" in page
    times = {delivery.due_at for delivery in deliveries(any_site, post)}
    assert times == {due_at}
    assert page.form_to(f"/posts/{post}/stop-publishing") == []
    any_site.city.tick_dispatch(29 * SECOND)
    first = any_site.browser("first")
    assert first.post(f"/posts/{post}/stop-publishing").status_code == 302
    assert states(any_site, post) == [DeliveryState.CANCELLED] * 2
    any_site.city.tick_dispatch(HOUR)
    assert any_site.city.platform("x").published == []


def test_a_stop_at_second_31_says_what_had_left(any_site: Site) -> None:
    post = any_site.city.approved(on=BOTH)
    publish_now(any_site, post)
    any_site.city.tick_dispatch(31 * SECOND)
    clerk = any_site.browser("clerk")
    clerk.post(f"/posts/{post}/stop-publishing")
    assert states(any_site, post) == [DeliveryState.PUBLISHED] * 2
    (notice,) = clerk.page(f"/posts/{post}").notices()[:1]
    assert notice.startswith("आधीच प्रसिद्धीसाठी गेले होते: ")


def test_a_stop_while_x_has_left_and_facebook_not_names_both(any_site: Site) -> None:
    post = any_site.city.approved(on=BOTH)
    publish_now(any_site, post)
    with any_site.city.write() as session:
        on_x = session.scalars(select(Delivery).where(Delivery.post_id == post)).first()
        assert on_x is not None
        on_x.state = DeliveryState.PUBLISHED
    clerk = any_site.browser("clerk")
    clerk.post(f"/posts/{post}/stop-publishing")
    stopped, left = clerk.page(f"/posts/{post}").notices()[:2]
    assert stopped.startswith("थांबविले: फेसबुक")
    assert left.startswith("आधीच प्रसिद्धीसाठी गेले होते: एक्स")


def test_hours_to_avoid_are_said_once_above_and_at_each_row(site: Site) -> None:
    city_controls.set_slot_and_quiet_time(site.city)
    post = site.city.approved(on=BOTH)
    on_x, on_facebook = site.city.variants(post)
    day, clock = "30/11/2026", "23:15"
    rows = [*time_fields(on_x, day, clock), *time_fields(on_facebook, day, clock)]
    refused = site.browser("clerk").post(f"/posts/{post}/schedule", [*rows, ("late_limit", "60")])
    page = Page(refused.text)
    links = [tag for tag in page.all if tag.tag == "a" and tag.get("href").endswith("-due_at")]
    assert [link.get("href") for link in links] == [f"#text-{on_x}-due_at"]
    assert page.error_at(f"text-{on_x}-due_at") == page.error_at(f"text-{on_facebook}-due_at")


def test_publishing_now_in_a_quiet_time_asks_and_shows_the_tick(site: Site) -> None:
    city_controls.set_slot_and_quiet_time(site.city)
    site.city.clock.move(11 * HOUR)  # 23:00 in the city
    post = site.city.approved()
    (text,) = site.city.variants(post)
    clerk, path = site.browser("clerk"), f"/posts/{post}/publish-now"
    refused = clerk.post(path, {"chosen": str(text), "late_limit": "60"})
    page = Page(refused.text)
    assert refused.status_code == 422
    assert "टाळावयाची वेळ" in page.error_at("despite_warnings")
    assert page.named("despite_warnings")
    again = [*page.form("schedule"), ("despite_warnings", "y")]
    assert clerk.post(path, again).status_code == 302
    assert states(site, post) == [DeliveryState.SCHEDULED]


def test_the_page_reads_as_often_for_two_texts_as_for_one(site: Site) -> None:
    city_controls.set_slot_and_quiet_time(site.city)
    clerk = site.browser("clerk")
    counts = []
    for on in (BOTH[:1], BOTH):
        path = f"/posts/{site.city.approved(on=on)}/schedule"
        clerk.page(path)
        with statements(site.city.database) as executed:
            clerk.page(path)
        counts.append(len(executed))
    assert counts[0] == counts[1]


def test_after_a_refused_publish_now_the_form_still_schedules(site: Site) -> None:
    post = site.city.approved()
    (text,) = site.city.variants(post)
    clerk = site.browser("clerk")
    refused = Page(clerk.post(f"/posts/{post}/publish-now", {"late_limit": "60"}).text)
    assert refused.by_id("schedule").get("action") == f"/posts/{post}/schedule"
    fields = [*time_fields(text, "30/11/2026", "9:15"), ("late_limit", "60")]
    assert clerk.post(refused.by_id("schedule").get("action"), fields).status_code == 302
    assert deliveries(site, post)[0].due_at == datetime(2026, 11, 30, 3, 45, tzinfo=UTC)


def test_a_scheduled_text_can_be_published_in_a_quiet_time_by_the_tick(site: Site) -> None:
    city_controls.set_slot_and_quiet_time(site.city)
    post = site.city.approved()
    site.city.schedule(post, 3 * DAY)
    (text,) = site.city.variants(post)
    site.city.clock.move(11 * HOUR)  # 23:00 in the city
    clerk, path = site.browser("clerk"), f"/posts/{post}/publish-now"
    page = Page(clerk.post(path, {"chosen": str(text)}).text)
    again = [*page.form("schedule"), ("despite_warnings", "y")]
    assert ("chosen", str(text)) in again
    assert clerk.post(path, again).status_code == 302
    assert deliveries(site, post)[0].due_at == site.city.now + SchedulingSettings().take_back


def test_a_row_that_has_left_meanwhile_says_so(any_site: Site) -> None:
    post = any_site.city.approved(on=BOTH)
    clerk, path = any_site.browser("clerk"), f"/posts/{post}/schedule"
    fields = clerk.page(path).form("schedule")
    typed = [field for field in fields if not field[0].startswith("text-")]
    for text in any_site.city.variants(post):
        typed += time_fields(text, "28/11/2026", "10:00")[1:]
    (left, _other) = any_site.city.schedule(post, DAY)
    with any_site.city.write() as session:
        session.get_one(Delivery, left).state = DeliveryState.PUBLISHED
    refused = clerk.post(path, typed)
    page = Page(refused.text)
    assert refused.status_code == 422
    assert any("आधीच पाठविली" in error for error in page.errors())
    # What was typed for the other stays, and a second press goes by what the page says now.
    fields = [field for field in page.form("schedule") if field != ("chosen", str(left))]
    assert clerk.post(path, fields).status_code == 302
    assert deliveries(any_site, post)[1].due_at == datetime(2026, 11, 28, 4, 30, tzinfo=UTC)


def test_after_the_password_the_page_names_what_is_published_alone(site: Site) -> None:
    post = site.city.approved(on=BOTH)
    on_x, _on_facebook = site.city.variants(post)
    clerk, path = site.browser("clerk"), f"/posts/{post}/publish-now"
    fields = clerk.page(f"/posts/{post}/schedule").form("schedule")
    x_alone = [(name, value) for name, value in fields if name != "chosen"]
    x_alone += [("chosen", str(on_x)), ("text-1-due_at", "30/11/2026 18:15")]
    site.city.clock.move(FRESH + MINUTE)
    act = "लगेच प्रसिद्ध करा: एक्स (X) – मराठी मजकूर"
    asked = Page(clerk.post(path, x_alone).text)
    assert act in asked
    proof = [field for field in asked.form("prove") if field[0] != "password"]
    ready = Page(clerk.post("/confirm", [*proof, ("password", PASSWORD)]).text)
    assert [tag.text for tag in ready.all if tag.tag == "button" and act in tag.text] == [act]
    shown = ready.by_id("main").text
    assert "फेसबुक" not in shown
    assert "18:15" not in shown
    assert clerk.post(path, ready.form_to(path)).status_code == 302
    assert states(site, post) == [DeliveryState.SCHEDULED]
