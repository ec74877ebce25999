"""Collects every form of the pages, and fills them with bad values."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

from publisher.database.session import Database
from tests.browser.example_city import ExamplePaths, add_examples
from tests.web.html_page import Element, Page
from tests.web.site import Browser, Site

Pairs = tuple[tuple[str, str], ...]
COOKIE = "__Host-nagarvani"
TOKENS = frozenset({"csrf_token", "made_under"})
UNTYPED_INPUTS = frozenset({"hidden", "submit", "file", "checkbox", "radio", "password", "button"})

PAGES = """
    first /return-texts
    first /code
    first /comments/{routed}
    first /comments/{routed}/close
    first /comments/{closed}/reopen
    first /comments/{routed}/transfer
    first /posts/{reviewed}/review
    first /posts/{reviewed}/reject
    first /posts/{reviewed}/return
    first /posts/{approved}/withdraw-approval
    first /posts/{approved}/withdraw
    first /submissions/{reviewed_submission}/note
    first /decisions
    first /sessions
    clerk /posts/{joint}/compare
    clerk /deliveries/{scheduled}
    clerk /posts/{approved}/schedule
    clerk /posts/{reviewed}/draft
    clerk /posts/{drafted}/draft
    clerk /submissions/{received}
    clerk /calendar/feed
    clerk /comments/{queued}
    clerk /posts/{joint}/submissions
    clerk /posts/{reviewed}/on-the-spot
    clerk /posts/{joint}
    clerk /calendar/move
    clerk /slots
    clerk /deliveries/{failed}/by-hand
    lead /freezes
    lead /stop
    clerk /submissions/new
    clerk /submissions?q=qqq
    clerk /submissions/{received}/decline
    clerk /submissions/{received}/merge
    clerk /submissions/{received}/return
    clerk /texts
    clerk /texts/new
    clerk /texts/{text}
    clerk /search?q=%E0%A4%AA
    clerk /report
    clerk /calendar
    lead /deliveries/{held}
    lead /mails
    clerk /quarantine
    lead /quarantine/{quarantine_id}
    lead /mail/department/{lead_mail_token}
    lead /departments
    lead /departments/new
    lead /departments/road/rename
    lead /departments/road/place
    lead /departments/road/merge
    lead /departments/road/close
    lead /departments/drainage
    lead /register/import
    lead /register/import/{register_plan}
    lead /register/import/{register_columns}
    lead /annex
    lead /coverage/list
    lead /rehearsals
    admin /accounts
    admin /people
    admin /people/new
    admin /people/{person_first}
    admin /people/{person_left}
    admin /people/{person_new}
    admin /people/{person_first}/contacts
    admin /departments/road/addresses
    admin /people/{person_first}/name
    admin /people/{person_first}/sessions
    member /profile
    member /profile/mail
    member /profile/password
    member /profile/second-factor
    member /profile/second-factor/code
    head /profile/code
    head /appointments
    first /approvals
    first /wrong/{wrong_token}
    first /approve/{approve_token}
    first /approve/{approve_token}/return
    first /comments
    road_member /submissions/{asked}
    road_member /submissions/{received}/change
    road_member /submissions/{received}/withdraw
    admin /accounts/{account_x}/change
    admin /accounts/{account_x}/disconnect
    lead /found/{found}
    clerk /emergency
    clerk /emergency/publish/{template}
    first /emergency/uses/{used}
    first /emergency/uses/{used}/refuse
    lead /duty
    head /away
    lead /transfers/new
    lead /transfers/{transfers}
    head /hand-over/{office_first}
    clerk /emergency/templates/new
    clerk /emergency/templates/{template}
    clerk /emergency/templates/{template}/edit
    first /emergency/templates/{waiting_template}
    first /emergency/templates/{waiting_template}/return
    first /emergency/templates/{template}/withdraw
    first /posts/{corrected}/take-back
    health_head /name-officers/{name_token}
    lead /calls/new
    lead /calls/{call}
    lead /calls/heads
    lead /people/new/letter
    - /sign-in
    - /forgotten
    - /forgotten/code
    - /forgotten/link/{password_token}
    - /invitation/{token}
"""
"""The pages whose forms are read, and the person who opens each; "-" has not signed in."""

OTHER_FORMS = {
    "personal_links.officer": ("-", "/officer/none-of-that-token", "chosen code step"),
    "personal_links.office": ("-", "/office/{office_token}", "code"),
    "oauth.begin": ("admin", "/accounts/connect", "platform"),
    "oauth.walk": ("admin", "/accounts/connecting/99", "page_id"),
    "emergency.take": ("clerk", "/emergency/alerts/99/take", ""),
    "emergency_templates.end": ("clerk", "/emergency/templates/{template}/end", ""),
    "takedowns.hide": ("first", "/comments/{routed}/hide", "reason"),
    "takedowns.unhide": ("first", "/comments/{routed}/unhide", "reason"),
    "submissions.see_note": ("clerk", "/submissions/{received}/note/seen", ""),
    "submissions.take": ("clerk", "/submissions/{received}/take", "holder post"),
    "submissions.take_ticked": ("clerk", "/submissions/ticked/take", "chosen list"),
    "submissions.give_back": ("clerk", "/submissions/{received}/give-back", "post"),
    "upgrade_review.look_through": ("admin", "/people/from-before", "chosen"),
    "absences.end": ("clerk", "/away/99/end", ""),
    "roster.approve": ("lead", "/duty/99/approve", ""),
    "roster.take_off": ("lead", "/duty/99/end", ""),
    "schedule.stop": ("clerk", "/posts/{approved}/stop-publishing", ""),
    "stop.release": ("lead", "/stop/release", "seen known release-reason release-in_doubt"),
    "stop.override_time": ("lead", "/stop/time", ""),
    "name_officers.begin": ("head", "/name-officers", ""),
    "confirmation.send_back_to": ("lead", "/people/waiting/99/send-back", "note reader_id"),
    "confirmation.confirm": ("admin", "/people/waiting", "chosen"),
    "contacts.second": ("admin", "/people/99/contacts/99/second", ""),
    "contacts.refuse": ("admin", "/people/99/contacts/99/refuse", ""),
    "own_contacts.accept": ("member", "/profile/contacts/99/accept", ""),
    "own_contacts.refuse": ("member", "/profile/contacts/99/refuse", ""),
    "submissions.undo": ("clerk", "/submissions/{received}/undo/99", ""),
    "deliveries.undo": ("clerk", "/deliveries/{scheduled}/undo/99", ""),
    "inbox.use_mail": ("first", "/comments/{routed}/answer/mail/99", "text"),
    "inbox.dismiss_mail": ("first", "/comments/{routed}/answer/mail/99/dismiss", ""),
    "inbox.undo": ("first", "/comments/{routed}/undo/99", ""),
    "drafting.send": ("clerk", "/posts/{drafted}/send-for-review", "seen"),
    "exports.start": ("clerk", "/exports", "view q department"),
    "exports.remove": ("clerk", "/exports/1/remove", ""),
    "tour.dismiss": ("clerk", "/tour/dismiss", ""),
    "ical.end": ("clerk", "/calendar/feed/end", ""),
    "profile.mobile": ("member", "/profile/mobile", "value password"),
    "rehearsals.start": ("lead", "/rehearsals/none-of-that-name/start", ""),
    "rehearsals.drop": ("lead", "/rehearsals/none-of-that-name/drop", ""),
    "sign_in.confirm_code": ("first", "/sign-in/code", "code next"),
    "duty_codes.make": ("lead", "/duty/code", "person_id"),
    "duty_codes.type_code": ("clerk", "/duty/code/type", "code"),
    "lost_factor.end": ("admin", "/people/{person_first}/second-factor", ""),
    "second_factor.confirm": ("first", "/sign-in/factor", "code next"),
    "approval_links.passkey_options": ("first", "/approve/{approve_token}/passkey/options", ""),
    "approval_links.passkey": ("first", "/approve/{approve_token}/passkey", "credential"),
    "passkeys.sign_in_options": ("first", "/sign-in/factor/passkey/options", ""),
    "passkeys.confirm": ("first", "/sign-in/factor/passkey", "credential next"),
    "passkeys.prove_options": ("member", "/confirm/passkey/options", ""),
    "passkeys.prove": ("member", "/confirm/passkey", "credential with_factor kept_path kept:title"),
    "passkeys.begin": ("member", "/profile/passkeys", ""),
    "passkeys.new_options": ("member", "/profile/passkeys/options", ""),
    "passkeys.add": ("member", "/profile/passkeys/new", "name credential"),
    "passkeys.end": ("member", "/profile/passkeys/99/end", ""),
    "second_factor.renew": ("member", "/profile/second-factor/recovery-codes", ""),
    "second_factor.end": ("member", "/profile/second-factor/end", ""),
    "sessions.end_device": ("admin", "/people/99/devices/99/end", ""),
    "sign_in.end_device": ("first", "/devices/99/end", ""),
    "sign_in.end": ("first", "/sessions/99/end", ""),
    "sign_in.end_others": ("first", "/sessions/end-others", ""),
    "sign_in.prove": ("clerk", "/confirm", "password next kept_path kept:title"),
    "submissions.remove_view": ("clerk", "/submissions/views/99/remove", ""),
    "submissions.upload": ("member", "/submissions/files", "only kept alt_mr alt_en"),
}
"""Forms that none of the pages contains: sent by a script, or only in another state."""


@dataclass(frozen=True)
class Form:
    """A form of a person: its path, the fields that a browser would send, and the typed ones."""

    endpoint: str
    who: str
    path: str
    method: str
    fields: Pairs
    typed_names: frozenset[str]

    def with_typed(self, value: str) -> Pairs:
        """Return the fields with this value in everything that is typed."""
        return tuple(
            (name, value if name in self.typed_names else current) for name, current in self.fields
        )

    def with_all(self, value: str) -> Pairs:
        """Return the fields with this value in all of them, choices and hidden fields included."""
        return tuple((name, value) for name, _current in self.fields)


@dataclass
class AllForms:
    """A city with examples on every page, its forms, and browsers that have signed in."""

    site: Site
    examples: ExamplePaths
    saved: Path
    forms: dict[str, Form] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def browser(self, who: str) -> Browser:
        """Return a person's browser, or an anonymous one for "-"."""
        if who not in self.browsers:
            new = self.site.nobody() if who == "-" else self.site.browser(who)
            self.browsers[who], self.cookies[who] = new, _cookie_of(new)
        return self.browsers[who]

    def _browser_in_first_session(self, who: str) -> Browser:
        """Return a person's browser in its first session, which a form may have ended."""
        browser = self.browser(who)
        browser.client.set_cookie(COOKIE, self.cookies[who], secure=True, domain="127.0.0.1")
        return browser

    def send(self, form: Form, pairs: Pairs) -> TestResponse:
        """Send a form with exactly these bytes, half a character included."""
        browser = self._browser_in_first_session(form.who)
        sent = [*pairs, ("csrf_token", browser.token)] if form.method == "post" else pairs
        body = "&".join(f"{quote_plus(name)}={_quoted(value)}" for name, value in sent)
        if form.method == "get":
            return browser.get(f"{form.path}?{body}")
        response = browser.client.post(
            form.path,
            base_url=browser.base,
            data=body,
            content_type="application/x-www-form-urlencoded",
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        response.get_data()
        response.close()
        return response

    def restore(self) -> None:
        """Restore the city's database from before a form was accepted."""
        self.site.city.database.dispose()
        shutil.copyfile(self.saved, _file_of(self.site.city.database))


def _cookie_of(browser: Browser) -> str:
    assert browser.token
    cookie = browser.client.get_cookie(COOKIE, domain="127.0.0.1")
    assert cookie is not None
    return cookie.value


def _quoted(value: str) -> str:
    return quote_plus(value, errors="surrogatepass")


def _file_of(database: Database) -> Path:
    return Path(database.url.removeprefix("sqlite:///"))


def read_all_forms(site: Site, folder: Path) -> AllForms:
    """Add examples to the city, sign everybody in, read every form, and save the database."""
    all_forms = AllForms(site, add_examples(site.city), folder / "saved.db")
    for line in PAGES.split("\n"):
        if line.strip():
            who, path = line.split()
            _read(all_forms, who, all_forms.examples.path(path))
    _add_other_forms(all_forms)
    site.city.database.dispose()
    shutil.copyfile(_file_of(site.city.database), all_forms.saved)
    return all_forms


def _read(all_forms: AllForms, who: str, path: str) -> None:
    routes = all_forms.site.app.url_map.bind("127.0.0.1")
    page = all_forms.browser(who).page(path)
    for form in page.all:
        if form.tag == "form":
            form_call = _form(page, form, who, path, routes)
            listed = all_forms.forms.get(form_call.endpoint)
            if listed is None or len(listed.fields) < len(form_call.fields):
                all_forms.forms[form_call.endpoint] = form_call


def _form(page: Page, form: Element, who: str, path: str, routes: MapAdapter) -> Form:
    method = form.get("method").lower() or "get"
    action = (form.get("action") or path).partition("?")[0]
    endpoint, _values = routes.match(action, method=method.upper())
    inside = list(_controls(page, form))
    fields = tuple((field.get("name"), _value(field)) for field in inside)
    typed_names = frozenset(field.get("name") for field in inside if is_typed(field))
    key = endpoint if method == "post" else f"{endpoint} (asked)"
    return Form(key, who, action, method, fields, typed_names)


def _controls(page: Page, form: Element) -> Iterator[Element]:
    for tag in page.all:
        is_inside = tag.within("form") is form or (
            form.get("id") and tag.get("form") == form.get("id")
        )
        is_control = tag.tag in ("input", "textarea", "select") and tag.get("name")
        if is_inside and is_control and tag.get("name") not in TOKENS and _is_sent(tag):
            yield tag


def _is_sent(element: Element) -> bool:
    """Return whether a browser sends the field with the form; files are left out."""
    if element.get("type") in ("checkbox", "radio"):
        return "checked" in element.attributes
    return element.get("type") not in ("file", "submit")


def is_typed(element: Element) -> bool:
    """Return whether people type into the field."""
    return element.tag in ("input", "textarea") and element.get("type") not in UNTYPED_INPUTS


def _value(element: Element) -> str:
    return element.raw if element.tag == "textarea" else element.get("value")


def _add_other_forms(all_forms: AllForms) -> None:
    for endpoint, (who, path, names) in OTHER_FORMS.items():
        fields = tuple((name, "1") for name in names.split())
        typed_names = frozenset(names.split()) - {"password"}
        own = all_forms.examples.path(path)
        all_forms.browser(who)
        all_forms.forms[endpoint] = Form(endpoint, who, own, "post", fields, typed_names)
