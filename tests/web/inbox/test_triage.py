"""Triage of a comment: no department is chosen beforehand, and nothing happens without a choice."""

from __future__ import annotations

import pytest

from publisher.models.comments import Comment
from publisher.states import CommentState
from tests.web.html_page import Page
from tests.web.site import Site

REASON = "रस्त्याचा विषय आहे."


def _chosen_at_first(page: Page) -> str:
    options = [option for option in page.all if option.tag == "option"]
    assert not [
        option for option in options if "selected" in option.attributes and option.get("value")
    ]
    return options[0].text


def _state(site: Site, comment_id: int) -> tuple[CommentState, int | None]:
    with site.city.read() as session:
        comment = session.get_one(Comment, comment_id)
        return comment.state, comment.department_id


def test_the_cell_s_list_begins_with_no_department(site: Site) -> None:
    comment_id = site.city.comment("कचरा गाडी चार दिवस आली नाही")
    page = site.browser("clerk").page(f"/comments/{comment_id}")
    assert _chosen_at_first(page) == "विभाग निवडावा"


@pytest.mark.parametrize("department", ["", "0", "none", "999"])
def test_assigning_without_a_choice_does_nothing_and_says_so(site: Site, department: str) -> None:
    comment_id = site.city.comment("कचरा गाडी चार दिवस आली नाही")
    response = site.browser("clerk").post(
        f"/comments/{comment_id}/assign", {"department": department}
    )
    assert response.status_code == 422
    page = Page(response.text)
    assert page.error_at("department") == "यादीतून विभाग निवडावा."
    assert _chosen_at_first(page) == "विभाग निवडावा"
    assert "सोशल मिडिया कक्षाकडे परत" not in page
    assert _state(site, comment_id) == (CommentState.RECEIVED, None)


def test_only_a_department_is_told_what_to_do_with_an_answer_not_its_own(site: Site) -> None:
    city = site.city
    asked = "उत्तर आपले नसल्यास"
    assert asked not in site.browser("clerk").page(f"/comments/{city.comment()}")
    under_a_post = city.comment(under=city.live()[0])
    assert asked in site.browser("first").page(f"/comments/{under_a_post}")


def test_the_cell_records_a_submission_for_no_department_by_itself(site: Site) -> None:
    clerk = site.browser("clerk")
    form = clerk.page("/submissions/new").form("hand-in")
    assert ("department", "") in form
    response = clerk.post("/submissions/new", form)
    assert response.status_code == 422
    assert Page(response.text).error_at("department") == "यादीतून विभाग निवडावा."


@pytest.mark.parametrize("department", ["", "none"])
def test_a_transfer_goes_nowhere_without_a_choice(site: Site, department: str) -> None:
    city = site.city
    comment_id = city.comment(under=city.live()[0])
    officer = site.browser("first")
    assert _chosen_at_first(officer.page(f"/comments/{comment_id}/transfer")) == "विभाग निवडावा"
    fields = {"department": department, "reason": REASON}
    response = officer.post(f"/comments/{comment_id}/transfer", fields)
    assert response.status_code == 422
    assert Page(response.text).named("reason")[0].raw == REASON
    assert _state(site, comment_id) == (CommentState.ROUTED, city.departments["water"])


def test_back_to_the_cell_is_a_choice_of_its_own(site: Site) -> None:
    city = site.city
    comment_id = city.comment(under=city.live()[0])
    fields = {"department": "0", "reason": REASON}
    response = site.browser("first").post(f"/comments/{comment_id}/transfer", fields)
    assert response.status_code == 302
    assert _state(site, comment_id) == (CommentState.RECEIVED, None)
