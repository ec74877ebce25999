"""The pages die while somebody approves or answers: pressed again, it has been done once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from demo import notices
from publisher.models.comments import Reply
from publisher.models.posts import Decision, DecisionKind
from publisher.now import now
from tests.crash.counter import Counter
from tests.journey.flow import X, in_review, publish_now
from tests.journey.installation import page_with, until

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

OFFICER, LEAD = "medha-satpute", "prasad-kenjale"
WORDS = "उद्या सकाळी सहा वाजता पाणी येईल."
WAITING_WORDS = "टँकर दुपारी दोन वाजता पोहोचेल."


def test_pages_that_die_lose_no_press_of_a_button_and_take_none_twice(counter: Counter) -> None:
    counter.open()
    notice = notices.as_of(now())["ward-hours"]
    _submission, post = in_review(counter, notice, member="kiran-wabale")
    _approve(counter, post)
    clock = counter.clock()
    publish_now(counter, post)
    first, second = _comments(counter)
    clock.stop()
    _send_reply(counter, first)
    clock = counter.clock(dies_at="publish.sent_unread")
    until(lambda: not clock.is_running(), what="a clock that dies while it answers")
    counter.clock()
    page_with(counter.person(OFFICER), first, "उत्तर दिले")
    _answer_by_another(counter, second)
    page_with(counter.person(OFFICER), second, "उत्तर दिले")
    for text in (WORDS, WAITING_WORDS):
        assert sum(text in line["text"] for line in counter.ours(X, "comment")) == 1


def _approve(counter: Counter, post: str) -> None:
    """Before the commit it is as if nobody had pressed; after it the next press is told so."""
    officer = counter.person(OFFICER)
    page = officer.get(f"{post}/review")
    assert _approvals(counter) == 0
    counter.lose(officer, page, "/approve", "approve.before_commit")
    assert _approvals(counter) == 0
    counter.lose(officer, page, "/approve", "approve.after_commit")
    assert _approvals(counter) == 1
    counter.open()
    officer.send(page, "/approve")
    assert _approvals(counter) == 1


def _approvals(counter: Counter) -> int:
    query = select(func.count()).where(Decision.kind == DecisionKind.APPROVED)
    with counter.database.reading() as session:
        return session.execute(query).scalar_one()


def _comments(counter: Counter) -> list[str]:
    """Two citizens ask under a post on X; gives where the officer sees each."""
    posts = until(lambda: counter.ours(X), what="a post on X")
    for author in ("@udaharan_rk", "@namuna_sk"):
        counter.say(X, "पाणी कधी येणार?", under=posts[0]["id"], author=author)
    counter.listen_soon()
    officer = counter.person(OFFICER)

    def both() -> list[str] | None:
        links = officer.get("/comments").links(r"^/comments/\d+$")
        return links if len(links) == 2 else None

    return until(both, what="two comments in the officer's inbox")


def _send_reply(counter: Counter, path: str) -> None:
    """The officer's own answer is written and approved at once, or not at all."""
    officer = counter.person(OFFICER)
    page = officer.get(path)
    counter.lose(officer, page, "/answer", "answer.before_commit", text=WORDS)
    counter.lose(officer, page, "/answer", "answer.after_commit", text=WORDS)
    counter.open()
    officer.send(page, "/answer", {"text": WORDS}, code=409)


def _answer_by_another(counter: Counter, path: str) -> None:
    """What the lead answered is stored and waits, though the officer's approval was lost."""
    lead, officer = counter.person(LEAD), counter.person(OFFICER)
    lead.send(lead.get(path), "/answer", {"text": WAITING_WORDS})
    with counter.database.reading() as session:
        reply = session.execute(select(func.max(Reply.post_id))).scalar_one()
    page = officer.get(f"/posts/{reply}/review")
    counter.lose(officer, page, "/approve", "approve.before_commit")
    counter.open()
    assert WAITING_WORDS in officer.get(f"/posts/{reply}/review").text
    officer.send(page, "/approve")
