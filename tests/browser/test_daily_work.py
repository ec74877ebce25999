"""A day in the life: two departments, eight posts, twenty comments, and what goes wrong on the way.

The members, officers and heads hold phones, the cell sits at its desk; the pages that they come
to are examined at both widths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import func, select

from publisher.models.comments import Comment
from publisher.models.deliveries import Delivery
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.platforms.memory.store import StoredPost
from publisher.states import CommentState, DeliveryState
from tests.browser.counter import PASSWORD
from tests.browser.walking import Walk, path_of, walking
from tests.support.accessibility import examine
from tests.support.city_people import HOUR, MINUTE
from tests.support.runs import Run

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(600)]
ACT = ".submit-bar .btn-act"
PHONES = frozenset({"member", "first", "health_head"})
TYPO = "शनीवारी"
MATTERS = {
    "member": ("शनिवारी पाणीपुरवठा बंद", "जलवाहिनीची दुरुस्ती"),
    "health_head": ("डेंगी प्रतिबंध मोहीम", "मोफत रक्तदाब तपासणी"),
}
"""Who hands in what: two matters each, and two posts of each, one for X and one for Facebook."""

COMMENTS = (
    "पाणी कधी येणार?",
    "kadhi yenar pani? tanker pathva",
    "धन्यवाद 🙏",
    "Which areas are affected?",
    "आमच्या सोसायटीला टँकर हवा आहे.",
)


@pytest.fixture(params=["mr", "en", "hi"])
def walk(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], Path],
) -> Iterator[Walk]:
    """A day at a desk of 1,280 px, the departments' people on phones."""
    with walking(
        browser, run, tmp_path, width=1280, shoot=shoot, lang=request.param, phones=PHONES
    ) as begun:
        yield begun


def test_a_day_of_five_people(walk: Walk) -> None:
    for name in MATTERS:
        hand_in(walk, name)
    posts = {name: draft(walk, name) for name in MATTERS}
    decide(walk, "first", posts["member"], returned=posts["member"][1])
    decide(walk, "health_head", posts["health_head"])
    publish(walk, [*posts["member"], *posts["health_head"]])
    reply_to_comment(walk)
    mend(walk)
    ends_well(walk)


def press(page: Page, selector: str) -> None:
    """Press what leads to another page."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def fit(walk: Walk, page: Page, name: str) -> None:
    """Look at a page, keep its picture, and find it fit for everybody at both widths."""
    walk.keep(page, f"day-{walk.lang}-{name}")
    own = page.viewport_size
    assert own is not None
    assert page.locator("html").get_attribute("lang") == walk.lang
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert [str(violation) for violation in examine(page).violations] == [], (name, width)
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    page.set_viewport_size(own)


def hand_in(walk: Walk, name: str) -> None:
    """Two matters, on a phone."""
    for title in MATTERS[name]:
        page = walk.go(name, "/submissions/new")
        page.locator("[name=kind]").first.check()
        page.fill("#title", title)
        page.fill("#text_mr", f"{title}. अधिक माहितीसाठी ०२०-५५५०-०१०० येथे संपर्क साधावा.")
        press(page, ACT)
        assert "PMC/2026/" in page.locator(".flashes").inner_text()
    fit(walk, page, f"handed-in-{name}")


def draft(walk: Walk, name: str) -> list[str]:
    """The clerk makes two posts of each matter and sends them; gives their paths."""
    post_ids = []
    for title in MATTERS[name]:
        for platform in ("x", "facebook"):
            page = walk.go("clerk", "/submissions?view=all")
            page.get_by_role("link", name=title, exact=True).first.click()
            press(page, "form[action$='/draft'] button")
            account = str(walk.town.accounts[platform])
            text = title.replace("शनिवारी", TYPO) if platform == "facebook" else title
            page.fill(f"[name=text_{account}_mr]", f"{text}. – {platform} #पुणे")
            press(page, "button[value=send]")
            post_ids.append(path_of(page))
    fit(walk, page, f"sent-{name}")
    return post_ids


def decide(walk: Walk, name: str, posts: list[str], *, returned: str = "") -> None:
    """The officer, or the head where there is none, decides on a phone."""
    page = walk.go(name, "/")
    fit(walk, page, f"today-{name}")
    if returned:
        correct(walk, name, returned)
    for post in posts:
        page = walk.go(name, f"{post}/review")
        if post == posts[0]:
            fit(walk, page, f"review-{name}")
        press(page, ".decision-bar .btn-act")
    fit(walk, page, f"decided-{name}")


def correct(walk: Walk, name: str, post: str) -> None:
    """A typo goes back before approval; the clerk corrects it in a new revision."""
    page = walk.go(name, f"{post}/return")
    page.fill("#reason", f"‘{TYPO}’ ऐवजी ‘शनिवारी’ असे लिहावे.")
    fit(walk, page, "returning")
    press(page, ACT)
    page = walk.go("clerk", f"{post}/draft")
    fit(walk, page, "returned-draft")
    field = page.locator("textarea[name^=text_]").filter(has_text=TYPO)
    field.fill(field.input_value().replace(TYPO, "शनिवारी"))
    press(page, "button[value=send]")
    page = walk.go(name, f"{post}/review")
    assert "शनिवारी" in page.locator(".preview").first.inner_text()
    fit(walk, page, "corrected")


def publish(walk: Walk, posts: list[str]) -> None:
    """Six leave at once, one of them to nobody knows where; one waits and misses its time."""
    town = walk.town
    for post in posts[:6]:
        page = walk.go("clerk", post)
        press(page, "a[href$='/schedule']")
        press(page, "form[action$='/publish-now'] button")
        if post == posts[0]:
            town.platform("x").fail_next(OutcomeUnknown("no answer"))
        town.tick_dispatch()
    for post, clock in zip(posts[6:], ("13:30", "14:00"), strict=True):
        page = walk.go("clerk", post)
        press(page, "a[href$='/schedule']")
        for mark, value in (("day", "25"), ("month", "11"), ("year", "2026")):
            page.fill(f"#day-{mark}", value)
        page.fill("#clock", clock)
        press(page, ACT)
    fit(walk, walk.go("clerk", "/calendar"), "calendar")
    for _look in range(4):
        town.tick_reconcile(16 * MINUTE)
    town.clock.move(4 * HOUR)  # the clock stood still for the afternoon
    town.tick_dispatch()
    assert states(walk) == {
        DeliveryState.PUBLISHED: 5,
        DeliveryState.HELD: 1,
        DeliveryState.MISSED: 2,
    }


def reply_to_comment(walk: Walk) -> None:
    """Twenty comments come; each kind of answer is given, one is assigned, one transferred."""
    town = walk.town
    live = [(post.platform_id, name) for name in ("x", "facebook") for post in own(walk, name)]
    for number in range(19):
        parent, platform = live[number % len(live)]
        text = f"{COMMENTS[number % len(COMMENTS)]} ({number})"
        town.platform(platform).citizen_says(text, parent_id=parent, author=f"udaharan_{number}")
    town.platform("x").citizen_says("@city रस्त्यावर दिवे नाहीत.", author="udaharan_19")
    town.listen(10 * MINUTE)
    assert count(walk) == 20
    page = walk.go("first", "/comments")
    fit(walk, page, "inbox")
    mine = comments_of(walk, "water")
    for number in mine[:2]:
        page = walk.go("first", f"/comments/{number}")
        page.fill("#text", f"शनिवारी रात्री ९ नंतर, प्रभाग {number}. – पाणीपुरवठा विभाग")
        if number == mine[0]:
            fit(walk, page, "answering")
        press(page, ACT)
    move(walk, "first", mine[2], "close", "केवळ कौतुक आहे.")
    move(walk, "first", mine[3], "transfer", "ही आरोग्य विभागाची बाब आहे.")
    assign(walk)
    page = walk.go("health_head", f"/comments/{comments_of(walk, 'health')[0]}")
    page.fill("#text", "आपल्या प्रभागात सोमवारी फवारणी होईल. – आरोग्य विभाग")
    press(page, ACT)
    town.tick_dispatch()
    town.note_answers()
    fit(walk, walk.go("first", f"/comments/{mine[0]}"), "answered")


def move(walk: Walk, name: str, comment: int, act: str, why: str) -> None:
    """Transfer or close a comment, with a reason."""
    page = walk.go(name, f"/comments/{comment}/{act}")
    if act == "transfer":
        page.select_option("#department", str(walk.town.departments["health"]))
    page.fill("#reason", why)
    fit(walk, page, act)
    press(page, ACT)


def assign(walk: Walk) -> None:
    """What stands under no post of ours gets its department from the clerk."""
    with walk.town.read() as session:
        comment_id = session.scalars(
            select(Comment.id).where(Comment.state == CommentState.RECEIVED)
        ).one()
    page = walk.go("clerk", f"/comments/{comment_id}")
    page.select_option("#department", str(walk.town.departments["water"]))
    fit(walk, page, "assigning")
    press(page, "form[action$='/assign'] button")


def mend(walk: Walk) -> None:
    """The lead looks after the held one, the clerk gives those that missed their time another."""
    page = walk.go("lead", "/decisions")
    fit(walk, page, "board")
    press(page, "form[action$='/send-again'] button")
    for delivery in deliveries(walk, DeliveryState.MISSED):
        page = walk.go("clerk", f"/deliveries/{delivery}")
        press(page, "form[action$='/publish-now'] button")
        if page.locator("#password").count():  # the clerk signed in this morning
            fit(walk, page, "confirming")
            page.fill("#password", PASSWORD)
            press(page, ACT)
            page = walk.go("clerk", f"/deliveries/{delivery}")
            press(page, "form[action$='/publish-now'] button")
    walk.town.tick_dispatch(MINUTE)


def ends_well(walk: Walk) -> None:
    """All eight stand there once, and the member sees it."""
    assert states(walk) == {DeliveryState.PUBLISHED: 8 + 3}  # three answers are posts too
    texts = [post.text for name in ("x", "facebook") for post in own(walk, name)]
    assert len(texts) == len(set(texts))
    page = walk.go("lead", "/decisions")
    assert not page.locator(".either").count()
    page = walk.go("member", "/submissions?view=all")
    fit(walk, page, "submissions")
    press(page, "a.title-link")
    assert page.locator("a[rel~=external]").count() >= 2
    fit(walk, page, "status")


def own(walk: Walk, name: str) -> list[StoredPost]:
    """What stands on an account by our hand."""
    return list(walk.town.platform(name).published)


def states(walk: Walk) -> dict[DeliveryState, int]:
    """How many deliveries stand where."""
    query = select(Delivery.state, func.count()).group_by(Delivery.state)
    with walk.town.read() as session:
        return {row[0]: row[1] for row in session.execute(query)}


def deliveries(walk: Walk, state: DeliveryState) -> list[int]:
    """The ids of the deliveries in this state."""
    with walk.town.read() as session:
        return list(session.scalars(select(Delivery.id).where(Delivery.state == state)))


def count(walk: Walk) -> int:
    """How many comments have come in."""
    with walk.town.read() as session:
        return session.scalars(select(func.count()).select_from(Comment)).one()


def comments_of(walk: Walk, department: str) -> list[int]:
    """The ids of the comments that lie with a department, the first first."""
    query = select(Comment.id).where(
        Comment.department_id == walk.town.departments[department],
        Comment.state == CommentState.ROUTED,
    )
    with walk.town.read() as session:
        return list(session.scalars(query.order_by(Comment.id)))
