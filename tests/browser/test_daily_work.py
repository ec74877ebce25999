"""A whole day: two departments, eight posts, twenty comments, and failures on the way.

The members, officers and heads use phones, the cell a wide screen; each page that they open is
examined at both widths.
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
from publisher.states import CommentState, DeliveryState
from tests.browser.city_server import PASSWORD
from tests.browser.journey import Journey, open_journey, path_of
from tests.support.accessibility import examine
from tests.support.city_people import HOUR, MINUTE
from tests.support.memory_platform.store import StoredPost
from tests.support.runs import Run

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
ACT = ".submit-bar .btn-act"
PHONES = frozenset({"member", "first", "health_head"})
TYPO = "शनीवारी"
TITLES = {
    "member": ("शनिवारी पाणीपुरवठा बंद", "जलवाहिनीची दुरुस्ती"),
    "health_head": ("डेंगी प्रतिबंध मोहीम", "मोफत रक्तदाब तपासणी"),
}
"""The titles that each person hands in; each becomes two posts, for X and for Facebook."""

COMMENTS = (
    "पाणी कधी येणार?",
    "kadhi yenar pani? tanker pathva",
    "धन्यवाद 🙏",
    "Which areas are affected?",
    "आमच्या सोसायटीला टँकर हवा आहे.",
)


@pytest.fixture(params=["mr", "en", "hi"])
def journey(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], None],
) -> Iterator[Journey]:
    """Open a city at 1,280 px, with phones for the departments' people."""
    with open_journey(
        browser, run, tmp_path, width=1280, shoot=shoot, lang=request.param, phones=PHONES
    ) as opened:
        yield opened


def test_a_day_of_five_people(journey: Journey) -> None:
    for name in TITLES:
        hand_in(journey, name)
    posts = {name: draft(journey, name) for name in TITLES}
    decide(journey, "first", posts["member"], returned=posts["member"][1])
    decide(journey, "health_head", posts["health_head"])
    publish(journey, [*posts["member"], *posts["health_head"]])
    reply_to_comment(journey)
    resolve_failures(journey)
    assert_all_published(journey)


def press(page: Page, selector: str) -> None:
    """Click, and wait for the page that follows."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def assert_fit(journey: Journey, page: Page, name: str) -> None:
    """Take a picture of a page, and check its language, and axe and overflow at both widths.

    Axe examines it in Marathi only: its rules do not depend on the language.
    """
    journey.keep_picture(page, f"day-{journey.lang}-{name}")
    own = page.viewport_size
    assert own is not None
    assert page.locator("html").get_attribute("lang") == journey.lang
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        if journey.lang == "mr":
            assert [str(violation) for violation in examine(page).violations] == [], (name, width)
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    page.set_viewport_size(own)


def hand_in(journey: Journey, name: str) -> None:
    """Hand in the person's two submissions."""
    for title in TITLES[name]:
        page = journey.go(name, "/submissions/new")
        page.locator("[name=kind]").first.check()
        page.fill("#title", title)
        page.fill("#text_mr", f"{title}. अधिक माहितीसाठी ०२०-५५५०-०१०० येथे संपर्क साधावा.")
        press(page, ACT)
        assert "PMC/2026/" in page.locator(".flashes").inner_text()
    assert_fit(journey, page, f"handed-in-{name}")


def draft(journey: Journey, name: str) -> list[str]:
    """Let the clerk send two posts of each submission for review; return their paths."""
    post_ids = []
    for title in TITLES[name]:
        for platform in ("x", "facebook"):
            page = journey.go("clerk", "/submissions?view=all")
            page.get_by_role("link", name=title, exact=True).first.click()
            press(page, "form[action$='/draft'] button")
            account = str(journey.town.accounts[platform])
            text = title.replace("शनिवारी", TYPO) if platform == "facebook" else title
            page.fill(f"[name=text_{account}_mr]", f"{text}. – {platform} #पुणे")
            press(page, "button[value=send]")
            post_ids.append(path_of(page))
    assert_fit(journey, page, f"sent-{name}")
    return post_ids


def decide(journey: Journey, name: str, posts: list[str], *, returned: str = "") -> None:
    """Let the officer or the head approve the posts, and return one of them first."""
    page = journey.go(name, "/")
    assert_fit(journey, page, f"today-{name}")
    if returned:
        correct(journey, name, returned)
    for post in posts:
        page = journey.go(name, f"{post}/review")
        if post == posts[0]:
            assert_fit(journey, page, f"review-{name}")
        press(page, ".decision-bar .btn-act")
    assert_fit(journey, page, f"decided-{name}")


def correct(journey: Journey, name: str, post: str) -> None:
    """Return a post with a typo, and let the clerk correct it in a new revision."""
    page = journey.go(name, f"{post}/return")
    page.fill("#reason", f"‘{TYPO}’ ऐवजी ‘शनिवारी’ असे लिहावे.")
    assert_fit(journey, page, "returning")
    press(page, ACT)
    page = journey.go("clerk", f"{post}/draft")
    assert_fit(journey, page, "returned-draft")
    field = page.locator("textarea[name^=text_]").filter(has_text=TYPO)
    field.fill(field.input_value().replace(TYPO, "शनिवारी"))
    press(page, "button[value=send]")
    page = journey.go(name, f"{post}/review")
    assert "शनिवारी" in page.locator(".preview").first.inner_text()
    assert_fit(journey, page, "corrected")


def publish(journey: Journey, posts: list[str]) -> None:
    """Publish six posts at once, one without a known outcome; two others miss their time."""
    town = journey.town
    for post in posts[:6]:
        page = journey.go("clerk", post)
        press(page, "a[href$='/schedule']")
        tick_first_text(page)
        press(page, "button[formaction$='/publish-now']")
        if post == posts[0]:
            town.platform("x").fail_next(OutcomeUnknown("no answer"))
        town.tick_dispatch()
    for post, clock in zip(posts[6:], ("13:30", "14:00"), strict=True):
        page = journey.go("clerk", post)
        press(page, "a[href$='/schedule']")
        text = tick_first_text(page)
        page.fill(f"#text-{text}-due_at", f"25/11/2026 {clock}")
        press(page, ACT)
    assert_fit(journey, journey.go("clerk", "/calendar"), "calendar")
    for _look in range(4):
        town.tick_reconcile(16 * MINUTE)
    town.clock.move(4 * HOUR)  # the clock stood still for the afternoon
    town.tick_dispatch()
    assert delivery_counts(journey) == {
        DeliveryState.PUBLISHED: 5,
        DeliveryState.HELD: 1,
        DeliveryState.MISSED: 2,
    }


def tick_first_text(page: Page) -> str:
    """Untick every text but the first in the form of a schedule, and return that one's id."""
    first, *others = page.locator("[name=chosen]").all()
    for other in others:
        other.uncheck()
    return str(first.get_attribute("value"))


def reply_to_comment(journey: Journey) -> None:
    """Let twenty comments come in; answer, close, transfer and assign some of them."""
    town = journey.town
    live = [
        (post.platform_id, name)
        for name in ("x", "facebook")
        for post in published_posts(journey, name)
    ]
    for number in range(19):
        parent, platform = live[number % len(live)]
        text = f"{COMMENTS[number % len(COMMENTS)]} ({number})"
        town.platform(platform).citizen_says(text, parent_id=parent, author=f"udaharan_{number}")
    town.platform("x").citizen_says("@city रस्त्यावर दिवे नाहीत.", author="udaharan_19")
    town.listen(10 * MINUTE)
    assert comment_count(journey) == 20
    page = journey.go("first", "/comments")
    assert_fit(journey, page, "inbox")
    mine = comments_of(journey, "water")
    for number in mine[:2]:
        page = journey.go("first", f"/comments/{number}")
        page.fill("#text", f"शनिवारी रात्री ९ नंतर, प्रभाग {number}. – पाणीपुरवठा विभाग")
        if number == mine[0]:
            assert_fit(journey, page, "answering")
        press(page, ACT)
    move(journey, "first", mine[2], "close", "केवळ कौतुक आहे.")
    move(journey, "first", mine[3], "transfer", "ही आरोग्य विभागाची बाब आहे.")
    assign(journey)
    page = journey.go("health_head", f"/comments/{comments_of(journey, 'health')[0]}")
    page.fill("#text", "आपल्या प्रभागात सोमवारी फवारणी होईल. – आरोग्य विभाग")
    press(page, ACT)
    town.tick_dispatch()
    town.note_answers()
    assert_fit(journey, journey.go("first", f"/comments/{mine[0]}"), "answered")


def move(journey: Journey, name: str, comment: int, act: str, why: str) -> None:
    """Transfer or close a comment with a reason."""
    page = journey.go(name, f"/comments/{comment}/{act}")
    if act == "transfer":
        page.select_option("#department", str(journey.town.departments["health"]))
    page.fill("#reason", why)
    assert_fit(journey, page, act)
    press(page, ACT)


def assign(journey: Journey) -> None:
    """Let the clerk assign the comment that is under no post of the city to a department."""
    with journey.town.read() as session:
        comment_id = session.scalars(
            select(Comment.id).where(Comment.state == CommentState.RECEIVED)
        ).one()
    page = journey.go("clerk", f"/comments/{comment_id}")
    page.select_option("#department", str(journey.town.departments["water"]))
    assert_fit(journey, page, "assigning")
    press(page, "form[action$='/assign'] button")


def resolve_failures(journey: Journey) -> None:
    """Let the lead send the held delivery again, and the clerk publish the missed ones now."""
    page = journey.go("lead", "/decisions")
    assert_fit(journey, page, "board")
    press(page, "form[action$='/send-again'] button")
    for delivery in deliveries(journey, DeliveryState.MISSED):
        page = journey.go("clerk", f"/deliveries/{delivery}")
        press(page, "form[action$='/publish-now'] button")
        if page.locator("#password").count():  # the clerk signed in this morning
            assert_fit(journey, page, "confirming")
            page.fill("#password", PASSWORD)
            press(page, ACT)
            page = journey.go("clerk", f"/deliveries/{delivery}")
            press(page, "form[action$='/publish-now'] button")
    journey.town.tick_dispatch(MINUTE)


def assert_all_published(journey: Journey) -> None:
    """Expect each of the eight posts to be published once, and the member to see it."""
    assert delivery_counts(journey) == {
        DeliveryState.PUBLISHED: 8 + 3
    }  # three answers are posts too
    texts = [post.text for name in ("x", "facebook") for post in published_posts(journey, name)]
    assert len(texts) == len(set(texts))
    page = journey.go("lead", "/decisions")
    assert not page.locator(".either").count()
    page = journey.go("member", "/submissions?view=all")
    assert_fit(journey, page, "submissions")
    press(page, "a.title-link")
    assert page.locator("a[rel~=external]").count() >= 2
    assert_fit(journey, page, "status")


def published_posts(journey: Journey, name: str) -> list[StoredPost]:
    """Return the posts that the city published on an account."""
    return list(journey.town.platform(name).published)


def delivery_counts(journey: Journey) -> dict[DeliveryState, int]:
    """Return the number of deliveries in each state."""
    query = select(Delivery.state, func.count()).group_by(Delivery.state)
    with journey.town.read() as session:
        return {row[0]: row[1] for row in session.execute(query)}


def deliveries(journey: Journey, state: DeliveryState) -> list[int]:
    """Return the ids of the deliveries in this state."""
    with journey.town.read() as session:
        return list(session.scalars(select(Delivery.id).where(Delivery.state == state)))


def comment_count(journey: Journey) -> int:
    """Return the number of comments."""
    with journey.town.read() as session:
        return session.scalars(select(func.count()).select_from(Comment)).one()


def comments_of(journey: Journey, department: str) -> list[int]:
    """Return the ids of the comments routed to a department, the oldest first."""
    query = select(Comment.id).where(
        Comment.department_id == journey.town.departments[department],
        Comment.state == CommentState.ROUTED,
    )
    with journey.town.read() as session:
        return list(session.scalars(query.order_by(Comment.id)))
