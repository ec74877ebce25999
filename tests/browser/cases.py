"""The cases of test_every_page: which person opens which page, and what makes it show errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.city_server import PASSWORD
from tests.browser.example_city import ATTACKED
from tests.browser.journey import see_photos, unfold
from tests.support.emergency_steps import BLANK_TEXTS as LANE_TYPED

Act = Callable[[Page], None]
NOT_PAGES = frozenset(
    {
        "static",
        "changes.ask",
        "answer_letters.scan",
        "media.submission_file",
        "media.picture",
        "approval_links.picture",
        "link_cards.picture",
        "ical.calendar",
        "monitoring.health",
        "monitoring.metrics",
        "monitoring.ready",
        "public_files.robots",
        "public_files.security",
        "webhooks.challenge",
        "submissions.csv",
        "annex.csv",
        "annex.pdf",
        "coverage.csv",
        "departments.csv",
        "calendar_papers.month",
        "officers_papers.register",
        "post_life.life",
        "reports.csv",
        "reports.list_csv",
        "calls.csv",
        "letters.pdf",
        "letters.all_pdf",
        "letters.all_zip",
        "exports.fetch",
        "schedule.show_text",
        "understood.show",
    }
)
"""Endpoints that answer with a file or lead on, each of which has a test of its own."""


@dataclass(frozen=True)
class Case:
    """A page opened by a person; after `act`, if any, the status code is `code`.

    With `leaves` the session ends before `act`.
    """

    endpoint: str
    name: str
    who: str
    path: str
    city: str = "filled"
    act: Act | None = None
    code: int = 200
    leaves: bool = False

    @property
    def id(self) -> str:
        """Return the name of the test and of the screenshot."""
        return f"{self.endpoint}-{self.name}"


def press(selector: str) -> Act:
    """Return an act that clicks a button or a link."""
    return lambda page: page.locator(selector).first.click()


def press_after(first: str, selector: str) -> Act:
    """Return an act that clicks first this, and then the button that it shows."""

    def act(page: Page) -> None:
        press(first)(page)
        press(selector)(page)

    return act


def fill(values: dict[str, str], then: str = ".submit-bar .btn-act") -> Act:
    """Return an act that fills fields by their selectors, then clicks `then`."""

    def act(page: Page) -> None:
        for selector, value in values.items():
            page.locator(selector).fill(value)
        page.locator(then).first.click()

    return act


def record(values: dict[str, str], *, role: str) -> Act:
    """Return an act that chooses a role and the first department, fills fields, and submits."""

    def act(page: Page) -> None:
        page.locator("#role").select_option(role)
        page.locator("#department_id").select_option(index=1)
        fill(values)(page)

    return act


def change(selector: str, value: str, then: str) -> Act:
    """Return an act that changes a hidden field, then clicks, as on a page open for too long."""

    def act(page: Page) -> None:
        page.locator(selector).first.evaluate("(field, value) => { field.value = value }", value)
        page.locator(then).first.click()

    return act


def approve_outdated_revision(page: Page) -> None:
    """See the photos of a revision and approve it, as if the page had been open for too long."""
    see_photos(page)
    change("[name=seen]", "1", ".decision-bar .btn-act")(page)


def save_outdated_draft(page: Page) -> None:
    """Change the text of a draft that was opened before its newest revision, and save it."""
    page.locator("#draft [name=seen]").evaluate("(field) => { field.value = '1' }")
    page.locator("textarea[name^='text_1_mr']").fill("शनिवारी दिवसभर पाणीपुरवठा बंद राहील.")
    page.locator("button[value=save]").click()


def close_what_is_gone(page: Page) -> None:
    """Close ticked comments that are gone: their boxes hold ids that no comment has."""
    boxes = "(boxes) => boxes.forEach((box) => { box.value = '99999999' })"
    page.eval_on_selector_all("[name=chosen]", boxes)
    page.locator(".ticked-bar summary").last.click()
    page.locator("#reason").fill("कौतुक आहे.")
    page.locator("button[value=close]").click()


def fill_in_fold(fold: str, values: dict[str, str], then: str) -> Act:
    """Return an act that opens `fold`, fills fields in it, then clicks `then`."""

    def act(page: Page) -> None:
        page.locator(fold).first.click()
        fill(values, then)(page)

    return act


def write_with_warnings(page: Page) -> None:
    """Write a text and a link that are warned of, and let the form be shown once more."""
    text = "रविवार दि. २८ नोव्हेंबर २०२६, चौकशी: ९८२२० १२३४५"
    page.locator("textarea[name^='text_1_mr']").fill(text)
    unfold(page, "#link")
    link = "https://pmc.example/a/very/long/address/that/does/not/end/for/quite/a/while?and=more"
    page.locator("#link").fill(link)
    unfold(page, "button[value=close]")
    page.locator("button[value=close]").click()


def write_link(page: Page) -> None:
    """Write a link of which X makes a link, and let the form be shown once more."""
    unfold(page, "#link")
    page.locator("#link").fill("https://example.com/pani")
    unfold(page, "button[value=close]")
    page.locator("button[value=close]").click()


def fill_blanks(page: Page) -> None:
    """Fill the blanks of an emergency template, and go on to the form of who gave the order."""
    for name, value in LANE_TYPED.items():
        field = page.locator(f"[name='{name}']")
        if field.first.get_attribute("type") == "radio":
            page.locator(f"[name='{name}'][value='{value}']").check()
        else:
            field.fill(value)
    page.locator(".submit-bar .btn-act").click()
    page.locator("[id=word_name]").wait_for()


def fill_to_confirmation(page: Page) -> None:
    """Fill both forms of an emergency, and go on to the page that shows what will be published."""
    fill_blanks(page)
    page.locator("[id=word_name]").fill("विलास थोपटे")
    page.locator("[id=word_post]").fill("अग्निशमन केंद्र अधिकारी")
    page.locator("[name=word_how][value=radio]").check()
    page.locator(".submit-bar .btn-act").click()
    page.locator(".decision-bar").wait_for()


SUBMIT = press(".submit-bar .btn-act")
SUBMIT_REFUSAL = press(".submit-bar .btn-refuse")
TOO_LONG = {"textarea[name^='text_1_mr']": "पाणी " * 80}
IMPOSSIBLE_TIME = {
    "[name$=-due_at] >> nth=0": "उद्या 25:00",
}

CASES = (
    Case("today.index", "officer", "first", "/"),
    Case("today.index", "clerk", "clerk", "/"),
    Case("today.index", "lead", "lead", "/"),
    Case("today.index", "budget-near", "admin", "/"),
    Case("today.index", "empty", "member", "/", "empty"),
    Case("tour.step", "officer", "first", "/tour/2"),
    Case("tour.step", "clerk", "clerk", "/tour/1"),
    Case("guides.index", "officer", "first", "/help"),
    Case("guides.show", "officer", "first", "/help/officer"),
    Case("guides.show", "cell", "clerk", "/help/cell"),
    Case("guides.show", "lead", "lead", "/help/lead"),
    Case("submissions.index", "clerk", "clerk", "/submissions"),
    Case("submissions.index", "member", "member", "/submissions"),
    Case("submissions.index", "empty", "member", "/submissions", "empty"),
    Case("submissions.index", "no-hit", "clerk", "/submissions?q=qqq"),
    Case("submissions.index", "narrowed", "clerk", "/submissions?view=all&since=2026-01-01"),
    Case(
        "submissions.index",
        "wrong",
        "clerk",
        "/submissions?holder=cell",
        act=fill_in_fold(".keep-view summary", {"[id=name]": " "}, ".keep-view .btn"),
        code=422,
    ),
    Case("keys.index", "asked", "clerk", "/keys"),
    Case("search.index", "asked", "clerk", "/search"),
    Case("search.index", "found", "clerk", "/search?q=%E0%A4%AA%E0%A4%BE%E0%A4%A3%E0%A5%80"),
    Case("search.index", "no-hit", "first", "/search?q=qqq"),
    Case("exports.index", "asked", "clerk", "/exports?list=view%3Dall"),
    Case("exports.index", "empty", "member", "/exports", "empty"),
    Case("submissions.new", "member", "member", "/submissions/new"),
    Case("submissions.new", "at-the-desk", "clerk", "/submissions/new"),
    Case("submissions.new", "wrong", "member", "/submissions/new", act=SUBMIT, code=422),
    Case(
        "submissions.new",
        "session-lost",
        "member",
        "/submissions/new",
        act=fill({"[id=title]": "उद्याने उशिरापर्यंत खुली"}),
        code=401,
        leaves=True,
    ),
    Case(
        "submissions.new",
        "too-old",
        "member",
        "/submissions/new",
        act=change("#hand-in [name=csrf_token]", "x", ".submit-bar .btn-act"),
        code=400,
    ),
    Case("submissions.show", "received", "clerk", "/submissions/{received}"),
    Case("submissions.show", "live", "member", "/submissions/{live_submission}"),
    Case("submissions.show", "declined", "health_member", "/submissions/{declined}"),
    Case("submissions.show", "in-review", "first", "/submissions/{reviewed_submission}"),
    Case("submissions.new", "again", "member", "/submissions/new?again={live_submission}"),
    Case("submissions.return_submission", "asked", "clerk", "/submissions/{received}/return"),
    Case(
        "submissions.return_submission",
        "wrong",
        "clerk",
        "/submissions/{received}/return",
        act=SUBMIT,
        code=422,
    ),
    Case("submissions.merge", "asked", "clerk", "/submissions/{received}/merge"),
    Case(
        "submissions.merge",
        "wrong",
        "clerk",
        "/submissions/{received}/merge",
        act=SUBMIT,
        code=422,
    ),
    Case("submissions.note", "asked", "first", "/submissions/{reviewed_submission}/note"),
    Case(
        "submissions.note",
        "wrong",
        "first",
        "/submissions/{reviewed_submission}/note",
        act=SUBMIT,
        code=422,
    ),
    Case("submissions.change", "filled", "road_member", "/submissions/{received}/change"),
    Case(
        "submissions.change",
        "wrong",
        "road_member",
        "/submissions/{received}/change",
        act=fill({"[id=title]": ""}),
        code=422,
    ),
    Case("submissions.show", "asked", "road_member", "/submissions/{asked}"),
    Case(
        "submissions.show",
        "answer-missing",
        "road_member",
        "/submissions/{asked}",
        act=SUBMIT,
        code=422,
    ),
    Case("submissions.show", "merged", "road_member", "/submissions/{merged}"),
    Case("submissions.decline", "asked", "clerk", "/submissions/{received}/decline"),
    Case(
        "submissions.decline",
        "wrong",
        "clerk",
        "/submissions/{received}/decline",
        act=SUBMIT,
        code=422,
    ),
    Case("submissions.withdraw", "asked", "road_member", "/submissions/{received}/withdraw"),
    Case(
        "submissions.withdraw",
        "wrong",
        "road_member",
        "/submissions/{received}/withdraw",
        act=SUBMIT,
        code=422,
    ),
    Case("drafting.edit", "begun", "clerk", "/posts/{begun}/draft"),
    Case("drafting.edit", "saved", "clerk", "/posts/{drafted}/draft"),
    Case(
        "drafting.edit",
        "warned",
        "clerk",
        "/posts/{drafted}/draft",
        act=write_with_warnings,
    ),
    Case("drafting.edit", "link", "clerk", "/posts/{drafted}/draft", act=write_link),
    Case("drafting.edit", "returned", "clerk", "/posts/{returned}/draft"),
    Case(
        "drafting.edit",
        "too-long",
        "clerk",
        "/posts/{drafted}/draft",
        act=fill(TOO_LONG, "button[value=save]"),
        code=422,
    ),
    Case(
        "drafting.edit",
        "overtaken",
        "clerk",
        "/posts/{reviewed}/draft",
        act=save_outdated_draft,
        code=409,
    ),
    Case("drafting.edit", "blanks", "clerk", "/posts/{blank}/draft"),
    Case(
        "drafting.edit",
        "blank-left",
        "clerk",
        "/posts/{blank}/draft",
        act=press("button[value=send]"),
        code=422,
    ),
    Case("drafting.edit", "joint", "clerk", "/posts/{joint}/draft"),
    Case("sources.show", "two", "clerk", "/posts/{joint}/submissions"),
    Case("sources.show", "wrong", "clerk", "/posts/{joint}/submissions", act=SUBMIT, code=422),
    Case("revisions.show", "texts", "clerk", "/posts/{joint}/compare"),
    Case("revisions.show", "photos", "first", "/posts/{reviewed}/compare?from=1&to=2"),
    Case("revisions.show", "only-one", "clerk", "/posts/{blank}/compare"),
    Case("snippets.index", "clerk", "clerk", "/texts"),
    Case("snippets.index", "empty", "clerk", "/texts", "empty"),
    Case("snippets.new", "clerk", "clerk", "/texts/new"),
    Case("snippets.new", "wrong", "clerk", "/texts/new", act=SUBMIT, code=422),
    Case("snippets.edit", "clerk", "clerk", "/texts/{text}"),
    Case("posts.show", "joint", "clerk", "/posts/{joint}"),
    Case("posts.show", "live", "first", "/posts/{live_post}"),
    Case("posts.show", "approved", "clerk", "/posts/{approved}"),
    Case("posts.show", "scheduled", "clerk", "/posts/{scheduled_post}"),
    Case("posts.show", "withdrawn", "first", "/posts/{withdrawn}"),
    Case("posts.show", "begun", "clerk", "/posts/{begun}"),
    Case("posts.show", "in-review", "first", "/posts/{reviewed}"),
    Case("posts.show", "reply", "first", "/posts/{reply}"),
    Case("review.show", "changed", "first", "/posts/{reviewed}/review"),
    Case("review.show", "first-revision", "health_head", "/posts/{heads}/review"),
    Case("review.show", "blocked", "clerk", "/posts/{blocked}/review"),
    Case("review.show", "older", "first", "/posts/{reviewed}/review?revision=1"),
    Case("review.show", "reply", "first", "/posts/{reply}/review"),
    Case(
        "review.show",
        "stale",
        "first",
        "/posts/{reviewed}/review",
        act=approve_outdated_revision,
        code=409,
    ),
    Case("in_person.show", "asked", "clerk", "/posts/{reviewed}/on-the-spot"),
    Case(
        "in_person.show",
        "code",
        "clerk",
        "/posts/{heads}/on-the-spot",
        act=press("form[action$='/on-the-spot'] button"),
    ),
    Case("in_person.show", "decided", "clerk", "/posts/{approved}/on-the-spot"),
    Case("in_person.show", "draft", "clerk", "/posts/{drafted}/on-the-spot"),
    Case("in_person.ask", "asked", "first", "/code"),
    Case("in_person.ask", "wrong", "first", "/code", act=SUBMIT, code=422),
    Case("in_person.arrive", "spent", "first", "/code/spent", code=404),
    Case("my_decisions.index", "officer", "first", "/approvals"),
    Case("my_decisions.index", "empty", "first", "/approvals", "empty"),
    Case("my_decisions.index", "no-hit", "first", "/approvals?month=2020-01"),
    Case("my_decisions.texts", "empty", "first", "/return-texts", "empty"),
    Case("my_decisions.texts", "kept", "first", "/return-texts"),
    Case("my_decisions.texts", "wrong", "first", "/return-texts", act=SUBMIT, code=422),
    Case("review.return_post", "asked", "first", "/posts/{reviewed}/return"),
    Case(
        "review.return_post",
        "wrong",
        "first",
        "/posts/{reviewed}/return",
        act=SUBMIT,
        code=422,
    ),
    Case("review.reject", "asked", "first", "/posts/{reviewed}/reject"),
    Case("review.reject", "wrong", "first", "/posts/{reviewed}/reject", act=SUBMIT, code=422),
    Case("review.withdraw_approval", "asked", "first", "/posts/{approved}/withdraw-approval"),
    Case("review.withdraw_post", "asked", "first", "/posts/{approved}/withdraw"),
    Case(
        "review.withdraw_post",
        "wrong",
        "first",
        "/posts/{approved}/withdraw",
        act=SUBMIT,
        code=422,
    ),
    Case("deliveries.board", "clerk", "clerk", "/decisions"),
    Case("deliveries.board", "officer", "first", "/decisions"),
    Case("deliveries.board", "lead", "lead", "/decisions"),
    Case("deliveries.board", "empty", "clerk", "/decisions", "empty"),
    Case("deliveries.show", "live", "clerk", "/deliveries/{live_delivery}"),
    Case("deliveries.show", "held", "clerk", "/deliveries/{held}"),
    Case("deliveries.show", "held-lead", "lead", "/deliveries/{held}"),
    Case("deliveries.show", "failed", "clerk", "/deliveries/{failed}"),
    Case("deliveries.show", "missed", "clerk", "/deliveries/{missed}"),
    Case("deliveries.show", "paused", "clerk", "/deliveries/{paused}"),
    Case("deliveries.show", "scheduled", "clerk", "/deliveries/{scheduled}"),
    Case("deliveries.show", "unconfirmed", "lead", "/deliveries/{unconfirmed}"),
    Case(
        "deliveries.show",
        "prove",
        "clerk",
        "/deliveries/{scheduled}",
        act=press("form[action$='/publish-now'] button"),
    ),
    Case(
        "schedule.schedule",
        "asked",
        "clerk",
        "/posts/{approved}/schedule",
    ),
    Case(
        "schedule.schedule",
        "wrong",
        "clerk",
        "/posts/{approved}/schedule",
        act=fill(IMPOSSIBLE_TIME),
        code=422,
    ),
    Case("calendar.index", "clerk", "clerk", "/calendar"),
    Case("calendar.index", "week", "clerk", "/calendar?view=week"),
    Case("calendar.index", "list", "clerk", "/calendar?view=list"),
    Case("calendar.index", "oversight", "oversight", "/calendar"),
    Case("calendar.index", "empty", "clerk", "/calendar", "empty"),
    Case("ical.index", "none", "clerk", "/calendar/feed"),
    Case(
        "ical.index",
        "made",
        "clerk",
        "/calendar/feed",
        act=press("form[action$='/feed'] button"),
    ),
    Case("bulk.index", "asked", "clerk", "/calendar/move"),
    Case(
        "bulk.index",
        "shown",
        "clerk",
        "/calendar/move?chosen={scheduled}&chosen={failed}",
        act=SUBMIT,
    ),
    Case("bulk.index", "wrong", "clerk", "/calendar/move", act=SUBMIT, code=422),
    Case("bulk.index", "empty", "clerk", "/calendar/move", "empty"),
    Case("workers.index", "filled", "admin", "/clocks"),
    Case("workers.index", "empty", "lead", "/clocks", "empty"),
    Case("stop.show", "free", "lead", "/stop"),
    Case("stop.show", "wrong", "lead", "/stop", act=SUBMIT, code=422),
    Case("stop.show", "stopped-lead", "lead", "/stop", "stopped"),
    Case("stop.show", "stopped-officer", "first", "/stop", "stopped"),
    Case("stop.show", "release-wrong", "lead", "/stop", "stopped", act=SUBMIT, code=422),
    Case("today.index", "stopped", "first", "/", "stopped"),
    Case("today.index", "credits-used-up", "admin", "/", "stopped"),
    Case("posts.show", "waits-for-credits", "lead", "/posts/2", "stopped"),
    Case("deliveries.board", "stopped", "lead", "/decisions", "stopped"),
    Case("freezes.index", "laid", "lead", "/freezes"),
    Case("freezes.index", "read", "clerk", "/freezes"),
    Case("freezes.index", "wrong", "lead", "/freezes", act=SUBMIT, code=422),
    Case("freezes.index", "empty", "lead", "/freezes", "empty"),
    Case("manual.show", "failed", "clerk", "/deliveries/{failed}/by-hand"),
    Case("manual.show", "scheduled", "clerk", "/deliveries/{scheduled}/by-hand"),
    Case("manual.show", "not-now", "clerk", "/deliveries/{live_delivery}/by-hand"),
    Case(
        "manual.show",
        "wrong",
        "clerk",
        "/deliveries/{failed}/by-hand",
        act=fill({"[id=link]": "https://example.org/"}),
        code=422,
    ),
    Case("slots.index", "set", "clerk", "/slots"),
    Case("slots.index", "wrong", "clerk", "/slots", act=SUBMIT, code=422),
    Case("slots.index", "empty", "clerk", "/slots", "empty"),
    Case("reports.index", "clerk", "clerk", "/report"),
    Case("reports.index", "head", "head", "/report"),
    Case("reports.index", "empty", "clerk", "/report", "empty"),
    Case("reports.index", "days", "clerk", "/report?period=days&from=2024-01-01&until=2026-11-30"),
    Case("reports.list_counted", "posts", "clerk", "/report/list?counted=posts"),
    Case("reports.list_counted", "overdue", "clerk", "/report/list?counted=overdue"),
    Case("reports.list_counted", "empty", "clerk", "/report/list?counted=late", "empty"),
    Case("failed_mail.index", "failed", "lead", "/mails"),
    Case("mailbox.index", "waiting", "clerk", "/quarantine"),
    Case("mailbox.index", "empty", "clerk", "/quarantine", "empty"),
    Case("mailbox.show", "waiting", "lead", "/quarantine/{quarantine_id}"),
    Case("department_choice.choose", "several", "", "/mail/department/{mail_token}"),
    Case("department_choice.choose", "cell", "lead", "/mail/department/{lead_mail_token}"),
    Case(
        "department_choice.choose",
        "wrong",
        "lead",
        "/mail/department/{lead_mail_token}",
        act=SUBMIT,
        code=422,
    ),
    Case("department_choice.choose", "taken-in", "lead", "/mail/department/{chosen_mail_token}"),
    Case(
        "department_choice.choose", "of-another", "head", "/mail/department/{mail_token}", code=403
    ),
    Case("department_choice.choose", "spent", "", "/mail/department/spent", code=404),
    Case("inbox.index", "officer", "first", "/comments"),
    Case("inbox.index", "clerk", "clerk", "/comments"),
    Case("inbox.index", "ticked", "clerk", "/comments?all=1"),
    Case("inbox.index", "ticked-gone", "clerk", "/comments?all=1", act=close_what_is_gone),
    Case(
        "inbox.index",
        "ticked-wrong",
        "clerk",
        "/comments",
        act=press_after(".ticked-bar summary", "button[value=assign]"),
        code=422,
    ),
    Case("inbox.index", "empty", "first", "/comments", "empty"),
    Case("inbox.show", "overdue", "first", "/comments/{overdue}"),
    Case("inbox.show", "answered", "first", "/comments/{answered}"),
    Case("inbox.show", "closed", "first", "/comments/{closed}"),
    Case("inbox.show", "interim", "first", "/comments/{interim}"),
    Case("inbox.show", "answer-failed", "first", "/comments/{answer_failed}"),
    Case("inbox.show", "answer-waits", "first", "/comments/{waiting_answer}"),
    Case("inbox.show", "mailed", "first", "/comments/{mailed}"),
    Case("inbox.show", "queued", "clerk", "/comments/{queued}"),
    Case("inbox.show", "wrong", "first", "/comments/{routed}", act=SUBMIT, code=422),
    Case("inbox.transfer", "asked", "first", "/comments/{routed}/transfer"),
    Case("inbox.transfer", "wrong", "first", "/comments/{routed}/transfer", act=SUBMIT, code=422),
    Case("inbox.close", "asked", "first", "/comments/{routed}/close"),
    Case("inbox.close", "wrong", "first", "/comments/{routed}/close", act=SUBMIT, code=422),
    Case("inbox.reopen", "asked", "first", "/comments/{closed}/reopen"),
    Case("inbox.reopen", "wrong", "first", "/comments/{closed}/reopen", act=SUBMIT, code=422),
    Case("posts.show", "corrected", "clerk", "/posts/{corrected}"),
    Case("posts.show", "taken-back", "member", "/posts/{taken}"),
    Case("review.show", "correction", "first", "/posts/{corrected}/review"),
    Case("drafting.edit", "correction", "clerk", "/posts/{live_post}/draft"),
    Case("deliveries.show", "deletion", "lead", "/deliveries/{deletion}"),
    Case("deliveries.show", "stuck-deletion", "lead", "/deliveries/{stuck_deletion}"),
    Case("takedowns.take_back", "asked", "first", "/posts/{corrected}/take-back"),
    Case("takedowns.take_back", "nothing-live", "first", "/posts/{approved}/take-back"),
    Case(
        "takedowns.take_back",
        "wrong",
        "first",
        "/posts/{corrected}/take-back",
        act=SUBMIT,
        code=422,
    ),
    Case("takedowns.hide", "asked", "first", "/comments/{routed}/hide"),
    Case("takedowns.hide", "wrong", "first", "/comments/{routed}/hide", act=SUBMIT, code=422),
    Case("takedowns.unhide", "asked", "first", "/comments/{hidden}/unhide"),
    Case("takedowns.unhide", "wrong", "first", "/comments/{hidden}/unhide", act=SUBMIT, code=422),
    Case("inbox.show", "hidden", "first", "/comments/{hidden}"),
    Case("corrections.show_change", "changed", "lead", "/found/{found}"),
    Case("corrections.show_change", "gone", "first", "/found/{found_gone}"),
    Case("corrections.show_change", "wrong", "lead", "/found/{found}", act=SUBMIT, code=422),
    Case("annex.index", "today", "lead", "/annex"),
    Case("annex.index", "wrong", "lead", "/annex?on=31+June"),
    Case("coverage.index", "lead", "lead", "/coverage"),
    Case("coverage.departments", "all", "lead", "/coverage/list"),
    Case("coverage.departments", "empty", "lead", "/coverage/list?state=two"),
    Case("register.upload", "asked", "lead", "/register/import"),
    Case("register.upload", "wrong", "lead", "/register/import", act=SUBMIT, code=422),
    Case("register.show", "plan", "lead", "/register/import/{register_plan}"),
    Case("register.show", "columns", "lead", "/register/import/{register_columns}"),
    Case("departments.index", "lead", "lead", "/departments"),
    Case("departments.index", "no-hit", "lead", "/departments?q=qqq"),
    Case("departments.index", "none", "lead", "/departments?officers=none"),
    Case("departments.show", "with-officers", "lead", "/departments/water"),
    Case("departments.show", "with-nobody", "lead", "/departments/garden"),
    Case("shared_addresses.show", "recorded", "lead", "/departments/road/addresses"),
    Case(
        "shared_addresses.show",
        "held",
        "admin",
        "/departments/road/addresses",
        act=fill({"#mail": "first@pmc.example"}),
        code=422,
    ),
    Case("people.index", "admin", "admin", "/people"),
    Case("people.index", "no-hit", "admin", "/people?q=qqq"),
    Case("confirmation.index", "lead", "lead", "/people/waiting"),
    Case(
        "confirmation.send_back_to", "lead", "lead", "/people/waiting/{appointment_first}/send-back"
    ),
    Case(
        "confirmation.send_back_to",
        "wrong",
        "lead",
        "/people/waiting/{appointment_first}/send-back",
        act=SUBMIT,
        code=422,
    ),
    Case("people.new", "admin", "admin", "/people/new"),
    Case("people.new", "wrong", "admin", "/people/new", act=SUBMIT, code=422),
    Case("people.new", "second", "admin", "/people/new?person={person_first}"),
    Case(
        "people.new",
        "sure",
        "admin",
        "/people/new?person={person_new}",
        act=record({}, role="admin"),
        code=422,
    ),
    Case(
        "people.new",
        "held",
        "admin",
        "/people/new?person={person_first}",
        act=record({"#name_mr": "वसंत काळे"}, role="officer"),
        code=422,
    ),
    Case("people.rename", "officer", "admin", "/people/{person_first}/name"),
    Case("contacts.correct", "officer", "admin", "/people/{person_first}/contacts"),
    Case("contacts.correct", "invited", "admin", "/people/{person_new}/contacts"),
    Case("own_contacts.index", "empty", "member", "/profile/contacts"),
    Case("duty_codes.make", "asked", "lead", "/duty/code"),
    Case("duty_codes.make", "wrong", "lead", "/duty/code", act=SUBMIT, code=422),
    Case("duty_codes.type_code", "asked", "clerk", "/duty/code/type"),
    Case("lost_factor.end", "none", "admin", "/people/{person_first}/second-factor"),
    Case("lost_factor.end", "app", "admin", "/people/{person_garden}/second-factor"),
    Case("sessions.show", "clerk", "admin", "/people/{person_clerk}/sessions"),
    Case("sessions.show", "nowhere", "admin", "/people/{person_new}/sessions"),
    Case("access.index", "admin", "admin", "/access-log"),
    Case("access.index", "empty", "admin", "/access-log?day=2020-01-01"),
    Case(
        "people.rename",
        "wrong",
        "admin",
        "/people/{person_first}/name",
        act=fill({"#name_mr": ""}),
        code=422,
    ),
    Case("people.show", "officer", "admin", "/people/{person_first}"),
    Case("people.show", "disabled", "admin", "/people/{person_left}"),
    Case("people.show", "invited", "admin", "/people/{person_new}"),
    Case("accounts.index", "paused", "admin", "/accounts"),
    Case("accounts.index", "credits-used-up", "admin", "/accounts", "stopped"),
    Case("accounts.show", "credits-used-up", "admin", "/accounts/1", "stopped"),
    Case("accounts.show", "not-told", "admin", "/accounts/2", "stopped"),
    Case("accounts.show", "ends", "admin", "/accounts/{account_x}"),
    Case("accounts.show", "paused", "clerk", "/accounts/{account_facebook}"),
    Case("accounts.change", "filled", "admin", "/accounts/{account_x}/change"),
    Case(
        "accounts.change",
        "wrong",
        "admin",
        "/accounts/{account_x}/change",
        act=fill({"#name": "", "#daily_cap": "many"}),
        code=422,
    ),
    Case("accounts.disconnect", "asked", "admin", "/accounts/{account_x}/disconnect"),
    Case("oauth.walk", "lost", "admin", "/accounts/connecting/{walk}"),
    Case("oauth.callback", "lost", "admin", "/accounts/back/x"),
    Case(
        "accounts.index",
        "prove",
        "admin",
        "/accounts",
        act=press("form[action$='/check'] button"),
    ),
    Case("rehearsals.index", "none-yet", "lead", "/rehearsals"),
    Case("sign_in.ask", "asked", "", "/sign-in"),
    Case("sign_in.ask", "wrong", "", "/sign-in", act=SUBMIT, code=422),
    Case(
        "sign_in.confirm_code",
        "asked",
        "",
        "/sign-in",
        act=fill({"[id=identifier]": ATTACKED, "[id=password]": "abc"}),
        code=401,
    ),
    Case("sign_in.open_invitation", "open", "", "/invitation/{token}"),
    Case(
        "sign_in.open_invitation",
        "wrong",
        "",
        "/invitation/{token}",
        act=fill({"[id=new_password]": "abc"}),
        code=422,
    ),
    Case("sign_in.open_invitation", "spent", "", "/invitation/spent", code=404),
    Case("sign_in.appointments", "two", "head", "/appointments"),
    Case("sign_in.sessions", "one", "head", "/sessions"),
    Case("password_reset.ask", "asked", "", "/forgotten"),
    Case("password_reset.ask", "wrong", "", "/forgotten", act=SUBMIT, code=422),
    Case("password_reset.confirmation", "mail", "", "/forgotten/sent?by=mail"),
    Case("password_reset.confirmation", "mobile", "", "/forgotten/sent?by=mobile"),
    Case("password_reset.open_link", "open", "", "/forgotten/link/{password_token}"),
    Case(
        "password_reset.open_link",
        "wrong",
        "",
        "/forgotten/link/{password_token}",
        act=SUBMIT,
        code=422,
    ),
    Case("password_reset.open_link", "spent", "", "/forgotten/link/spent", code=404),
    Case("personal_links.wrong", "mine", "first", "/wrong/{wrong_token}"),
    Case("personal_links.wrong", "signed-out", "", "/wrong/{wrong_token}"),
    Case("personal_links.wrong", "of-another", "head", "/wrong/{wrong_token}", code=403),
    Case("personal_links.wrong", "spent", "", "/wrong/spent", code=404),
    Case("personal_links.office", "signed-out", "", "/office/{office_token}"),
    Case("personal_links.officer", "signed-out", "", "/officer/{officer_token}"),
    Case("personal_links.officer", "mine", "health_head", "/officer/{officer_token}"),
    Case("personal_links.officer", "spent", "", "/officer/spent", code=404),
    Case("personal_links.office", "spent", "", "/office/spent", code=404),
    Case("approval_links.show", "signed-out", "", "/approve/{approve_token}"),
    Case("approval_links.show", "mine", "first", "/approve/{approve_token}"),
    Case("approval_links.show", "stale", "", "/approve/{stale_token}"),
    Case("approval_links.show", "of-another", "head", "/approve/{approve_token}", code=403),
    Case("approval_links.show", "cell", "clerk", "/approve/{approve_token}", code=403),
    Case("approval_links.show", "spent", "", "/approve/spent", code=404),
    Case("approval_links.refuse", "return", "first", "/approve/{approve_token}/return"),
    Case(
        "approval_links.refuse",
        "wrong",
        "first",
        "/approve/{approve_token}/reject",
        act=SUBMIT,
        code=422,
    ),
    Case("name_officers.name", "proposal", "health_head", "/name-officers/{name_token}"),
    Case(
        "name_officers.name",
        "wrong",
        "health_head",
        "/name-officers/{name_token}",
        act=SUBMIT,
        code=422,
    ),
    Case("name_officers.name", "sign-in", "", "/name-officers/{name_token}"),
    Case("calls.index", "lead", "lead", "/calls"),
    Case("calls.index", "empty", "lead", "/calls", "empty"),
    Case("calls.new", "asked", "lead", "/calls/new"),
    Case("calls.new", "wrong", "lead", "/calls/new", act=SUBMIT, code=422),
    Case("calls.show", "lead", "lead", "/calls/{call}"),
    Case("heads.index", "asked", "lead", "/calls/heads"),
    Case("heads.index", "wrong", "lead", "/calls/heads", act=SUBMIT, code=422),
    Case("name_officers.name", "spent", "", "/name-officers/spent", code=404),
    Case("former_letters.show", "signed-out", "", "/letter/none-of-that"),
    Case("answer_letters.new", "asked", "lead", "/people/new/letter"),
    Case("answer_letters.new", "wrong", "lead", "/people/new/letter", act=SUBMIT, code=422),
    Case("password_reset.ask_code", "asked", "", "/forgotten/code"),
    Case("password_reset.ask_code", "wrong", "", "/forgotten/code", act=SUBMIT, code=422),
    Case("profile.show", "member", "member", "/profile"),
    Case("profile.show", "code-awaited", "head", "/profile"),
    Case(
        "profile.show",
        "another-appointment",
        "member",
        "/profile",
        act=change("#profile [name=made_under]", "1", ".submit-bar .btn-act"),
        code=409,
    ),
    Case("profile.password", "asked", "member", "/profile/password"),
    Case("profile.password", "wrong", "member", "/profile/password", act=SUBMIT, code=422),
    Case("profile.mail", "asked", "member", "/profile/mail"),
    Case("profile.mail", "wrong", "member", "/profile/mail", act=SUBMIT, code=422),
    Case("profile.mobile", "no-gateway", "member", "/profile/mobile"),
    Case("profile.code", "awaited", "head", "/profile/code"),
    Case("profile.code", "wrong", "head", "/profile/code", act=SUBMIT, code=422),
    Case("profile.code", "nothing", "member", "/profile/code"),
    Case("second_factor.show", "none", "member", "/profile/second-factor"),
    Case("second_factor.show", "set-up", "garden_member", "/profile/second-factor"),
    Case("second_factor.app", "begun", "member", "/profile/second-factor/app"),
    Case("second_factor.code", "asked", "member", "/profile/second-factor/code"),
    Case(
        "second_factor.code",
        "wrong",
        "member",
        "/profile/second-factor/code",
        act=SUBMIT,
        code=422,
    ),
    Case(
        "second_factor.show",
        "new-codes",
        "garden_member",
        "/profile/second-factor",
        act=press_after("main details summary", "form[action$='recovery-codes'] button"),
    ),
    Case(
        "second_factor.confirm",
        "asked",
        "",
        "/sign-in",
        act=fill({"[id=identifier]": "garden-member@pmc.example", "[id=password]": PASSWORD}),
        code=401,
    ),
    Case("passkeys.add", "no-named-host", "member", "/profile/passkeys/new", code=404),
    Case("department_changes.new", "asked", "lead", "/departments/new"),
    Case("department_changes.new", "wrong", "lead", "/departments/new", act=SUBMIT, code=422),
    Case("department_changes.rename", "asked", "lead", "/departments/road/rename"),
    Case(
        "department_changes.rename",
        "wrong",
        "lead",
        "/departments/road/rename",
        act=SUBMIT,
        code=422,
    ),
    Case("department_changes.place", "asked", "lead", "/departments/road/place"),
    Case(
        "department_changes.place",
        "wrong",
        "lead",
        "/departments/road/place",
        act=SUBMIT,
        code=422,
    ),
    Case("department_changes.merge", "asked", "lead", "/departments/road/merge"),
    Case(
        "department_changes.merge",
        "wrong",
        "lead",
        "/departments/road/merge",
        act=SUBMIT,
        code=422,
    ),
    Case("department_changes.close", "asked", "lead", "/departments/road/close"),
    Case(
        "department_changes.close",
        "still-open",
        "lead",
        "/departments/water/close",
        act=fill({"[id=order_number]": "आ-४५/२०२६"}, "#close .submit-bar button"),
        code=409,
    ),
    Case("departments.show", "renamed", "lead", "/departments/drainage"),
    Case("departments.show", "ended", "lead", "/departments/press"),
    Case("emergency.index", "on-duty", "clerk", "/emergency"),
    Case("emergency.index", "lead", "lead", "/emergency", "empty"),
    Case("emergency.fill", "asked", "clerk", "/emergency/publish/{template}"),
    Case("emergency.fill", "wrong", "clerk", "/emergency/publish/{template}", act=SUBMIT, code=422),
    Case("emergency.fill", "word", "clerk", "/emergency/publish/{template}", act=fill_blanks),
    Case(
        "emergency.fill",
        "confirm",
        "clerk",
        "/emergency/publish/{template}",
        act=fill_to_confirmation,
    ),
    Case("emergency.uses", "lead", "lead", "/emergency/uses"),
    Case("emergency.uses", "empty", "lead", "/emergency/uses", "empty"),
    Case("emergency.show", "owed", "first", "/emergency/uses/{used}"),
    Case("emergency.show", "refused", "lead", "/emergency/uses/{refused}"),
    Case("emergency.refuse", "asked", "first", "/emergency/uses/{used}/refuse"),
    Case(
        "emergency.refuse",
        "wrong",
        "first",
        "/emergency/uses/{used}/refuse",
        act=SUBMIT_REFUSAL,
        code=422,
    ),
    Case("emergency_templates.index", "clerk", "clerk", "/emergency/templates"),
    Case("emergency_templates.index", "empty", "member", "/emergency/templates", "empty"),
    Case("emergency_templates.show", "approved", "clerk", "/emergency/templates/{template}"),
    Case("emergency_templates.show", "waits", "first", "/emergency/templates/{waiting_template}"),
    Case("emergency_templates.new", "asked", "clerk", "/emergency/templates/new"),
    Case(
        "emergency_templates.new",
        "wrong",
        "clerk",
        "/emergency/templates/new",
        act=SUBMIT,
        code=422,
    ),
    Case("emergency_templates.edit", "asked", "clerk", "/emergency/templates/{template}/edit"),
    Case(
        "emergency_templates.return_template",
        "asked",
        "first",
        "/emergency/templates/{waiting_template}/return",
    ),
    Case(
        "emergency_templates.withdraw",
        "wrong",
        "first",
        "/emergency/templates/{template}/withdraw",
        act=SUBMIT_REFUSAL,
        code=422,
    ),
    Case("upgrade_review.index", "empty", "admin", "/people/from-before"),
    Case("transfers.index", "lead", "lead", "/transfers"),
    Case("transfers.index", "empty", "lead", "/transfers", "empty"),
    Case("transfers.new", "asked", "lead", "/transfers/new"),
    Case("transfers.new", "wrong", "lead", "/transfers/new", act=SUBMIT, code=422),
    Case("transfers.show", "waits", "lead", "/transfers/{transfers}"),
    Case("transfers.show", "of-the-preparer", "admin", "/transfers/{transfers}"),
    Case("hand_over.show", "officer", "head", "/hand-over/{office_first}"),
    Case("hand_over.show", "clerk", "lead", "/hand-over/{office_clerk}"),
    Case("hand_over.show", "wrong", "clerk", "/hand-over/{office_first}", act=SUBMIT, code=422),
    Case("absences.index", "head", "head", "/away"),
    Case("absences.index", "empty", "first", "/away", "empty"),
    Case("absences.index", "wrong", "clerk", "/away", act=SUBMIT, code=422),
    Case("roster.index", "lead", "lead", "/duty"),
    Case("roster.index", "empty", "member", "/duty", "empty"),
    Case("roster.index", "wrong", "lead", "/duty", act=SUBMIT, code=422),
)
FAILURES = tuple(
    Case("error", str(code), "first", f"/fails/{code}", code=code)
    for code in (400, 403, 404, 413, 429, 500, 503)
)
