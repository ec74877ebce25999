"""A link that approves says why nothing is to be decided, and refuses what the page refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from approvals.policy import Role
from publisher.models.people import Appointment
from publisher.models.posts import DecisionKind, Post
from publisher.review import withdraw
from publisher.states import AppointmentState
from tests.support import kept_rows
from tests.support.city_people import DAY, add_appointment
from tests.web.approval_link_steps import (
    decisions,
    give_mobile,
    is_used,
    link_for,
    officer_of,
    prove,
    with_sms,
)
from tests.web.html_page import Page
from tests.web.site import Site

APPROVE = 'value="approve"'


def withdrawn(site: Site, post_id: int) -> None:
    with site.city.write() as session:
        withdraw.withdraw_post(
            session,
            actor=site.city.actor("first"),
            now=site.city.now,
            post_id=post_id,
            reason="चुकीचे होते.",
        )


def newer(site: Site, post_id: int) -> None:
    site.city.save(post_id, text="नवीन मजकूर")


def newer_in_review(site: Site, post_id: int) -> None:
    newer(site, post_id)
    site.city.send(post_id)


def over(site: Site, _post_id: int) -> None:
    site.city.clock.move(31 * DAY)


STATES: dict[str, tuple[Callable[[Site, int], None], str]] = {
    "newer": (newer, "आवृत्ती क्र.\u00a0२ नवीन आहे"),
    "newer_in_review": (newer_in_review, "नवीन ईमेल उघडावा"),
    "returned": (lambda site, post: site.city.return_post(post, by="second"), "परत पाठविली आहे"),
    "rejected": (lambda site, post: site.city.reject(post, by="second"), "आधीच नोंदविला आहे"),
    "approved": (lambda site, post: site.city.approve(post, by="second"), "आधीच नोंदविला आहे"),
    "withdrawn": (withdrawn, "पोस्ट मागे घेतली आहे"),
    "expired": (over, "या लिंकची मुदत संपली आहे"),
    "disabled": (lambda site, _post: site.city.disable("first"), "आपला अधिकार संपला आहे"),
}


@pytest.mark.parametrize("name", STATES)
def test_what_has_happened_meanwhile_is_said_and_nothing_is_decided(site: Site, name: str) -> None:
    happen, words = STATES[name]
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    happen(site, officer.post)
    before = len(decisions(site))
    for browser in (officer.browser, site.nobody()):
        page = browser.page(officer.path)
        assert words in page
        assert "ओळख पटवावी" not in page.text
    pressed = officer.browser.post(officer.path, {"step": "approve"})
    assert pressed.status_code == 409
    assert words in Page(pressed.text)
    typed = officer.browser.post(f"{officer.path}/return", {"reason": "तारीख चुकली."})
    assert typed.status_code == 409
    assert "तारीख चुकली." in typed.text
    assert len(decisions(site)) == before
    assert not is_used(site)


def test_a_joint_post_returned_by_another_has_nothing_to_decide(site: Site) -> None:
    with_sms(site)
    give_mobile(site, "first")
    post_id = site.city.start(site.city.hand_in())
    site.city.save(post_id, asked_departments=["water", "road"])
    site.city.send(post_id)
    path = link_for(site, post_id)
    browser = prove(site, path)
    site.city.return_post(post_id, by="road_officer")
    assert "आता निर्णय देण्याचे काही नाही" in browser.page(path)
    assert browser.post(path, {"step": "approve"}).status_code == 409
    assert [decision.kind for decision in decisions(site)] == [DecisionKind.RETURNED]


def test_of_a_joint_post_each_department_approves_by_its_own_link(site: Site) -> None:
    with_sms(site)
    post_id = site.city.start(site.city.hand_in())
    site.city.save(post_id, asked_departments=["water", "road"])
    site.city.send(post_id)
    for name in ("first", "road_officer"):
        give_mobile(site, name)
        browser = prove(site, path := link_for(site, post_id, name))
        assert browser.post(path, {"step": "approve"}).status_code == 302
        give_mobile(site, name, None)
    departments = {decision.department_id for decision in decisions(site)}
    assert departments == {site.city.departments["water"], site.city.departments["road"]}


def test_pressed_twice_it_is_recorded_once(site: Site) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    assert officer.browser.post(officer.path, {"step": "approve"}).status_code == 302
    again = officer.browser.post(officer.path, {"step": "approve"})
    assert "आपला निर्णय नोंदविला आहे" in Page(again.text)
    assert len(decisions(site)) == 1


@pytest.mark.both
def test_approve_and_return_pressed_together_are_one_decision(any_site: Site) -> None:
    officer = officer_of(any_site)
    browsers = [prove(any_site, officer.path), prove(any_site, officer.path)]
    presses: list[tuple[str, dict[str, str]]] = [
        (officer.path, {"step": "approve"}),
        (f"{officer.path}/return", {"reason": "तारीख चुकली."}),
    ]
    both = threading.Barrier(2)

    def press(number: int) -> int:
        path, fields = presses[number]
        both.wait(10)
        return browsers[number].post(path, fields).status_code

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(press, range(2)))
    assert codes == [302, 409]
    assert len(decisions(any_site)) == 1
    assert is_used(any_site)


# ---- What the page of the revision refuses, the link refuses.


def own_words(site: Site, post_id: int) -> None:
    with kept_rows.changeable(site.city.database), site.city.write() as session:
        session.get_one(Post, post_id).revisions[-1].author_id = site.city.people["first"]


def restored_words(site: Site, post_id: int) -> None:
    own_words(site, post_id)
    site.city.save(post_id, text="मधला मजकूर")
    with kept_rows.changeable(site.city.database), site.city.write() as session:
        post = session.get_one(Post, post_id)
        post.revisions[-1].restored_from_id = post.revisions[0].id
    site.city.send(post_id)


def rests_on_the_writer(site: Site, post_id: int) -> None:
    with site.city.write() as session:
        appointment = session.get_one(Appointment, site.city.appointments["first"])
        appointment.confirmed_by_id = site.city.people["clerk"]


def nothing(_site: Site, _post_id: int) -> None:
    """Change nothing: who opens the page may not decide."""


REFUSALS: dict[str, tuple[str, Callable[[Site, int], None]]] = {
    "own-words": ("first", own_words),
    "restored-words": ("first", restored_words),
    "rests-on-the-writer": ("first", rests_on_the_writer),
    "head-not-yet": ("head", nothing),
    "member": ("member", nothing),
    "department-not-asked": ("road_officer", nothing),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_the_link_refuses_what_the_page_of_the_revision_refuses(site: Site, name: str) -> None:
    who, happen = REFUSALS[name]
    with_sms(site)
    give_mobile(site, who)
    post_id = site.city.in_review()
    happen(site, post_id)
    path, number = link_for(site, post_id, who), site.city.newest(post_id)
    reader = site.browser(who)
    linked = reader.get(path).text
    assert APPROVE not in linked
    sentence = refusal_on(Page(linked))
    assert reader.post(path, {"step": "approve"}).status_code == 409
    if who != "road_officer":  # who does not see the post at all
        assert sentence in reader.page(f"/posts/{post_id}/review")
    fields = {"seen": str(number), "under": str(site.city.appointments[who])}
    assert reader.post(f"/posts/{post_id}/approve", fields).status_code in (403, 404, 409)
    assert DecisionKind.APPROVED not in {decision.kind for decision in decisions(site)}


def refusal_on(page: Page) -> str:
    """Return the sentence under "you cannot decide about this"."""
    text = page.text.partition("याबाबत आपल्याला निर्णय देता येत नाही")[2]
    assert text
    return text.partition(".")[0].strip()


@pytest.mark.parametrize("state", ["ended", "not-active"])
def test_who_is_not_in_office_cannot_decide(site: Site, state: str) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    if state == "ended":
        site.city.end("first")
    else:
        with site.city.write() as session:
            appointment = session.get_one(Appointment, site.city.appointments["first"])
            appointment.state = AppointmentState.CONFIRMED
    page = officer.browser.get(officer.path).text
    assert APPROVE not in page
    assert "अशी नियुक्ती सध्या आपल्याकडे नाही" in page
    assert officer.browser.post(officer.path, {"step": "approve"}).status_code == 409
    assert decisions(site) == []


def test_a_second_appointment_does_not_matter(site: Site) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    with site.city.write() as session:
        add_appointment(
            session,
            Role.MEMBER,
            site.city.departments["garden"],
            person_id=site.city.people["first"],
        )
    assert officer.browser.post(officer.path, {"step": "approve"}).status_code == 302
    assert decisions(site)[0].appointment_id == site.city.appointments["first"]
