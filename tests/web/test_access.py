"""Every route × every role, and nobody × what is one's own and what is another department's.

The table below is written by hand from the agreed rights, never computed from the policy. A route
without an entry fails, and so does an entry without a route.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import url_for
from sqlalchemy import inspect, select, text

from publisher.database import Database
from publisher.desk.drafting import PictureDraft
from publisher.desk.intake import UploadedFile
from publisher.models.content import Post, SubmissionFile
from publisher.models.people import SignIn
from publisher.people.signing_in.sessions import SEEN_EVERY
from tests.support.city import City
from tests.web import pictures
from tests.web.counter import Browser, Site, open_counter
from tests.web.reading import Page
from web import rules

CAST = {
    "admin": "admin",
    "lead": "lead",
    "cell": "clerk",
    "officer": "first",
    "head": "head",
    "member": "member",
    "oversight": "oversight",
    "auditor": "auditor",
}
"""A person for each role; those of a department are the water supply's, which oversight sees."""

EVERYBODY = "admin lead cell officer head member oversight auditor"
WHOEVER_READS_ALL = "lead cell auditor"
SEES_OWN = "officer head member oversight"
RECORDS = "admin lead"


@dataclass(frozen=True)
class Entry:
    """Who gets in anywhere, who where the thing is their department's, and what is sent along.

    Who is in neither gets 403. Who is only in `own` gets 404 for another department's thing.
    `foreign` is False where there is no other department's thing to ask for.
    """

    everywhere: str = ""
    own: str = ""
    public: bool = False
    foreign: bool = True
    sends: Mapping[str, str] = field(default_factory=dict)


PUBLIC = Entry(public=True, foreign=False)


def page(everywhere: str, **more: Any) -> Entry:  # noqa: ANN401  whatever Entry takes
    """A page that belongs to no department."""
    return Entry(everywhere, foreign=False, **more)


SEE_POST = Entry(f"admin {WHOEVER_READS_ALL}", SEES_OWN)
SEE_ITEM = Entry(WHOEVER_READS_ALL, SEES_OWN)
DECIDE = Entry("", "officer head")
DESK = Entry("lead cell")
WITHDRAW = Entry("lead", "officer head")
ON_COMMENTS = Entry("lead cell", "officer head")

TABLE: Mapping[str, Entry] = {
    "static": PUBLIC,
    "bootstrap.static": PUBLIC,
    "language.choose": PUBLIC,
    "signing.ask": PUBLIC,
    "signing.sign_in": PUBLIC,
    "signing.open_invitation": PUBLIC,
    "signing.accept_invitation": PUBLIC,
    "signing.sign_out": page(EVERYBODY),
    "signing.prove": page(EVERYBODY),
    "signing.appointments": page(EVERYBODY),
    "signing.switch": Entry("", EVERYBODY),
    "signing.sessions": page(EVERYBODY),
    "signing.end": Entry("", EVERYBODY),
    "today.index": page(EVERYBODY),
    "accounts.index": page("admin lead cell auditor"),
    "accounts.check": page("admin"),
    "calendar.index": page(EVERYBODY),
    "departments.index": page("admin lead cell oversight auditor"),
    "departments.show": Entry("admin lead cell auditor", "oversight"),
    "people.index": page(RECORDS),
    "people.new": page(RECORDS),
    "people.create": page(RECORDS),
    "people.show": page(RECORDS),
    "people.invite": page(RECORDS),
    "people.disable": page(RECORDS),
    "people.enable": page(RECORDS),
    "people.end": page(RECORDS),
    "submissions.index": page(f"{WHOEVER_READS_ALL} {SEES_OWN}"),
    "submissions.new": page("lead cell officer head member"),
    "submissions.create": page("lead cell officer head member"),
    "submissions.show": SEE_ITEM,
    "submissions.decline": DESK,
    "submissions.withdraw": Entry("", "officer head member"),
    "media.submission_file": SEE_ITEM,
    "media.picture": SEE_POST,
    "drafting.start": DESK,
    "drafting.edit": DESK,
    "drafting.save": DESK,
    "drafting.send": DESK,
    "posts.show": SEE_POST,
    "reviewing.show": SEE_POST,
    "reviewing.approve": DECIDE,
    "reviewing.return_post": DECIDE,
    "reviewing.reject": DECIDE,
    "reviewing.withdraw_approval": DECIDE,
    "reviewing.withdraw_post": WITHDRAW,
    "deliveries.board": page(f"admin {WHOEVER_READS_ALL} {SEES_OWN}"),
    "deliveries.show": SEE_POST,
    "deliveries.schedule": DESK,
    "deliveries.publish_now": DESK,
    "deliveries.cancel": Entry("lead cell", "officer head"),
    "deliveries.it_is_live": WITHDRAW,
    "deliveries.send_again": WITHDRAW,
    "inbox.index": page(f"{WHOEVER_READS_ALL} {SEES_OWN}"),
    "inbox.show": SEE_ITEM,
    "inbox.answer": ON_COMMENTS,
    "inbox.assign": Entry("lead cell", sends={"department": "2"}),
    "inbox.transfer": ON_COMMENTS,
    "inbox.close": ON_COMMENTS,
    "inbox.reopen": ON_COMMENTS,
}
LETS_IN = {"GET": {200, 302}, "POST": {200, 302, 409, 422}}
"""What a page answers to whoever may open it; an empty form is refused by its own words."""


Ids = Mapping[str, object]


def furnish(city: City, department: str) -> Ids:
    """A submission with a file, a scheduled post with a picture, and a comment under a live one."""
    shade = {"water": 40, "road": 200}[department]
    content = pictures.jpeg(shade=shade)
    photo = UploadedFile("IMG_1.jpg", content, alt_mr="पाण्याची टाकी")
    submission = city.hand_in(department=department, files=(photo,))
    post = city.start(submission)
    picture = PictureDraft(alt_text="पाण्याची टाकी", content=content, name="IMG_2.jpg")
    city.save(post, on=["x"], pictures=(picture,))
    city.send(post)
    city.approve(post, by={"water": "first", "road": "road_officer"}[department])
    delivery = city.schedule(post, timedelta(days=1))[0]
    comment = city.comment(under=city.live(department)[0])
    with city.read() as session:
        query = select(SubmissionFile).where(SubmissionFile.submission_id == submission)
        file = session.scalars(query).one()
        newest = session.get_one(Post, post).revisions[-1]
        sha256 = newest.variants[0].renditions[0].sha256
    return {
        "submission_id": submission,
        "file_id": file.id,
        "post_id": post,
        "sha256": sha256,
        "variant_id": city.variants(post)[0],
        "delivery_id": delivery,
        "comment_id": comment,
        "person_id": city.people["garden_member"],
        "appointment_id": city.appointments["garden_member"],
        "account_id": city.accounts["x"],
        "code": department,
        "token": "nobody-was-invited-by-this",
        "filename": "icon.svg",
    }


@dataclass(frozen=True)
class Call:
    """A route with a method, and whose thing is asked for."""

    endpoint: str
    method: str
    foreign: bool

    @property
    def entry(self) -> Entry:
        """Its line in the table."""
        return TABLE[self.endpoint]


def calls(site: Site) -> Iterator[Call]:
    """Every route of the URL map with each of its methods."""
    for rule in site.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & set(LETS_IN)):
            yield Call(rule.endpoint, method, foreign=False)
            if TABLE[rule.endpoint].foreign:
                yield Call(rule.endpoint, method, foreign=True)


def path_of(site: Site, call: Call, ids: Ids) -> str:
    """The address of a call for these things."""
    rules_of = site.app.url_map.iter_rules(call.endpoint)
    wanted = next(one for one in rules_of if call.method in (one.methods or set()))
    with site.app.test_request_context():
        return url_for(
            call.endpoint, _method=call.method, **{one: ids[one] for one in wanted.arguments}
        )


def make(browser: Browser, call: Call, path: str, ids: Ids, **more: str) -> int:
    """Carry it out; gives the answer's code."""
    if call.method == "GET":
        return browser.get(path).status_code
    sends = {**call.entry.sends, **_sent(call, ids)}
    return browser.post(path, sends, **more).status_code


def _sent(call: Call, ids: Ids) -> dict[str, str]:
    """What a button sends: without it another refusal would hide the one that is asked about."""
    if call.endpoint == "signing.switch":
        return {"appointment": str(ids["own_appointment"])}
    return {}


def expected(call: Call, role: str) -> set[int]:
    """What the table says."""
    entry = call.entry
    if role in entry.everywhere.split():
        return LETS_IN[call.method]
    if role in entry.own.split():
        return {404} if call.foreign else LETS_IN[call.method]
    return {403}


@dataclass
class World:
    """The counter with one of everything for both departments."""

    site: Site
    own: Ids
    foreign: Ids

    def ids(self, call: Call, name: str) -> Ids:
        """What a call is about; sessions and appointments are one's own or somebody else's."""
        ids = dict(self.foreign if call.foreign else self.own)
        whose = "road_member" if call.foreign else name
        ids["sign_in_id"] = self._session_of(whose)
        ids["own_appointment"] = self.site.city.appointments[whose]
        return ids

    def _session_of(self, name: str) -> int:
        query = select(SignIn.id).where(SignIn.person_id == self.site.city.people[name])
        with self.site.city.read() as session:
            return session.scalars(query.order_by(SignIn.id.desc())).first() or 0


@pytest.fixture
def world(site: Site) -> World:
    """The counter with one of everything for the water supply and for the roads."""
    site.browser("road_member")
    return World(site, furnish(site.city, "water"), furnish(site.city, "road"))


def test_every_route_has_its_line_in_the_table_and_every_line_its_route(site: Site) -> None:
    routes = {one.endpoint for one in site.app.url_map.iter_rules()}
    assert routes == set(TABLE)


@pytest.mark.parametrize("role", CAST)
def test_a_role_gets_where_the_table_lets_it_and_looking_changes_nothing(
    world: World, role: str
) -> None:
    browser = world.site.browser(CAST[role])
    asked = [one for one in calls(world.site) if not one.entry.public]
    looks = [one for one in asked if one.method == "GET"]
    before = everything(world.site.city.database)
    wrong = [line for one in looks for line in _wrong(world, one, browser, role)]
    changed = _changed(before, everything(world.site.city.database))
    for call in asked:
        if call.method == "POST":
            if call.endpoint.startswith("signing."):
                browser = world.site.browser(CAST[role])
            wrong += _wrong(world, call, browser, role)
    assert not wrong, "\n".join(wrong)
    assert not changed


def _wrong(world: World, call: Call, browser: Browser, role: str) -> Iterator[str]:
    """A line where the answer is not the table's."""
    ids = world.ids(call, CAST[role])
    path = path_of(world.site, call, ids)
    code, wanted = make(browser, call, path, ids), expected(call, role)
    if code not in wanted:
        whose = "another department's" if call.foreign else "own"
        yield f"{call.method} {path} ({whose}): {code}, not {sorted(wanted)}"


def test_nobody_is_asked_to_sign_in_everywhere_but_on_public_pages(world: World) -> None:
    nobody, wrong = world.site.nobody(), []
    ids = {**world.own, "sign_in_id": 1, "own_appointment": 1}
    for call in calls(world.site):
        path = path_of(world.site, call, ids)
        code = make(nobody, call, path, ids)
        public_codes = {200, 302, 304, 401, 404, 422}
        if code not in (public_codes if call.entry.public else {401}):
            wrong.append(f"{call.method} {path}: {code}")
    assert not wrong, "\n".join(wrong)


def test_what_nobody_typed_is_carried_by_the_sign_in_page(world: World) -> None:
    nobody, lost = world.site.nobody(), []
    ids = {**world.own, "sign_in_id": 1, "own_appointment": 1}
    for call in calls(world.site):
        if call.entry.public or call.method == "GET" or call.foreign:
            continue
        if call.endpoint == "signing.sign_out":
            continue  # who has no session is signed out already
        path = path_of(world.site, call, ids)
        answer = nobody.post(path, {"reason": "मी लिहिलेले शब्द"})
        carried = Page(answer.text).form("sign-in") if answer.status_code == 401 else []
        if ("kept:reason", "मी लिहिलेले शब्द") not in carried or ("kept_path", path) not in carried:
            lost.append(path)
    assert not lost


def test_no_form_is_taken_without_its_token(world: World) -> None:
    """By whoever may send it; neither without a token nor with one of another session."""
    site, wrong = world.site, []
    browsers = {name: site.browser(name) for name in CAST.values()}
    strange = site.browser("other_clerk").token
    before = everything(site.city.database)
    for call in calls(site):
        if call.method == "GET" or call.foreign:
            continue
        name = _somebody_who_may(call)
        path = path_of(site, call, ids := world.ids(call, name or "clerk"))
        browser = browsers[name] if name else site.nobody()
        for token in ("", strange):
            if (code := make(browser, call, path, ids, token=token)) != 400:
                wrong.append(f"{path}: {code}")
    assert not wrong, "\n".join(wrong)
    assert not _changed(before, everything(site.city.database))


def _somebody_who_may(call: Call) -> str:
    """The first of the cast whom the table lets in; nobody on a public page."""
    allowed = f"{call.entry.everywhere} {call.entry.own}".split()
    return CAST[allowed[0]] if allowed else ""


def test_being_seen_is_all_that_time_writes_down(site: Site) -> None:
    browser = site.browser("clerk")
    before = everything(site.city.database)
    site.city.clock.move(SEEN_EVERY)
    browser.get("/")
    after = everything(site.city.database)
    assert _changed(before, after) == ["sign_ins"]


Rows = dict[str, list[tuple[object, ...]]]


def _changed(before: Rows, after: Rows) -> list[str]:
    """The tables that are not what they were."""
    return [name for name in before if before[name] != after[name]]


def everything(database: Database) -> Rows:
    """Every row of every table."""
    with database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {
            name: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
            for name in names
        }


def test_what_does_not_exist_is_not_found(world: World) -> None:
    site, wrong = world.site, []
    browsers = {name: site.browser(name) for name in CAST.values()}
    nothing: dict[str, object] = dict.fromkeys(world.own, 999_999)
    nothing |= {"code": "atlantis", "sha256": "0" * 64, "token": "x", "filename": "no.css"}
    nothing |= {"sign_in_id": 999_999, "own_appointment": 999_999}
    for call in calls(site):
        if call.foreign or call.entry.public or not _arguments(site, call):
            continue
        path = path_of(site, call, nothing)
        if (code := make(browsers[_somebody_who_may(call)], call, path, nothing)) != 404:
            wrong.append(f"{call.method} {path}: {code}")
    assert not wrong, "\n".join(wrong)


def _arguments(site: Site, call: Call) -> set[str]:
    return {one for rule in site.app.url_map.iter_rules(call.endpoint) for one in rule.arguments}


def test_a_part_of_one_thing_is_not_found_under_another(world: World) -> None:
    """A text, a file, an appointment that exists, but belongs to something else."""
    own, other = world.own, world.foreign
    clerk, admin = world.site.browser("clerk"), world.site.browser("admin")
    schedule = f"/posts/{own['post_id']}/variants/{other['variant_id']}/schedule"
    day = {"day": "28", "clock": "10:00", "late_limit": "60"}
    codes = {
        "its time": clerk.get(schedule).status_code,
        "a new time": clerk.post(schedule, day).status_code,
        "publish now": clerk.post(schedule.replace("schedule", "publish-now")).status_code,
        "file": clerk.get(
            f"/submissions/{own['submission_id']}/files/{other['file_id']}"
        ).status_code,
        "picture": clerk.get(f"/posts/{own['post_id']}/pictures/{other['sha256']}").status_code,
        "appointment": admin.post(
            f"/people/{world.site.city.people['member']}/appointments/{own['appointment_id']}/end"
        ).status_code,
    }
    assert codes == dict.fromkeys(codes, 404)


def test_a_route_without_a_rule_keeps_the_counter_closed(site: Site, tmp_path: Path) -> None:
    view = site.app.view_functions["people.disable"]
    rule = rules._RULES.pop(view)
    try:
        with pytest.raises(rules.RouteWithoutRule, match=r"people\.disable"):
            open_counter(site.city, tmp_path)
    finally:
        rules._RULES[view] = rule
    open_counter(site.city, tmp_path)
