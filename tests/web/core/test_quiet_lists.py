"""Lists shout once, and pages tell the same time and the next thing to do in the same way."""

from __future__ import annotations

from datetime import timedelta

from approvals.policy import Role
from publisher.models.comments import Comment
from publisher.models.submissions import Priority, Submission
from tests.support.city_people import HOUR
from tests.web.html_page import Page
from tests.web.sign_in.test_sign_in_pages import appoint_again
from tests.web.site import Site


def with_class(page: Page, name: str) -> list[str]:
    """Return the texts of the elements of a class."""
    return [tag.text for tag in page.all if name in tag.get("class").split()]


def test_one_chip_of_the_submissions_is_filled_and_the_others_outlined(site: Site) -> None:
    town = site.city
    for _ in range(3):
        submission_id = town.hand_in()
        with town.write() as session:
            session.get_one(Submission, submission_id).priority = Priority.URGENT
    page = site.browser("clerk").page("/submissions")
    assert len(with_class(page, "chip-filled")) == 1
    assert with_class(page, "chip-outline") == with_class(page, "chip-filled") * 2


def test_the_button_of_another_appointment_is_the_filled_one(site: Site) -> None:
    """A member who is an officer too has an overdue comment there, and nothing here."""
    town = site.city
    other = appoint_again(site, "first", Role.MEMBER, "garden")
    town.comment(under=town.live()[0])
    town.clock.move(timedelta(days=5))
    browser = site.browser("first")
    browser.post("/appointments", {"appointment": str(other)})
    page = browser.page("/")
    assert with_class(page, "btn-act") == ["या नियुक्तीनुसार काम करा: " + officer_of(page)]


def officer_of(page: Page) -> str:
    """Return the name of the other appointment, as its button says it."""
    button = next(tag.text for tag in page.all if tag.tag == "button" and "काम करा" in tag.text)
    return button.partition(": ")[2]


def test_a_new_submission_tells_its_wished_time_once(site: Site) -> None:
    submission_id = site.city.hand_in(wished_at=site.city.now + 30 * HOUR)
    page = site.browser("clerk").page(f"/submissions/{submission_id}")
    assert page.text.count("प्रसिद्धीची अपेक्षित वेळ") == 1
    assert "पासून" not in with_class(page, "sheet")[0]


def test_today_and_the_inbox_tell_the_same_time_of_a_comment(site: Site) -> None:
    town = site.city
    comment_id = town.comment(under=town.live()[0])
    with town.write() as session:
        session.get_one(Comment, comment_id).written_at = town.now - 7 * HOUR
    (when,) = (words for words in with_class(site.browser("first").page("/"), "meta"))
    head = with_class(site.browser("first").page(f"/comments/{comment_id}"), "thread-this")[0]
    clock = when.split(",")[-1].strip()
    assert clock
    assert clock.split()[-1] in head
