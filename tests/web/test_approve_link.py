"""An officer approves, returns and rejects by the personal link of a review mail."""

from __future__ import annotations

from approvals.states import PostState
from publisher.models.posts import DecisionCredential, DecisionKind, Post
from tests.web.approval_link_steps import decisions, is_used, officer_of, prove
from tests.web.site import Site

TEXT, APPROVE = "शनिवारी पाणीपुरवठा बंद (", "मान्यता द्या"


def state(site: Site, post_id: int) -> PostState:
    with site.city.read() as session:
        return session.get_one(Post, post_id).state


def test_an_officer_approves_by_link_and_code_without_a_session(site: Site) -> None:
    officer = officer_of(site)
    first = officer.browser.page(officer.path).text
    assert "शनिवारी पाणीपुरवठा बंद" in first
    assert TEXT not in first
    prove(site, officer.path, officer.browser)
    assert TEXT in officer.browser.page(officer.path).text
    assert not is_used(site)
    done = officer.browser.post(officer.path, {"step": "approve"})
    assert done.status_code == 302
    assert state(site, officer.post) is PostState.APPROVED
    (decision,) = decisions(site)
    assert decision.kind is DecisionKind.APPROVED
    assert decision.credential is DecisionCredential.LINK_AND_CODE
    assert is_used(site)
    assert officer.browser.cookie() == ""
    assert "आपला निर्णय नोंदविला" in officer.browser.page(officer.path).text
    assert TEXT not in officer.browser.get(f"/posts/{officer.post}").text
