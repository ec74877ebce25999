"""Undo pressed in the message of what was done: once, in time, and not over what others did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

import pytest
from sqlalchemy import select

from publisher.models.comments import Comment
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.submissions import Submission
from publisher.states import CommentState, DeliveryState, SubmissionState
from tests.support.city_people import HOUR
from tests.web.html_page import Page
from tests.web.site import Browser, Site

Row = TypeVar("Row", Submission, Comment, Delivery)
SECOND = timedelta(seconds=1)
REASON = "हा विषय रस्ते विभागाचा आहे."
LATE = "कृती मागे घेण्याची वेळ संपली आहे."
AGAIN = "ही कृती आधीच मागे घेतली आहे."


def decline(site: Site, clerk: Browser) -> tuple[int, Page]:
    """Decline a submission, and return its id and the page that follows."""
    submission_id = site.city.hand_in()
    response = clerk.post(f"/submissions/{submission_id}/decline", {"reason": REASON})
    return submission_id, clerk.page(response.headers["Location"])


def undo_path(page: Page) -> str:
    """Return the address of the Undo button of a page."""
    (path,) = [form.get("action") for form in page.all if "/undo/" in form.get("action")]
    return path


def pressed(browser: Browser, path: str) -> str:
    """Press Undo, and return the messages of the page that follows."""
    response = browser.post(path)
    assert response.status_code == 302
    return " ".join(browser.page(response.headers["Location"]).notices())


def state_of(site: Site, model: type[Row], key: int) -> StrEnum:
    """Return the state of a row."""
    with site.city.read() as session:
        return session.get_one(model, key).state


def test_a_decline_is_undone_from_its_message(any_site: Site) -> None:
    clerk = any_site.browser("clerk")
    submission_id, page = decline(any_site, clerk)
    assert "कृती मागे घेतली. प्रस्ताव पूर्वीप्रमाणे आहे." in pressed(clerk, undo_path(page))
    assert state_of(any_site, Submission, submission_id) == SubmissionState.RECEIVED
    page = clerk.page(f"/submissions/{submission_id}")
    assert "अस्वीकृती मागे घेतली" in page
    assert not [form for form in page.all if "/undo/" in form.get("action")]


def test_a_merger_is_undone_from_its_message(site: Site) -> None:
    clerk = site.browser("clerk")
    original, duplicate = site.city.hand_in(), site.city.hand_in()
    with site.city.read() as session:
        number = session.get_one(Submission, original).number
    fields = {"number": number, "reason": REASON}
    response = clerk.post(f"/submissions/{duplicate}/merge", fields)
    pressed(clerk, undo_path(clerk.page(response.headers["Location"])))
    assert state_of(site, Submission, duplicate) == SubmissionState.RECEIVED
    assert "समान प्रस्तावाचा समावेश मागे घेतला" in clerk.page(f"/submissions/{original}")


def test_a_transfer_is_undone_although_the_officer_no_longer_sees_it(any_site: Site) -> None:
    city, officer = any_site.city, any_site.browser("first")
    comment_id = city.comment(under=city.live()[0])
    fields = {"department": str(city.departments["road"]), "reason": REASON}
    response = officer.post(f"/comments/{comment_id}/transfer", fields)
    page = officer.page(response.headers["Location"])
    assert officer.get(f"/comments/{comment_id}").status_code == 404
    assert "कृती मागे घेतली." in pressed(officer, undo_path(page))
    page = officer.page(f"/comments/{comment_id}")
    assert "वर्ग केल्याची कृती मागे घेतली" in page


def test_a_comment_closed_by_the_cell_is_undone(site: Site) -> None:
    clerk, comment_id = site.browser("clerk"), site.city.comment("छान काम!")
    response = clerk.post(f"/comments/{comment_id}/close", {"reason": "कौतुक आहे."})
    pressed(clerk, undo_path(clerk.page(response.headers["Location"])))
    assert state_of(site, Comment, comment_id) == CommentState.RECEIVED


def test_closing_what_was_answered_offers_no_undo(site: Site) -> None:
    city, officer = site.city, site.browser("first")
    comment_id = city.comment(under=city.live()[0])
    city.answer(comment_id)
    city.tick_dispatch()
    city.note_answers()
    response = officer.post(f"/comments/{comment_id}/close", {"reason": "उत्तर दिले."})
    page = officer.page(response.headers["Location"])
    assert not [form for form in page.all if "/undo/" in form.get("action")]


def cancelled(site: Site, browser: Browser) -> tuple[int, str]:
    """Cancel a delivery that is due in an hour, and return its id and where to undo it."""
    post_id = site.city.approved()
    site.city.schedule(post_id, HOUR)
    with site.city.read() as session:
        query = select(Delivery.id).where(Delivery.post_id == post_id)
        delivery_id = session.scalars(query).one()
    response = browser.post(f"/deliveries/{delivery_id}/cancel")
    return delivery_id, undo_path(browser.page(response.headers["Location"]))


def test_a_cancelled_delivery_is_scheduled_again(any_site: Site) -> None:
    clerk = any_site.browser("clerk")
    delivery_id, path = cancelled(any_site, clerk)
    assert "पूर्वीचीच वेळ पुन्हा निश्चित झाली आहे." in pressed(clerk, path)
    assert state_of(any_site, Delivery, delivery_id) == DeliveryState.SCHEDULED


def test_a_time_that_was_taken_meanwhile_is_named(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    delivery_id, path = cancelled(site, clerk)
    other = city.start(city.hand_in("दुसरी सूचना"))
    city.save(other, on=["x"])
    city.send(other)
    city.approve(other)
    city.schedule(other, HOUR)
    assert "“दुसरी सूचना” प्रसिद्ध होणार आहे" in pressed(clerk, path)
    assert state_of(site, Delivery, delivery_id) == DeliveryState.CANCELLED


def test_after_half_a_minute_the_button_says_that_it_is_too_late(any_site: Site) -> None:
    clerk = any_site.browser("clerk")
    submission_id, page = decline(any_site, clerk)
    any_site.city.clock.move(31 * SECOND)
    assert LATE in pressed(clerk, undo_path(page))
    assert state_of(any_site, Submission, submission_id) == SubmissionState.DECLINED


def test_another_clerk_cannot_undo_it_and_is_told_so(any_site: Site) -> None:
    submission_id, page = decline(any_site, any_site.browser("clerk"))
    answer = pressed(any_site.browser("lead"), undo_path(page))
    assert "ज्यांनी ही कृती केली, त्यांनाच ती मागे घेता येते." in answer
    assert state_of(any_site, Submission, submission_id) == SubmissionState.DECLINED


def test_a_transfer_that_another_has_passed_on_is_not_undone(any_site: Site) -> None:
    city, officer = any_site.city, any_site.browser("first")
    comment_id = city.comment(under=city.live()[0])
    fields = {"department": str(city.departments["road"]), "reason": REASON}
    response = officer.post(f"/comments/{comment_id}/transfer", fields)
    path = undo_path(officer.page(response.headers["Location"]))
    any_site.browser("road_officer").post(
        f"/comments/{comment_id}/transfer", {"department": "0", "reason": REASON}
    )
    assert "दरम्यान ही टिप्पणी पुन्हा वर्ग झाली आहे." in pressed(officer, path)
    assert state_of(any_site, Comment, comment_id) == CommentState.RECEIVED


def at_once(first: Callable[[], str], second: Callable[[], str]) -> list[str]:
    """Do both at the same time, and return their answers."""
    both = threading.Barrier(2)

    def act(press: Callable[[], str]) -> str:
        both.wait(10)
        return press()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(act, (first, second)))


def verbs_of(site: Site, subject: str, key: int, verb: str) -> int:
    """Return how many events with this verb the row has."""
    with site.city.read() as session:
        query = select(Event).where(Event.subject == subject, Event.subject_id == key)
        return len([event for event in session.scalars(query) if event.verb == verb])


@pytest.mark.both
def test_undo_pressed_twice_at_once_undoes_once(any_site: Site) -> None:
    browsers = [any_site.browser("clerk") for _ in range(2)]
    submission_id, page = decline(any_site, browsers[0])
    path = undo_path(page)
    assert browsers[1].token
    answers = at_once(lambda: pressed(browsers[0], path), lambda: pressed(browsers[1], path))
    assert sorted(AGAIN in answer for answer in answers) == [False, True]
    assert verbs_of(any_site, "submissions", submission_id, "undo_decline") == 1
    assert state_of(any_site, Submission, submission_id) == SubmissionState.RECEIVED


@pytest.mark.both
def test_an_undo_and_a_new_time_at_once_leave_one_time_and_one_answer(any_site: Site) -> None:
    clerk, lead = any_site.browser("clerk"), any_site.browser("lead")
    delivery_id, path = cancelled(any_site, clerk)
    with any_site.city.read() as session:
        post_id = session.get_one(Delivery, delivery_id).post_id
    fields = lead.page(f"/posts/{post_id}/schedule").form("schedule")

    def schedule() -> str:
        return str(lead.post(f"/posts/{post_id}/schedule", fields).status_code)

    answer, status = at_once(lambda: pressed(clerk, path), schedule)
    assert state_of(any_site, Delivery, delivery_id) == DeliveryState.SCHEDULED
    is_undone = "पूर्वीचीच वेळ" in answer
    assert (is_undone, status) in ((True, "422"), (False, "302"))
    assert is_undone or "नवीन वेळ निश्चित झाली आहे" in answer


@pytest.mark.parametrize("event_id", ["0", "99999999", str(2**63), "9" * 40])
def test_an_address_that_was_made_up_undoes_nothing(site: Site, event_id: str) -> None:
    clerk = site.browser("clerk")
    submission_id, _page = decline(site, clerk)
    response = clerk.post(f"/submissions/{submission_id}/undo/{event_id}")
    assert response.status_code in (302, 404)
    assert state_of(site, Submission, submission_id) == SubmissionState.DECLINED
