"""Every page that answers somebody can be reached by links, from Today, the menu and the footer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import urljoin, urlsplit

import pytest
from sqlalchemy import inspect
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from approvals.policy import Role
from publisher.inbox import routing
from publisher.models.comments import Comment
from publisher.people import absences
from publisher.working_time import local_day
from tests.support import emergency_steps
from tests.support.city import City
from tests.web.html_page import Page
from tests.web.sign_in.test_sign_in_pages import appoint_again
from tests.web.site import BASE_URL, Browser
from tests.web.world import CAST, World, calls, codes_in_table, path_of

VISITOR = "visitor"
START = {VISITOR: "/sign-in"}
MOST_OF_ONE_KIND = 12
"""The most pages of one endpoint that a crawl opens: calendars and lists have no end."""

ONLY_BY_CODE = "only those who approve have a code to type; it gives nobody else a right"
WITHOUT_A_LINK: Mapping[str, str] = {
    "answer_letters.scan": "a row of the list to confirm while an appointment waits",
    "changes.ask": "asked by the page itself",
    "duty_codes.type_code": "the page that refuses somebody on duty without a second factor",
    "password_reset.confirmation": "follows its form",
    "former_letters.show": "the QR code of a letter that was printed until version 0.2.0",
    "link_cards.picture": "a picture inside previews",
    "monitoring.health": "asked by programs",
    "monitoring.metrics": "asked by programs",
    "monitoring.ready": "asked by programs",
    "in_person.ask": ONLY_BY_CODE,
    "passkeys.add": "follows the button of a profile, where the address can have passkeys",
    "profile.code": "follows the form of a new address or number",
    "public_files.robots": "asked for by crawlers",
    "public_files.security": "asked for by who finds a weakness, where RFC 9116 has it",
    "static": "files of the pages",
    "rehearsals.index": "a menu entry where rehearsals are offered",
    "second_factor.code": "the second screen of setting up",
    "stop.show": "those who may not stop are led to it by the banner of a stop",
    "understood.show": "asked by the page itself while somebody types a time",
    "webhooks.challenge": "asked by the platform when it is given the address",
    "confirmation.send_back_to": "a row of the list to confirm while an appointment waits",
    "upgrade_review.index": "a line of Today while somebody has not been looked through",
}
"""Pages that some answer to without a link, with the way to each."""


def add_states(world: World, name: str) -> None:
    """Add what the world has in another state: received, closed, hidden, revised, away, template.

    The person gets a second appointment.
    """
    city = world.site.city
    city.hand_in()
    revised = city.in_review()
    city.save(revised, on=["x"])
    city.send(revised)
    city.approve(revised)
    with city.write() as session:
        first = session.get_one(Comment, world.own["comment_id"])
        closed, hidden = copies(first, "closed", "hidden")
        hidden.hidden_at = city.now
        session.add_all([closed, hidden])
        session.flush()
        routing.close(
            session,
            actor=city.actor("first"),
            now=city.now,
            comment_id=closed.id,
            reason="आभार",
        )
    city.in_review()
    emergency_steps.add_template(city, "water")
    if city.roles[name][0] is Role.HEAD:
        let_officers_be_away(city)
    appoint_again(world.site, name, Role.MEMBER, "garden")


def copies(comment: Comment, *platform_ids: str) -> list[Comment]:
    """Return unsaved copies of a comment under other ids of the platform."""
    keys = {attribute.key for attribute in inspect(Comment).column_attrs} - {"id", "platform_id"}
    columns = {key: getattr(comment, key) for key in keys}
    return [Comment(**columns, platform_id=platform_id) for platform_id in platform_ids]


def let_officers_be_away(city: City) -> None:
    """Record that the officers of water are away today, so that its head decides."""
    today = local_day(city.now)
    with city.write() as session:
        for officer in ("first", "second"):
            absences.record(
                session,
                actor=city.actor("other_clerk"),
                now=city.now,
                person_id=city.people[officer],
                from_on=today,
                until_on=today,
            )


def crawl(world: World, browser: Browser, start: str, wanted: Collection[str]) -> set[str]:
    """Return the endpoints that links lead to; the crawl ends once all the wanted ones are in."""
    reached: set[str] = set()
    opened: Counter[str] = Counter()
    seen, queue = {start}, [(endpoint_of(world, start), start)]
    while queue and not reached.issuperset(wanted):
        # The kind of page that was opened least comes next.
        endpoint, path = min(queue, key=lambda ahead: opened[ahead[0]])
        queue.remove((endpoint, path))
        if opened[endpoint] >= MOST_OF_ONE_KIND:
            break
        opened[endpoint] += 1
        response = browser.get(path)
        if response.status_code == 200:
            reached.add(endpoint)
        for address in addresses(response, path):
            if address not in seen and (ahead := endpoint_of(world, address)):
                seen.add(address)
                queue.append((ahead, address))
    return reached


def addresses(response: TestResponse, path: str) -> Iterator[str]:
    """Yield the paths of this site that the page links to, or that the response redirects to."""
    if "Location" in response.headers:
        targets = [response.headers["Location"]]
    elif response.mimetype == "text/html":
        targets = list(targets_of(Page(response.text)))
    else:
        targets = []
    for target in targets:
        parts = urlsplit(urljoin(BASE_URL + path, target))
        if f"{parts.scheme}://{parts.netloc}" == BASE_URL:
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def targets_of(page: Page) -> Iterator[str]:
    """Yield where links, pictures and forms that only read lead."""
    for element in page.all:
        if element.tag == "a":
            yield element.get("href")
        elif element.tag == "img":
            yield element.get("src")
        elif element.tag == "form" and element.get("method") == "get":
            yield element.get("action")


def endpoint_of(world: World, path: str) -> str:
    """Return the endpoint of a path; "" if no page has it."""
    try:
        endpoint, _arguments = world.site.app.url_map.bind("").match(urlsplit(path).path)
    except HTTPException:
        return ""
    return str(endpoint)


def pages_for(world: World, role: str) -> dict[str, str]:
    """Return the path of each endpoint that answers the role, as test_access proves.

    Paths lead to rows of one's own; a visitor has the public pages.
    """
    pages = {}
    for call in calls(world.site):
        if call.method != "GET" or call.foreign or call.endpoint in WITHOUT_A_LINK:
            continue
        is_public = call.entry.public
        if is_public if role == VISITOR else not is_public and 200 in codes_in_table(call, role):
            name = CAST.get(role, "member")
            pages[call.endpoint] = path_of(world.site, call, world.ids(call, name))
    return pages


# As in test_access: `make proof` tries the others.
OFTEN = {"member", "lead"}
ROLES = [
    pytest.param(role, marks=pytest.mark.ci if role in OFTEN else pytest.mark.proof)
    for role in (*CAST, VISITOR)
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_that_answers_is_reached_by_links(world: World, role: str) -> None:
    add_states(world, CAST.get(role, "member"))
    browser = world.site.browser(CAST[role]) if role in CAST else world.site.nobody()
    pages = pages_for(world, role)
    missing = pages.keys() - crawl(world, browser, START.get(role, "/"), pages)
    orphans = [pages[name] for name in missing if browser.get(pages[name]).status_code == 200]
    assert not orphans, "\n".join(sorted(orphans))
