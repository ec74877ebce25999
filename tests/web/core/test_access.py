"""Tests each route with each role, for rows of the own department and of another.

A route without an entry in the hand-written table of `world` fails, and so does an entry without
a route.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.pool import QueuePool

from publisher.auth.sessions import SEEN_EVERY
from publisher.database.session import Database
from tests.support.city import statements
from tests.web.html_page import Page
from tests.web.secure_pages import check_secure_page
from tests.web.site import Browser, Site, make_app
from tests.web.world import (
    CAST,
    SIGNED,
    TABLE,
    Call,
    World,
    calls,
    codes_in_table,
    path_of,
    send_call,
)
from web.core import permissions


def test_the_table_of_access_lists_every_route_and_no_other(site: Site) -> None:
    routes = {rule.endpoint for rule in site.app.url_map.iter_rules()}
    assert routes == set(TABLE)


# A member of a department; in `make proof` the others.
LEVELS: dict[str, tuple[pytest.MarkDecorator, ...]] = {"member": ()}
ROLES = [pytest.param(role, marks=LEVELS.get(role, [pytest.mark.proof])) for role in CAST]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_exactly_the_pages_of_the_table_without_any_write(
    world: World, role: str
) -> None:
    browser = world.site.browser(CAST[role])
    private_calls = [call for call in calls(world.site) if not call.entry.public]
    get_calls = [call for call in private_calls if call.method == "GET"]
    before = all_rows(world.site.city.database)
    wrong = [line for call in get_calls for line in _deviations(world, call, browser, role)]
    changed = _changed_tables(before, all_rows(world.site.city.database))
    # Who opens a draft is recorded, and who takes a list away.
    changed = [name for name in changed if name not in ("open_drafts", "events")]
    for call in private_calls:
        if call.method == "POST":
            if call.endpoint.startswith("sign_in."):
                browser = world.site.browser(CAST[role])
            wrong += _deviations(world, call, browser, role)
    assert not wrong, "\n".join(wrong)
    assert not changed


MOST_STATEMENTS = 24
"""The most statements that a page may execute, those of its layout included.

The lead's Today needs so many: it looks for appointments, lost phones and duties that wait, for
departments without officers, and how far the newest call has come, too.
"""


def _deviations(world: World, call: Call, browser: Browser, role: str) -> Iterator[str]:
    """Yield a line for a wrong status code, too many statements, or a connection left open.

    Checks as well that opened pages are secure.
    """
    ids = world.ids(call, CAST[role])
    path = path_of(world.site, call, ids)
    with statements(world.site.city.database) as executed:
        response = send_call(browser, call, path, ids)
    code, expected_codes = response.status_code, codes_in_table(call, role)
    if code not in expected_codes:
        whose = "another department's" if call.foreign else "own"
        yield f"{call.method} {path} ({whose}): {code}, not {sorted(expected_codes)}"
    if code == 200 and response.mimetype == "text/html":
        check_secure_page(response)
    if call.method == "GET" and len(executed) > MOST_STATEMENTS:
        yield f"{path}: {len(executed)} statements"
    pool = world.site.city.database.engine.pool
    if isinstance(pool, QueuePool) and pool.checkedout():
        yield f"{call.method} {path}: left a connection open"


def test_every_private_page_asks_an_anonymous_visitor_to_sign_in(world: World) -> None:
    nobody, wrong = world.site.nobody(), []
    ids = {**world.own, "sign_in_id": 1, "known_device_id": 1, "own_appointment": 1}
    for call in calls(world.site):
        path = path_of(world.site, call, ids)
        code = send_call(nobody, call, path, ids).status_code
        public_codes = {200, 302, 304, 401, 404, 422}
        if code not in (public_codes if call.entry.public else {401}):
            wrong.append(f"{call.method} {path}: {code}")
    assert not wrong, "\n".join(wrong)


def test_an_anonymous_post_is_carried_by_the_sign_in_page(world: World) -> None:
    nobody, lost = world.site.nobody(), []
    ids = {**world.own, "sign_in_id": 1, "known_device_id": 1, "own_appointment": 1}
    for call in calls(world.site):
        if call.entry.public or call.method == "GET" or call.foreign:
            continue
        if call.endpoint == "sign_in.sign_out":
            continue  # without a session nobody can sign out
        path = path_of(world.site, call, ids)
        response = nobody.post(path, {"reason": "मी लिहिलेले शब्द"})
        carried = Page(response.text).form("sign-in") if response.status_code == 401 else []
        if ("kept:reason", "मी लिहिलेले शब्द") not in carried or ("kept_path", path) not in carried:
            lost.append(path)
    assert not lost


def test_a_form_without_a_csrf_token_is_refused(world: World) -> None:
    """It is refused to people who may send it, without a token and with another session's."""
    site, wrong = world.site, []
    browsers = {name: site.browser(name) for name in CAST.values()}
    strange = site.browser("other_clerk").token
    before = all_rows(site.city.database)
    for call in calls(site):
        if call.method == "GET" or call.foreign or call.endpoint in SIGNED:
            continue
        name = _allowed_person(call)
        path = path_of(site, call, ids := world.ids(call, name or "clerk"))
        browser = browsers[name] if name else site.nobody()
        codes = [
            send_call(browser, call, path, ids, token=token).status_code for token in ("", strange)
        ]
        if codes != [400, 400]:
            wrong.append(f"{path}: {codes}")
    assert not wrong, "\n".join(wrong)
    assert not _changed_tables(before, all_rows(site.city.database))


def _allowed_person(call: Call) -> str:
    """Return the first person whom the table allows; "" on a public page."""
    allowed = f"{call.entry.everywhere} {call.entry.own}".split()
    return CAST[allowed[0]] if allowed else ""


def test_a_get_writes_nothing_but_the_session_s_last_use(site: Site) -> None:
    browser = site.browser("clerk")
    before = all_rows(site.city.database)
    site.city.clock.move(SEEN_EVERY)
    browser.get("/")
    after = all_rows(site.city.database)
    assert _changed_tables(before, after) == ["sign_ins"]


Rows = dict[str, list[tuple[object, ...]]]


def _changed_tables(before: Rows, after: Rows) -> list[str]:
    """Return the tables whose rows differ."""
    return [name for name in before if before[name] != after[name]]


def all_rows(database: Database) -> Rows:
    """Return every row of every table."""
    with database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {
            name: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
            for name in names
        }


def test_an_unknown_id_is_a_404(world: World) -> None:
    site, wrong = world.site, []
    browsers = {name: site.browser(name) for name in CAST.values()}
    nothing: dict[str, object] = dict.fromkeys(world.own, 999_999)
    nothing |= {"code": "atlantis", "sha256": "0" * 64, "token": "x", "filename": "no.css"}
    nothing |= {"scenario": "earthquake"}
    nothing |= {"sign_in_id": 999_999, "known_device_id": 999_999, "own_appointment": 999_999}
    for call in calls(site):
        if call.foreign or call.entry.public or not _arguments(site, call):
            continue
        path = path_of(site, call, nothing)
        response = send_call(browsers[_allowed_person(call)], call, path, nothing)
        if (code := response.status_code) != 404:
            wrong.append(f"{call.method} {path}: {code}")
    assert not wrong, "\n".join(wrong)


def _arguments(site: Site, call: Call) -> set[str]:
    return {
        argument
        for rule in site.app.url_map.iter_rules(call.endpoint)
        for argument in rule.arguments
    }


def test_a_head_request_for_a_page_with_a_form_changes_nothing(world: World) -> None:
    """A page that also accepts a POST must not take a HEAD for one: it needs no CSRF token."""
    site, wrong = world.site, []
    browsers = {name: site.browser(name) for name in CAST.values()}
    before = all_rows(site.city.database)
    for call in calls(site):
        methods = {
            method
            for rule in site.app.url_map.iter_rules(call.endpoint)
            for method in rule.methods or set()
        }
        if call.method == "POST" and "HEAD" in methods and not call.foreign | call.entry.public:
            path = path_of(site, call, world.own)
            browser = browsers[_allowed_person(call)]
            response = browser.client.head(path, base_url=browser.base)
            if response.status_code not in (200, 302):
                wrong.append(f"{path}: {response.status_code}")
    assert not wrong, "\n".join(wrong)
    changed = _changed_tables(before, all_rows(site.city.database))
    assert set(changed) <= {"open_drafts"}  # opening a draft is recorded


def test_the_id_of_a_part_under_another_parent_is_a_404(world: World) -> None:
    """A text, a file or an appointment exists, but belongs to another row."""
    own, other = world.own, world.foreign
    clerk, admin = world.site.browser("clerk"), world.site.browser("admin")
    schedule = f"/posts/{own['post_id']}/schedule"
    text = {"chosen": str(other["variant_id"])}
    new_time = [(f"text-{other['variant_id']}-due_at", "28/11/2026 10:00")]
    codes = {
        "its time": clerk.get(
            f"/posts/{own['post_id']}/variants/{other['variant_id']}/schedule"
        ).status_code,
        "a new time": clerk.post(
            schedule, [*text.items(), ("late_limit", "60"), *new_time]
        ).status_code,
        "publish now": clerk.post(schedule.replace("schedule", "publish-now"), text).status_code,
        "file": clerk.get(
            f"/submissions/{own['submission_id']}/files/{other['file_id']}"
        ).status_code,
        "picture": clerk.get(f"/posts/{own['post_id']}/pictures/{other['sha256']}").status_code,
        "appointment": admin.post(
            f"/people/{world.site.city.people['member']}/appointments/{own['appointment_id']}/end"
        ).status_code,
    }
    assert codes == dict.fromkeys(codes, 404)


def test_the_application_does_not_start_if_a_route_has_no_access_rule(
    site: Site, tmp_path: Path
) -> None:
    view = site.app.view_functions["people.disable"]
    rule = permissions._RULES_BY_VIEW.pop(view)
    try:
        with pytest.raises(permissions.RouteWithoutRule, match=r"people\.disable"):
            make_app(site.city, tmp_path)
    finally:
        permissions._RULES_BY_VIEW[view] = rule
    make_app(site.city, tmp_path)
