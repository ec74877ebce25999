"""Comments ticked in their list: each goes its own way, and the page says what became of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from publisher.models.comments import Comment
from publisher.models.history import Event
from publisher.states import CommentState
from tests.web.html_page import Page
from tests.web.site import Browser, Site

THANKS = "कौतुक आहे, उत्तराची आवश्यकता नाही."
CLOSED, ASSIGNED = "टिप्पणी निकाली काढली.", "टिप्पणी विभागाकडे सोपविली."


def state_of(site: Site, comment_id: int) -> tuple[CommentState, int | None]:
    """Return a comment's state and department."""
    with site.city.read() as session:
        comment = session.get_one(Comment, comment_id)
        return comment.state, comment.department_id


def ticked(page: Page) -> list[str]:
    """Return the values of the ticked boxes."""
    return [box.get("value") for box in page.named("chosen") if "checked" in box.attributes]


def send(
    browser: Browser, act: str, comment_ids: list[int], *, status: int = 200, **fields: str
) -> Page:
    """Send the form of the list with these comments ticked."""
    pairs = [("chosen", str(comment_id)) for comment_id in comment_ids]
    response = browser.post("/comments/ticked", [*pairs, ("act", act), *fields.items()])
    assert response.status_code == status
    return Page(response.text)


def test_each_row_has_a_named_box_and_all_are_ticked_without_a_script(site: Site) -> None:
    comment_ids = [site.city.comment(text) for text in ("छान काम!", "धन्यवाद")]
    clerk = site.browser("clerk")
    page = clerk.page("/comments")
    boxes = page.named("chosen")
    assert sorted(int(box.get("value")) for box in boxes) == sorted(comment_ids)
    names = [label.text for label in page.all if label.get("class") == "tick choice"]
    assert len(names) == 2
    assert all(name.startswith("निवडा: ") for name in names)
    assert any("छान काम!" in name for name in names)
    assert ticked(page) == []
    link = next(link for link in page.all if "all=1" in link.get("href"))
    assert len(ticked(clerk.page(link.get("href")))) == 2


@pytest.mark.twin
def test_ticked_comments_are_assigned_one_by_one(any_site: Site) -> None:
    city = any_site.city
    comment_ids = [city.comment(text) for text in ("खड्डा आहे", "रस्ता खराब")]
    gone = city.comment("आधीच सोपविलेली")
    city.assign(gone, "water")
    clerk = any_site.browser("clerk")
    road = city.departments["road"]
    page = send(clerk, "assign", [*comment_ids, gone], department=str(road))
    for comment_id in comment_ids:
        assert state_of(any_site, comment_id) == (CommentState.ROUTED, road)
        assert city.verbs("comments", comment_id)[-1] == "assign"
    assert state_of(any_site, gone) == (CommentState.ROUTED, city.departments["water"])
    assert page.text.count(ASSIGNED) == 2
    assert "पूर्ण: ३ पैकी २." in page
    assert "दरम्यान यावर पुढील कार्यवाही झाली आहे." in page


def test_a_department_with_nobody_leaves_them_with_the_cell_and_it_says_so(site: Site) -> None:
    comment_id = site.city.comment("बागेत दिवा नाही")
    garden = str(site.city.departments["garden"])
    page = send(site.browser("clerk"), "assign", [comment_id], department=garden)
    assert state_of(site, comment_id) == (CommentState.RECEIVED, None)
    assert "अद्याप कोणाची नेमणूक केलेली नाही" in page
    assert "पूर्ण: १ पैकी ०." in page


def test_each_closed_comment_has_its_own_entry_and_its_own_undo(any_site: Site) -> None:
    comment_ids = [any_site.city.comment(text) for text in ("छान काम!", "धन्यवाद")]
    clerk = any_site.browser("clerk")
    page = send(clerk, "close", comment_ids, reason=THANKS)
    assert page.text.count(CLOSED) == 2
    paths = [form.get("action") for form in page.all if "/undo/" in form.get("action")]
    assert len(set(paths)) == 2
    with any_site.city.read() as session:
        closed = session.scalars(select(Event).where(Event.verb == "close")).all()
    assert sorted(event.subject_id for event in closed) == sorted(comment_ids)
    assert clerk.post(paths[0]).status_code == 302
    states = sorted(state_of(any_site, comment_id)[0] for comment_id in comment_ids)
    assert states == [CommentState.CLOSED, CommentState.RECEIVED]


def test_an_officer_closes_their_own_and_not_another_department_s(site: Site) -> None:
    city = site.city
    own = city.comment(under=city.live()[0])
    foreign = city.comment("खड्डा आहे")
    city.assign(foreign, "road")
    officer = site.browser("first")
    assert [box.get("value") for box in officer.page("/comments").named("chosen")] == [str(own)]
    page = send(officer, "close", [own, foreign], reason=THANKS)
    assert state_of(site, own)[0] is CommentState.CLOSED
    assert state_of(site, foreign)[0] is CommentState.ROUTED
    assert "ही टिप्पणी आता आपल्याला दिसत नाही." in page
    assert "खड्डा आहे" not in page


def test_an_officer_assigns_nothing_by_a_form_that_was_made_up(site: Site) -> None:
    comment_id = site.city.comment("खड्डा आहे")
    department = str(site.city.departments["water"])
    send(site.browser("first"), "assign", [comment_id], department=department)
    assert state_of(site, comment_id) == (CommentState.RECEIVED, None)


@pytest.mark.parametrize(
    ("act", "fields", "field", "problem"),
    [
        ("assign", {"department": ""}, "department", "यादीतून विभाग निवडावा."),
        ("close", {"reason": "  "}, "reason", "कारण लिहावे."),
        ("neither", {"reason": ""}, "reason", "कारण लिहावे."),
    ],
)
def test_without_a_department_or_reason_nothing_is_done(
    site: Site, act: str, fields: dict[str, str], field: str, problem: str
) -> None:
    comment_ids = [site.city.comment(text) for text in ("एक", "दोन")]
    page = send(site.browser("clerk"), act, comment_ids[:1], status=422, **fields)
    assert page.error_at(field) == problem
    assert ticked(page) == [str(comment_ids[0])]
    for comment_id in comment_ids:
        assert state_of(site, comment_id)[0] is CommentState.RECEIVED


def test_nothing_ticked_and_too_much_ticked_are_said(site: Site) -> None:
    site.city.comment("एक")
    clerk = site.browser("clerk")
    page = send(clerk, "close", [], status=422, reason=THANKS)
    assert page.error_at("chosen") == "किमान एक निवडावे."
    assert page.named("reason")[0].raw == THANKS
    page = send(clerk, "close", list(range(1, 27)), status=422, reason=THANKS)
    assert "एका वेळी जास्तीत जास्त २५ निवडता येतात." in " ".join(page.errors())


@pytest.mark.parametrize("who", ["auditor", "member", "oversight"])
def test_who_may_only_read_sees_no_boxes(site: Site, who: str) -> None:
    city = site.city
    city.comment(under=city.live()[0])
    assert site.browser(who).page("/comments?view=department").named("chosen") == []
