"""The routes, the roles that may use each, and a city with one row of everything.

The table is written by hand from the agreed rights, never computed from the policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from typing import Any

from flask import url_for
from sqlalchemy import select
from werkzeug.test import TestResponse

from publisher.drafting.drafts import PictureDraft
from publisher.intake.uploads import UploadedFile
from publisher.models.content_checks import CheckedLink
from publisher.models.deliveries import Delivery
from publisher.models.monitoring import Watch
from publisher.models.nominations import Nomination
from publisher.models.people import (
    ContactChange,
    ContactField,
    Department,
    KnownDevice,
    Person,
    SignIn,
)
from publisher.models.posts import Post
from publisher.models.second_factors import Passkey
from publisher.models.submissions import SubmissionFile
from publisher.nominations import calls as calls_to_name
from publisher.nominations import letters
from publisher.nominations.letter_text import LetterSender
from publisher.people import (
    absences,
    department_changes,
    department_orders,
    shared_addresses,
)
from publisher.review import in_person
from publisher.transfers import lists as transfer_lists
from publisher.transfers.typed_rows import TypedRow
from publisher.working_time import local_day
from tests.support import city_controls, emergency_steps
from tests.support.city import City
from tests.support.city_people import APPROVERS, MEMBERS
from tests.support.mailed import add_waiting, reply_to_comment
from tests.web import pictures, saved_lists
from tests.web.site import SECRET, Browser, Site

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
"""A person for each role; members, officers and heads are of water, which oversight sees."""

EVERYBODY = "admin lead cell officer head member oversight auditor"
READS_ALL = "lead cell auditor"
SEES_OWN = "officer head member oversight"
RECORDS = "admin lead"


@dataclass(frozen=True)
class Entry:
    """The roles that may use a route for all rows, or only for rows of their own department.

    Roles in neither get 403. Roles only in `own` get 404 for another department's row. `foreign`
    is False if the route has no rows of departments. `sends` are fields of the request.
    """

    everywhere: str = ""
    own: str = ""
    public: bool = False
    foreign: bool = True
    sends: Mapping[str, str] = field(default_factory=dict)


PUBLIC = Entry(public=True, foreign=False)


def page(everywhere: str, **more: Any) -> Entry:  # noqa: ANN401  whatever Entry takes
    """Return the entry of a page that belongs to no department."""
    return Entry(everywhere, foreign=False, **more)


SEE_POST = Entry(f"admin {READS_ALL}", SEES_OWN)
SEE_ITEM = Entry(READS_ALL, SEES_OWN)
DECIDE = Entry("", "officer head")
CELL = Entry("lead cell")
WITHDRAW = Entry("lead", "officer head")
ON_COMMENTS = Entry("lead cell", "officer head")

SIGNED = frozenset({"webhooks.receive"})
"""Routes for platforms: no form leads there, and a signature stands for session and token."""

TABLE: Mapping[str, Entry] = {
    "static": PUBLIC,
    "language.choose": PUBLIC,
    "sign_in.ask": PUBLIC,
    "sign_in.confirm_code": PUBLIC,
    "sign_in.open_invitation": PUBLIC,
    "sign_in.sign_out": page(EVERYBODY),
    "sign_in.prove": page(EVERYBODY),
    "sign_in.appointments": page(EVERYBODY),
    "sign_in.switch": Entry("", EVERYBODY),
    "sign_in.sessions": page(EVERYBODY),
    "sign_in.end": Entry("", EVERYBODY),
    "sign_in.end_others": page(EVERYBODY),
    "sign_in.end_device": Entry("", EVERYBODY),
    "password_reset.ask": PUBLIC,
    "password_reset.confirmation": PUBLIC,
    "password_reset.open_link": PUBLIC,
    "password_reset.ask_code": PUBLIC,
    "personal_links.wrong": PUBLIC,
    "personal_links.office": PUBLIC,
    "personal_links.officer": PUBLIC,
    "name_officers.name": PUBLIC,
    "former_letters.show": PUBLIC,
    "approval_links.show": PUBLIC,
    "approval_links.refuse": PUBLIC,
    "approval_links.passkey": PUBLIC,
    "approval_links.passkey_options": PUBLIC,
    "approval_links.picture": PUBLIC,
    "calls.index": page(RECORDS),
    "calls.new": page(RECORDS),
    "calls.show": page(RECORDS),
    "calls.close": page(RECORDS),
    "calls.ask_again": page(RECORDS),
    "calls.note_call": page(RECORDS),
    "calls.csv": page(RECORDS),
    "letters.write": page(RECORDS),
    "letters.write_one": page(RECORDS),
    "letters.pdf": page(RECORDS),
    "letters.make_files": page(RECORDS),
    "letters.all_pdf": Entry("", RECORDS),
    "letters.all_zip": Entry("", RECORDS),
    "heads.index": page(RECORDS),
    "name_officers.begin": page("head"),
    "profile.show": page(EVERYBODY),
    "profile.password": page(EVERYBODY),
    "profile.mail": page(EVERYBODY),
    "profile.mobile": page(EVERYBODY),
    "profile.code": page(EVERYBODY),
    "own_contacts.index": page(EVERYBODY),
    "own_contacts.accept": page(EVERYBODY),
    "own_contacts.refuse": page(EVERYBODY),
    "second_factor.confirm": PUBLIC,
    "second_factor.show": page(EVERYBODY),
    "second_factor.begin": page(EVERYBODY),
    "second_factor.app": page(EVERYBODY),
    "second_factor.code": page(EVERYBODY),
    "second_factor.renew": page(EVERYBODY),
    "second_factor.end": page(EVERYBODY),
    "passkeys.sign_in_options": PUBLIC,
    "passkeys.confirm": PUBLIC,
    "passkeys.prove_options": page(EVERYBODY),
    "passkeys.prove": page(EVERYBODY),
    "passkeys.begin": page(EVERYBODY),
    "passkeys.new_options": page(EVERYBODY),
    "passkeys.add": page(EVERYBODY),
    "passkeys.end": page(EVERYBODY),
    "today.index": page(EVERYBODY),
    "changes.ask": page(EVERYBODY),
    "tour.step": page(EVERYBODY),
    "monitoring.health": PUBLIC,
    "monitoring.metrics": PUBLIC,
    "monitoring.ready": PUBLIC,
    "public_files.robots": PUBLIC,
    "public_files.security": PUBLIC,
    "webhooks.challenge": PUBLIC,
    "webhooks.receive": PUBLIC,
    "guides.index": PUBLIC,
    "guides.show": PUBLIC,
    "tour.dismiss": page(EVERYBODY),
    "accounts.index": page("admin lead cell auditor"),
    "accounts.show": page("admin lead cell auditor"),
    "accounts.change": page("admin"),
    "accounts.disconnect": page("admin"),
    "accounts.check": page("admin"),
    "oauth.begin": page("admin", sends={"platform": "x"}),
    "oauth.callback": page("admin"),
    "oauth.walk": page("admin"),
    "calendar.index": page(EVERYBODY),
    "calendar_papers.month": page(EVERYBODY),
    "ical.index": page(EVERYBODY),
    "ical.renew": page(EVERYBODY),
    "ical.end": page(EVERYBODY),
    "ical.calendar": PUBLIC,
    "bulk.index": page("lead cell"),
    "workers.index": page("admin lead"),
    "stop.show": page(EVERYBODY),
    "stop.stop": page("admin lead cell officer"),  # these two are on duty
    "stop.release": page("admin lead"),
    "stop.override_time": page(EVERYBODY),  # all of them are on duty
    "freezes.index": page("admin lead cell"),
    "freezes.freeze": page("admin lead"),
    "freezes.lift": page("admin lead"),
    "manual.show": CELL,
    "slots.index": page("lead cell"),
    "slots.set_quiet_time": page("lead cell"),
    "slots.remove_slot": page("lead cell"),
    "slots.remove_quiet_time": page("lead cell"),
    "department_choice.choose": PUBLIC,
    "mailbox.index": page("lead cell"),
    "mailbox.show": page("lead cell"),
    "mailbox.take_in": page("lead cell"),
    "mailbox.reject": page("lead cell"),
    "mailbox.delete": page("lead cell"),
    "mailbox.mark_seen": page("lead cell"),
    "failed_mail.index": page("admin lead"),
    "failed_mail.send_again": page("admin lead"),
    "reports.index": page("admin lead cell head oversight auditor"),
    "reports.list_counted": page("admin lead cell head oversight auditor"),
    "reports.list_csv": page("admin lead cell head oversight auditor"),
    "reports.csv": page("admin lead cell head oversight auditor"),
    "annex.index": page("admin lead cell oversight auditor"),
    "annex.csv": page("admin lead cell oversight auditor"),
    "annex.pdf": page("admin lead cell oversight auditor"),
    "coverage.index": page("admin lead cell oversight auditor"),
    "coverage.departments": page("admin lead cell oversight auditor"),
    "coverage.csv": page("admin lead cell oversight auditor"),
    "officers_papers.register": page("admin lead cell oversight auditor"),
    "departments.csv": page("admin lead cell oversight auditor"),
    "departments.index": page("admin lead cell oversight auditor"),
    "departments.show": Entry("admin lead cell auditor", "oversight"),
    "department_changes.new": page(RECORDS),
    "department_changes.rename": page(RECORDS),
    "department_changes.place": page(RECORDS),
    "department_changes.merge": page(RECORDS),
    "department_changes.close": page(RECORDS),
    "department_changes.drop": page(RECORDS),
    "shared_addresses.show": Entry(RECORDS, "head"),
    "shared_addresses.confirm": Entry(RECORDS, "head"),
    "shared_addresses.remove": Entry(RECORDS, "head"),
    "access.index": page("admin auditor"),
    "register.upload": page(RECORDS),
    "register.show": Entry("", RECORDS),
    "register.choose_columns": Entry("", RECORDS),
    "register.choose_department": Entry("", RECORDS),
    "register.carry_out": Entry("", RECORDS),
    "people.index": page(RECORDS),
    "people.new": page(f"{RECORDS} head"),
    "answer_letters.new": page(RECORDS),
    "answer_letters.scan": Entry(RECORDS, "head"),
    "people.show": page(RECORDS),
    "confirmation.index": page("admin lead head"),
    "confirmation.confirm": page("admin lead head"),
    "confirmation.send_back_to": page("admin lead"),
    "people.rename": page(RECORDS),
    "people.invite": page(RECORDS),
    "people.disable": page(RECORDS),
    "people.enable": page(RECORDS),
    "people.end": page(RECORDS),
    "contacts.correct": page(RECORDS),
    "contacts.second": page("admin lead head"),
    "contacts.refuse": page(RECORDS),
    "duty_codes.make": page(EVERYBODY),  # all are on duty
    "duty_codes.type_code": page(EVERYBODY),
    "lost_factor.end": Entry("admin lead", "head"),
    "sessions.show": page(RECORDS),
    "sessions.end": page(RECORDS),
    "sessions.end_device": page(RECORDS),
    "sessions.end_all": page(RECORDS),
    "rehearsals.index": page(RECORDS),
    "rehearsals.start": page(RECORDS),
    "rehearsals.drop": page(RECORDS),
    "submissions.index": page(f"{READS_ALL} {SEES_OWN}"),
    "submissions.csv": page(f"{READS_ALL} {SEES_OWN}"),
    "submissions.keep_view": page(f"{READS_ALL} {SEES_OWN}"),
    "submissions.remove_view": Entry("", f"{READS_ALL} {SEES_OWN}"),
    "search.index": page(EVERYBODY),
    "understood.show": page(EVERYBODY),
    "keys.index": page(EVERYBODY),
    "exports.index": page(f"{READS_ALL} {SEES_OWN}"),
    "exports.start": page(f"{READS_ALL} {SEES_OWN}"),
    "exports.fetch": Entry("", f"{READS_ALL} {SEES_OWN}"),
    "exports.remove": Entry("", f"{READS_ALL} {SEES_OWN}"),
    "submissions.new": page("lead cell officer head member"),
    "submissions.show": SEE_ITEM,
    "submissions.upload": page("lead cell officer head member"),
    "submissions.change": Entry("", "officer head member"),
    "submissions.note": Entry("", "officer head member"),
    "submissions.see_note": CELL,
    "submissions.take": CELL,
    "submissions.take_ticked": CELL,
    "submissions.give_back": CELL,
    "submissions.complete": Entry("", "officer head member"),
    "submissions.return_submission": CELL,
    "submissions.merge": CELL,
    "submissions.undo": CELL,
    "submissions.decline": CELL,
    "submissions.withdraw": Entry("", "officer head member"),
    "media.submission_file": SEE_ITEM,
    "media.picture": SEE_POST,
    "link_cards.picture": page(EVERYBODY),
    "drafting.start": CELL,
    "drafting.edit": CELL,
    "drafting.send": CELL,
    "sources.show": CELL,
    "sources.part": CELL,
    "revisions.show": SEE_POST,
    "revisions.restore": Entry("lead cell", sends={"number": "1", "seen": "1"}),
    "snippets.index": page("lead cell"),
    "snippets.new": page("lead cell"),
    "snippets.edit": page("lead cell"),
    "snippets.end": page("lead cell"),
    "posts.show": SEE_POST,
    "post_life.life": SEE_POST,
    "posts.note": CELL,
    "review.show": SEE_POST,
    "review.approve": DECIDE,
    "review.return_post": DECIDE,
    "review.reject": DECIDE,
    "review.withdraw_approval": DECIDE,
    "review.withdraw_post": WITHDRAW,
    "in_person.show": CELL,
    "in_person.ask": page(EVERYBODY),
    "in_person.arrive": Entry("admin auditor", SEES_OWN),
    "my_decisions.index": page("officer head"),
    "my_decisions.texts": page("officer head"),
    "my_decisions.remove_text": page("officer head"),
    "emergency.index": page(EVERYBODY),
    "emergency.take": page(EVERYBODY),
    "emergency.fill": page(EVERYBODY),
    "emergency.uses": page(EVERYBODY),
    "emergency.show": page(EVERYBODY),
    "emergency.ratify": Entry("", "officer head"),
    "emergency.refuse": Entry("", "officer head"),
    "emergency_templates.index": page(EVERYBODY),
    "emergency_templates.show": Entry("admin lead cell auditor", SEES_OWN),
    "emergency_templates.new": page("lead cell"),
    "emergency_templates.edit": page("lead cell"),
    "emergency_templates.end": page("lead cell"),
    "emergency_templates.approve": DECIDE,
    "emergency_templates.return_template": DECIDE,
    "emergency_templates.withdraw": DECIDE,
    "upgrade_review.index": page("admin lead"),
    "upgrade_review.look_through": page("admin lead"),
    "transfers.index": page(RECORDS),
    "transfers.new": page(RECORDS),
    "transfers.show": page(RECORDS),
    "transfers.confirm": page(RECORDS),
    "transfers.cancel": page(RECORDS),
    "hand_over.show": Entry("admin lead cell", "head"),
    "absences.index": page("lead cell officer head"),
    "absences.record": page("lead cell officer head"),
    "absences.end": Entry("lead cell", "officer head"),
    "roster.index": page(EVERYBODY),
    "roster.put_on": page(RECORDS),
    "roster.approve": page(RECORDS),
    "roster.take_off": page(RECORDS),
    "deliveries.board": page(f"admin {READS_ALL} {SEES_OWN}"),
    "deliveries.show": SEE_POST,
    "schedule.schedule": CELL,
    "schedule.show_text": CELL,
    "schedule.publish_now": CELL,
    "schedule.stop": Entry("lead cell", "officer head"),
    "deliveries.cancel": Entry("lead cell", "officer head"),
    "deliveries.undo": Entry("lead cell", "officer head"),
    "deliveries.it_is_live": WITHDRAW,
    "deliveries.send_again": WITHDRAW,
    "inbox.index": page(f"{READS_ALL} {SEES_OWN}"),
    "inbox.show": SEE_ITEM,
    "inbox.answer": ON_COMMENTS,
    "inbox.use_mail": ON_COMMENTS,
    "inbox.dismiss_mail": ON_COMMENTS,
    "inbox.assign": Entry("lead cell", sends={"department": "2"}),
    "inbox.transfer": ON_COMMENTS,
    "inbox.close": ON_COMMENTS,
    "inbox.reopen": ON_COMMENTS,
    "inbox.act_on_ticked": page("lead cell officer head"),
    "inbox.undo": ON_COMMENTS,
    "takedowns.take_back": WITHDRAW,
    "takedowns.hide": ON_COMMENTS,
    "takedowns.unhide": ON_COMMENTS,
    "corrections.show_change": SEE_POST,
    "corrections.mark_seen": ON_COMMENTS,
}
ALLOWED_CODES = {"GET": {200, 302}, "POST": {200, 302, 409, 422}}
"""The status codes for allowed roles; an empty form is refused with 409 or 422."""


Ids = Mapping[str, object]


def add_one_of_each(city: City, department: str, platform: str = "x") -> Ids:
    """Add one row of everything for a department, and return the ids by the routes' arguments."""
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
    live = city.live(department)[0]
    comment = city.comment(under=live)
    with city.read() as session:
        query = select(SubmissionFile).where(SubmissionFile.submission_id == submission)
        file = session.scalars(query).one()
        newest = session.get_one(Post, post).revisions[-1]
        sha256 = newest.variants[0].renditions[0].sha256
    slot, quiet = city_controls.set_slot_and_quiet_time(city, minute=len(department))
    if department == "water":
        _correct_mails(city)
        _end_passkeys(city)
    saved_lists.save_lists(city, CAST.values() if department == "water" else ["road_member"])
    return {
        "contact_change_id": 0,
        "passkey_id": 0,
        "view_id": 0,
        "event_id": 0,
        "export_id": 0,
        "files_id": 0,
        "register_file_id": 0,
        "slot_id": slot,
        "quiet_id": quiet,
        "freeze_id": city_controls.add_freeze(city),
        "notice_id": city_controls.fail_mail(city),
        "submission_id": submission,
        "file_id": file.id,
        "post_id": post,
        "sha256": sha256,
        "card_sha256": _add_link_picture(city, sha256),
        "variant_id": city.variants(post)[0],
        "delivery_id": delivery,
        "comment_id": comment,
        "offer_id": reply_to_comment(city, comment, "उद्या सकाळी.", by=APPROVERS[department]).id,
        "watch_id": _add_external_change(city, live),
        "person_id": city.people["garden_member"],
        "appointment_id": city.appointments["garden_member"],
        "account_id": city.accounts["x"],
        "list_id": _prepare_transfers(city, MEMBERS[department]),
        "source_id": city.appointments[APPROVERS[department]],
        "absence_id": _add_absence(city, APPROVERS[department]),
        "platform": platform,
        "walk_id": city_controls.start_oauth_elsewhere(city, department, platform),
        "code": department,
        "change_id": _rename_department(city, department),
        "address_id": _share_address(city, department),
        "text_id": city.snippet(),
        **_open_call(city, department),
        "nomination_id": _name_by_letter(city, department, sha256),
        **add_waiting(city, department),
        "token": "nobody-was-invited-by-this",
        "act": "return",
        "guide": "member",
        "spot": _in_person_token(city, department),
        "filename": "icon.svg",
        "scenario": "lag",
        "number": 1,
        **emergency_steps.add_one_of_each(city, department, APPROVERS[department]),
    }


def _add_external_change(city: City, delivery_id: int) -> int:
    """Record that others edited the delivery's post, and return the watch's id."""
    with city.write() as session:
        receipt = session.get_one(Delivery, delivery_id).receipt
        watch = Watch(receipt=receipt, differs_at=city.now, seen_text="पाणी बंद नाही.")
        session.add(watch)
        session.flush()
        return watch.id


def _open_call(city: City, department: str) -> dict[str, int]:
    """Open a call to the department, and return the ids of both."""
    with city.write() as session:
        call = calls_to_name.open_call(
            session,
            actor=city.actor("lead"),
            now=city.now,
            department_ids=[city.departments[department]],
            order_number="साप्रवि/४५",
            ordered_on=local_day(city.now),
            nominate_by=local_day(city.now),
        )
        (letter,) = letters.write_letters(
            session,
            actor=city.actor("lead"),
            now=city.now,
            call_id=call.id,
            sender=LetterSender("PMC", "पुणे महानगरपालिका", []),
        )
        session.flush()
        addressee_id = call.addressees[0].id
        return {"call_id": call.id, "addressee_id": addressee_id, "letter_id": letter.id}


def _name_by_letter(city: City, department: str, sha256: str) -> int:
    """Let two officers have been named by a letter with this scan, and return the nomination."""
    ids = [city.appointments[name] for name in ("first", "second")]
    with city.write() as session:
        row = Nomination(
            department_id=city.departments[department],
            made_at=city.now,
            was_proven=False,
            first_id=ids[0],
            second_id=ids[1],
            letter_number="११२",
            letter_on=local_day(city.now),
            scan_sha256=sha256,
            scan_name="IMG_1.jpg",
            scan_mime="image/jpeg",
        )
        session.add(row)
        session.flush()
        return row.id


def _prepare_transfers(city: City, name: str) -> int:
    with city.write() as session:
        person = session.get_one(Person, city.people[name])
        row = TypedRow(person.name_mr, "", "health")
        actor, rows = city.actor("lead"), [row]
        return transfer_lists.prepare(
            session,
            actor=actor,
            now=city.now,
            rows=rows,
            in_force_on=date(2027, 3, 1),
            order_number="आ-५१/२०२६",
        ).id


def _add_absence(city: City, name: str) -> int:
    with city.write() as session:
        absence = absences.record(
            session,
            actor=city.actor("other_clerk"),
            now=city.now,
            person_id=city.people[name],
            from_on=date(2027, 3, 1),
            until_on=date(2027, 3, 2),
        )
        session.flush()
        return absence.id


def _in_person_token(city: City, department: str) -> str:
    """Return the token of an in-person code for a post of that department in review."""
    post_id = city.in_review(department)
    with city.write() as session:
        code = in_person.make(
            session,
            actor=city.actor("clerk"),
            now=city.now,
            post_id=post_id,
            seen_revision=1,
            secret=SECRET,
        )
        return in_person.spell(code.seed, SECRET).token


def _end_passkeys(city: City) -> None:
    """Let everybody have had a passkey: one in force would be asked for at many a step."""
    with city.write() as session:
        for name in {*CAST.values(), "road_member"}:
            passkey = Passkey(
                person_id=city.people[name],
                name="फोन",
                credential_id=name,
                public_key="",
                sign_count=0,
                made_at=city.now,
                ended_at=city.now,
            )
            session.add(passkey)


def _correct_mails(city: City) -> None:
    """Let two other mail addresses wait for everybody: one is accepted, the other refused."""
    with city.write() as session:
        for person_id, number in product(city.people.values(), (1, 2)):
            change = ContactChange(
                person_id=person_id,
                field=ContactField.MAIL,
                value=f"new-{number}-{person_id}@pmc.example",
                asked_at=city.now,
                expires_at=city.now + timedelta(days=30),
                in_force_at=city.now + timedelta(days=3),
            )
            session.add(change)


def _add_link_picture(city: City, sha256: str) -> str:
    """Add a checked link with this picture, and return the link's digest."""
    with city.write() as session:
        checked_link = CheckedLink(digest=sha256, url="https://pmc.example/", asked_at=city.now)
        checked_link.landed_on, checked_link.title, checked_link.picture_sha256 = "", "", sha256
        session.add(checked_link)
    return sha256


def _rename_department(city: City, department: str) -> int:
    """Rename the department from the day after tomorrow on, and return the change's id."""
    with city.write() as session:
        return department_changes.rename(
            session,
            actor=city.actor("admin"),
            now=city.now,
            department=session.get_one(Department, city.departments[department]),
            names=department_orders.DepartmentNames(f"नवे नाव {department}", f"New {department}"),
            order=department_orders.DepartmentOrder(
                "आ-१२", local_day(city.now) + timedelta(days=2)
            ),
        ).id


def _share_address(city: City, department: str) -> int:
    """Record a shared address of the department, and return its id."""
    with city.write() as session:
        return shared_addresses.add(
            session,
            actor=city.actor("admin"),
            department_id=city.departments[department],
            mail_text=f"{department}@pmc.example",
            now=city.now,
        ).id


@dataclass(frozen=True)
class Call:
    """A route with a method, for a row of the own or another department."""

    endpoint: str
    method: str
    foreign: bool

    @property
    def entry(self) -> Entry:
        """The route's entry in the table."""
        return TABLE[self.endpoint]


def calls(site: Site) -> Iterator[Call]:
    """Yield every route of the URL map with each of its methods, in the order of the table."""
    # A call may end a row (a template, a session) that later calls need, so the order must not
    # depend on the registration of blueprints.
    positions = {endpoint: position for position, endpoint in enumerate(TABLE)}
    for rule in sorted(site.app.url_map.iter_rules(), key=lambda rule: positions[rule.endpoint]):
        for method in sorted((rule.methods or set()) & set(ALLOWED_CODES)):
            yield Call(rule.endpoint, method, foreign=False)
            if TABLE[rule.endpoint].foreign:
                yield Call(rule.endpoint, method, foreign=True)


def path_of(site: Site, call: Call, ids: Ids) -> str:
    """Return the path of a call with these ids."""
    rules = site.app.url_map.iter_rules(call.endpoint)
    rule = next(rule for rule in rules if call.method in (rule.methods or set()))
    with site.app.test_request_context():
        values: dict[str, Any] = {argument: ids[argument] for argument in rule.arguments}
        return url_for(call.endpoint, _method=call.method, **values)


def send_call(
    browser: Browser, call: Call, path: str, ids: Ids, *, token: str | None = None
) -> TestResponse:
    """Send the call's request, and return the response."""
    if call.method == "GET":
        return browser.get(path)
    sends = {**call.entry.sends, **_button_fields(call, ids)}
    return browser.post(path, sends, token=token)


def _button_fields(call: Call, ids: Ids) -> dict[str, str]:
    """Return the button's fields, without which the form would be refused for another reason."""
    if call.endpoint == "sign_in.switch":
        return {"appointment": str(ids["own_appointment"])}
    return {}


def codes_in_table(call: Call, role: str) -> set[int]:
    """Return the status codes of the table."""
    entry = call.entry
    if role in entry.everywhere.split():
        return ALLOWED_CODES[call.method]
    if role in entry.own.split():
        return {404} if call.foreign else ALLOWED_CODES[call.method]
    return {403}


@dataclass
class World:
    """A site with one row of everything for two departments."""

    site: Site
    own: Ids
    foreign: Ids

    def ids(self, call: Call, name: str) -> Ids:
        """Return the ids for a call; sessions and appointments are the person's or another's."""
        ids = dict(self.foreign if call.foreign else self.own)
        whose = "road_member" if call.foreign else name
        ids["sign_in_id"] = self._session_of(whose)
        ids["known_device_id"] = self._device_of(whose)
        ids["passkey_id"] = self._passkey_of(whose)
        is_own = call.endpoint.startswith("own_contacts.")
        ids["contact_change_id"] = self._change_of(whose if is_own else "garden_member")
        if call.endpoint == "lost_factor.end" and not call.foreign:
            ids["person_id"] = self.site.city.people["member"]
        if call.endpoint.startswith("person_sessions."):
            ids["sign_in_id"] = self._session_of("garden_member")
            ids["known_device_id"] = self._device_of("garden_member")
        ids["own_appointment"] = self.site.city.appointments[whose]
        ids |= saved_lists.lists_of(self.site.city, whose)
        return ids

    def _device_of(self, name: str) -> int:
        query = select(KnownDevice.id).where(KnownDevice.person_id == self.site.city.people[name])
        with self.site.city.read() as session:
            return session.scalars(query.order_by(KnownDevice.id.desc())).first() or 0

    def _passkey_of(self, name: str) -> int:
        query = select(Passkey.id).where(Passkey.person_id == self.site.city.people[name])
        with self.site.city.read() as session:
            return session.scalars(query).one()

    def _change_of(self, name: str) -> int:
        person_id = self.site.city.people[name]
        query = select(ContactChange.id).where(
            ContactChange.person_id == person_id, ContactChange.ended_at.is_(None)
        )
        with self.site.city.read() as session:
            return session.scalars(query).first() or 0

    def _session_of(self, name: str) -> int:
        query = select(SignIn.id).where(SignIn.person_id == self.site.city.people[name])
        with self.site.city.read() as session:
            return session.scalars(query.order_by(SignIn.id.desc())).first() or 0
