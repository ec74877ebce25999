"""A third platform, unlike X and Facebook in everything, on every page and from end to end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.delivery.permalinks import read_link
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, DeliveryAction
from publisher.platforms.facebook.capabilities import FACEBOOK
from publisher.platforms.registry import UnknownPlatform, capabilities, register_temporarily
from publisher.platforms.x.capabilities import X
from publisher.states import AccountState, CommentState, DeliveryState
from tests.support.memory_platform.oauth import TOKEN_LIFE
from tests.support.third_platform import BULLETIN, move_to_bulletin
from tests.web.site import Browser, Site
from tests.web.world import CAST, World, add_one_of_each, calls, path_of

TAG = re.compile(r"<(script|style|template)\b.*?</\1>|<[^>]*>", re.DOTALL)
X_AS_A_WORD = re.compile(r"(?<![\w-])(?:X|एक्स)(?![\w-])")
FACEBOOK_NAMES = ("facebook", "फेसबुक", "फ़ेसबुक")
NAMES_ALL_PLATFORMS = {"accounts.index", "rehearsals.index", "emergency_templates.show"}
"""Pages on all platforms: buttons to connect, practice scenarios, and the strictest limit."""

NAMES_ITS_PLATFORM = {
    *("accounts.show", "corrections.show_change", "manual.show", "deliveries.show"),
    *("drafting.edit", "inbox.show", "takedowns.hide"),
    *("posts.show", "review.show", "schedule.schedule"),
}


@pytest.fixture
def third_platform() -> Iterator[None]:
    """Register the third platform during a test."""
    with register_temporarily(BULLETIN):
        yield


@pytest.fixture
def bulletin_site(site: Site, third_platform: None) -> Site:
    """Return the city with its account on the third platform, on SQLite."""
    del third_platform
    move_to_bulletin(site.city)
    return site


@pytest.fixture
def any_bulletin_site(any_site: Site, third_platform: None) -> Site:
    """Return the city with its account on the third platform, on both databases."""
    del third_platform
    move_to_bulletin(any_site.city)
    return any_site


def test_nothing_but_yes_and_no_is_as_on_x_or_facebook() -> None:
    same = [
        field.name
        for field in fields(BULLETIN)
        if not isinstance(getattr(BULLETIN, field.name), bool | None)
        and getattr(BULLETIN, field.name) in (getattr(X, field.name), getattr(FACEBOOK, field.name))
    ]
    assert same == []
    answers = [
        tuple(value for value in vars(platform).values() if isinstance(value, bool))
        for platform in (X, FACEBOOK, BULLETIN)
    ]
    assert len(set(answers)) == 3


def test_a_platform_is_registered_once_and_only_for_a_while() -> None:
    with register_temporarily(BULLETIN):
        assert capabilities("bulletin") is BULLETIN
        with pytest.raises(ValueError, match="bulletin"), register_temporarily(BULLETIN):
            pass
        assert capabilities("bulletin") is BULLETIN
    with pytest.raises(UnknownPlatform, match="bulletin"):
        capabilities("bulletin")


# Hindi has no word for it; `make proof` opens the pages in the other languages too.
@pytest.mark.parametrize(
    "language",
    [
        pytest.param("hi", marks=pytest.mark.ci),
        pytest.param("mr", marks=pytest.mark.proof),
        pytest.param("en", marks=pytest.mark.proof),
    ],
)
def test_every_page_calls_it_by_its_own_name(bulletin_site: Site, language: str) -> None:
    city = bulletin_site.city
    own = add_one_of_each(city, "water", BULLETIN.name)
    city.comment("@city कधी?")
    world = World(bulletin_site, own, own)
    opened = dict(pages_of(world, language))
    assert len(opened) > 60
    for endpoint, html in opened.items():
        if endpoint in NAMES_ALL_PLATFORMS:
            continue
        assert [name for name in FACEBOOK_NAMES if name in html.lower()] == [], endpoint
        assert "twitter" not in html, endpoint
        assert X_AS_A_WORD.findall(shown_text(html)) == [], endpoint
    named = {endpoint for endpoint, html in opened.items() if BULLETIN.label in shown_text(html)}
    assert NAMES_ITS_PLATFORM | {"accounts.index"} <= named, NAMES_ITS_PLATFORM - named
    assert "#icon-megaphone" in opened["inbox.index"]
    for endpoint in ("review.show", "posts.show", "drafting.edit"):
        assert 'class="preview preview-bulletin"' in opened[endpoint]
        assert "#icon-megaphone" in opened[endpoint]
        assert "#icon-pin-angle" in opened[endpoint]


def pages_of(world: World, language: str) -> Iterator[tuple[str, str]]:
    """Yield each private page by its endpoint, as opened by a role that may open it."""
    browsers: dict[str, Browser] = {}
    for call in calls(world.site):
        if call.method != "GET" or call.foreign or call.entry.public:
            continue
        name = CAST[f"{call.entry.everywhere} {call.entry.own}".split()[0]]
        if name not in browsers:
            browsers[name] = world.site.browser(name)
            browsers[name].post("/language", {"lang": language})
        response = browsers[name].get(path_of(world.site, call, world.ids(call, name)))
        assert response.status_code in (200, 302, 409), (call.endpoint, response.status_code)
        if response.status_code == 200 and response.mimetype == "text/html":
            assert f'<html lang="{language}">' in response.text, call.endpoint
            yield call.endpoint, response.text


def shown_text(html: str) -> str:
    """Return the words of a page, and those that screen readers say."""
    labels = re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*)"', html)
    return " ".join([TAG.sub(" ", html), *labels])


def test_it_is_drafted_with_its_own_limits(bulletin_site: Site) -> None:
    city = bulletin_site.city
    post = city.draft(city.hand_in())
    page = bulletin_site.browser("clerk").page(f"/posts/{post}/draft")
    counter = page.by_id(f"text_{city.accounts['x']}_mr-counter")
    assert counter.get("data-counter-limit") == "500"
    assert counter.get("data-counter-for") == "", "the browser cannot count in its units"
    preview = next(part for part in page.all if part.get("data-preview-of"))
    assert (preview.get("data-preview-rule"), preview.get("data-preview-units")) == ("", "120")
    assert preview.get("data-preview-cut") == "येथून पुढे ‘Read on’"


def test_it_publishes_listens_and_answers(any_bulletin_site: Site) -> None:
    city = any_bulletin_site.city
    platform = city.platform("x")
    (delivery_id,) = city.live()
    (published,) = platform.published
    delivery = city.delivery(delivery_id)
    assert (delivery.state, delivery.action) == (DeliveryState.PUBLISHED, DeliveryAction.PUBLISH)
    assert city.platform_id(delivery_id) == published.platform_id
    below, mention = city.comment(under=delivery_id), city.comment("कचरा उचलला नाही.")
    city.assign(mention, "water")
    for comment_id in (below, mention):
        city.answer(comment_id)
    city.tick_dispatch(timedelta(minutes=1))
    city.note_answers()
    with city.read() as session:
        comments = session.scalars(select(Comment).order_by(Comment.id)).all()
        assert [comment.state for comment in comments] == [CommentState.ANSWERED] * 2
        parents = {comment.platform_id for comment in comments}
    assert {post.parent_id for post in platform.published[1:]} == parents


def test_a_link_to_it_is_read_by_its_own_rules(bulletin_site: Site) -> None:
    with bulletin_site.city.read() as session:
        account = session.scalars(select(Account)).one()
    link = "https://platform.example/1017"
    for is_reply in (False, True):
        assert read_link(link, account, is_reply=is_reply).platform_id == "1017"


def test_it_is_connected_from_the_page_once_its_settings_are_there(bulletin_site: Site) -> None:
    admin = bulletin_site.browser("admin")
    refused = admin.post("/accounts/connect", {"platform": "bulletin"})
    assert refused.status_code == 409
    assert "NAGARVANI_MEMORY_APP_KEY" in refused.text
    house = bulletin_site.app.extensions["house"]
    settings = house.settings
    with_key = replace(settings, platforms={**settings.platforms, "memory_app_key": "key"})
    bulletin_site.app.extensions["house"] = replace(house, settings=with_key)
    assert BULLETIN.connect_label in admin.get("/accounts").text
    started = admin.post("/accounts/connect", {"platform": "bulletin"})
    path = started.headers["Location"]
    admin.post("/language", {"lang": "hi"})
    walk = admin.page(path)
    assert BULLETIN.label in walk
    assert BULLETIN.connect_advice in [part.text for part in walk.all if part.tag == "li"]
    (link,) = [part.get("href") for part in walk.all if part.get("href").startswith("https:")]
    state = link.partition("memory_state=")[2]
    back = admin.get(f"/accounts/back/bulletin?memory_state={state}&handle=ward")
    assert back.headers["Location"] == path
    owner = bulletin_site.city.departments["water"]
    form = {"name": "प्रभाग", "purpose": "", "department_id": owner, "page": "ward"}
    assert admin.post(path, form).status_code == 302
    with bulletin_site.city.read() as session:
        account = session.scalars(select(Account).where(Account.handle == "ward")).one()
        assert (account.platform, account.state) == ("bulletin", AccountState.CONNECTED)
        assert account.token_until == bulletin_site.city.now + TOKEN_LIFE
