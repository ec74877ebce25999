"""The web worker dies during an approval or an answer; sent again, the form takes effect once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from demo import notices
from publisher.models.comments import Reply
from publisher.models.posts import Decision, DecisionKind
from publisher.now import now
from tests.crash.web_installation import WebInstallation
from tests.journey.flow import X, in_review, publish_now
from tests.journey.installation import wait_for, wait_for_page

pytestmark = pytest.mark.timeout(900)

OFFICER, LEAD = "medha-satpute", "prasad-kenjale"
WORDS = "उद्या सकाळी सहा वाजता पाणी येईल."
WAITING_WORDS = "टँकर दुपारी दोन वाजता पोहोचेल."


def test_pages_that_die_lose_no_press_of_a_button_and_take_none_twice(
    web_installation: WebInstallation,
) -> None:
    web_installation.start_web()
    notice = notices.notices_by_key(now())["ward-hours"]
    _submission, post = in_review(web_installation, notice, member="kiran-wabale")
    _approve(web_installation, post)
    clock = web_installation.start_clock()
    publish_now(web_installation, post)
    first, second = _comments(web_installation)
    clock.stop()
    _send_reply(web_installation, first)
    clock = web_installation.start_clock(dies_at="publish.sent_unread")
    wait_for(lambda: not clock.is_running(), what="a clock that dies while it answers")
    web_installation.start_clock()
    wait_for_page(web_installation.visitor(OFFICER), first, "उत्तर दिले")
    _answer_by_another(web_installation, second)
    wait_for_page(web_installation.visitor(OFFICER), second, "उत्तर दिले")
    for text in (WORDS, WAITING_WORDS):
        assert sum(text in line["text"] for line in web_installation.city_posts(X, "comment")) == 1


def _approve(installation: WebInstallation, post: str) -> None:
    """A crash before the commit loses the approval; after it, repeating is harmless."""
    officer = installation.visitor(OFFICER)
    page = officer.get(f"{post}/review")
    assert _approvals(installation) == 0
    installation.send_and_kill_at(officer, page, "/approve", "approve.before_commit")
    assert _approvals(installation) == 0
    installation.send_and_kill_at(officer, page, "/approve", "approve.after_commit")
    assert _approvals(installation) == 1
    installation.start_web()
    officer.send(page, "/approve")
    assert _approvals(installation) == 1


def _approvals(installation: WebInstallation) -> int:
    query = select(func.count()).where(Decision.kind == DecisionKind.APPROVED)
    with installation.database.reading() as session:
        return session.execute(query).scalar_one()


def _comments(installation: WebInstallation) -> list[str]:
    """Let two citizens comment under a post on X, and return the paths of the comments."""
    posts = wait_for(lambda: installation.city_posts(X), what="a post on X")
    for author in ("@udaharan_rk", "@namuna_sk"):
        installation.add_comment(X, "पाणी कधी येणार?", under=posts[0]["id"], author=author)
    installation.read_comments_soon()
    officer = installation.visitor(OFFICER)

    def both() -> list[str] | None:
        links = officer.get("/comments").links(r"^/comments/\d+$")
        return links if len(links) == 2 else None

    return wait_for(both, what="two comments in the officer's inbox")


def _send_reply(installation: WebInstallation, path: str) -> None:
    """The officer's own answer is written and approved together, or not at all."""
    officer = installation.visitor(OFFICER)
    page = officer.get(path)
    installation.send_and_kill_at(officer, page, "/answer", "answer.before_commit", text=WORDS)
    installation.send_and_kill_at(officer, page, "/answer", "answer.after_commit", text=WORDS)
    installation.start_web()
    officer.send(page, "/answer", {"text": WORDS}, code=409)


def _answer_by_another(installation: WebInstallation, path: str) -> None:
    """The lead's answer stays in review although the officer's approval was lost."""
    lead, officer = installation.visitor(LEAD), installation.visitor(OFFICER)
    lead.send(lead.get(path), "/answer", {"text": WAITING_WORDS})
    with installation.database.reading() as session:
        reply = session.execute(select(func.max(Reply.post_id))).scalar_one()
    page = officer.get(f"/posts/{reply}/review")
    installation.send_and_kill_at(officer, page, "/approve", "approve.before_commit")
    installation.start_web()
    assert WAITING_WORDS in officer.get(f"/posts/{reply}/review").text
    officer.send(page, "/approve")
