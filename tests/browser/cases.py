"""Which page is looked at as whom, and how it is brought to show its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

Act = Callable[[Page], None]
NOT_PAGES = frozenset({"static", "bootstrap.static", "media.submission_file", "media.picture"})
"""What answers with a file; a test asks for each of them."""


@dataclass(frozen=True)
class Case:
    """A page as somebody sees it; `act` leads on to its error, `code` is what then comes.

    With `leaves` the session ends before the act.
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
        """Its name among the tests, and of its picture."""
        return f"{self.endpoint}-{self.name}"


def press(selector: str) -> Act:
    """Press a button or a link."""
    return lambda page: page.locator(selector).first.click()


def fill(values: dict[str, str], then: str = ".submit-bar .btn-act") -> Act:
    """Fill fields by selector, then press."""

    def act(page: Page) -> None:
        for selector, value in values.items():
            page.locator(selector).fill(value)
        page.locator(then).first.click()

    return act


def change(selector: str, value: str, then: str) -> Act:
    """Change a hidden field, then press: as a page that has been open for too long."""

    def act(page: Page) -> None:
        page.locator(selector).first.evaluate("(one, value) => { one.value = value }", value)
        page.locator(then).first.click()

    return act


SUBMIT = press(".submit-bar .btn-act")
TOO_LONG = {"textarea[name^='text_1_mr']": "पाणी " * 80}
THIRTIETH = {
    "[id=day-day]": "30",
    "[id=day-month]": "2",
    "[id=day-year]": "2027",
    "[id=clock]": "25:00",
}

CASES = (
    Case("today.index", "officer", "first", "/"),
    Case("today.index", "clerk", "clerk", "/"),
    Case("today.index", "lead", "lead", "/"),
    Case("today.index", "empty", "member", "/", "empty"),
    Case("submissions.index", "clerk", "clerk", "/submissions"),
    Case("submissions.index", "member", "member", "/submissions"),
    Case("submissions.index", "empty", "member", "/submissions", "empty"),
    Case("submissions.index", "no-hit", "clerk", "/submissions?q=qqq"),
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
        act=change("#draft [name=seen]", "1", "button[value=save]"),
        code=409,
    ),
    Case("posts.show", "live", "first", "/posts/{live_post}"),
    Case("posts.show", "approved", "clerk", "/posts/{approved}"),
    Case("posts.show", "scheduled", "clerk", "/posts/{scheduled_post}"),
    Case("posts.show", "withdrawn", "first", "/posts/{withdrawn}"),
    Case("posts.show", "begun", "clerk", "/posts/{begun}"),
    Case("posts.show", "in-review", "first", "/posts/{reviewed}"),
    Case("posts.show", "reply", "first", "/posts/{reply}"),
    Case("reviewing.show", "changed", "first", "/posts/{reviewed}/review"),
    Case("reviewing.show", "first-revision", "health_head", "/posts/{heads}/review"),
    Case("reviewing.show", "blocked", "clerk", "/posts/{blocked}/review"),
    Case("reviewing.show", "older", "first", "/posts/{reviewed}/review?revision=1"),
    Case("reviewing.show", "reply", "first", "/posts/{reply}/review"),
    Case(
        "reviewing.show",
        "stale",
        "first",
        "/posts/{reviewed}/review",
        act=change("[name=seen]", "1", ".decision-bar .btn-act"),
        code=409,
    ),
    Case("reviewing.return_post", "asked", "first", "/posts/{reviewed}/return"),
    Case(
        "reviewing.return_post",
        "wrong",
        "first",
        "/posts/{reviewed}/return",
        act=SUBMIT,
        code=422,
    ),
    Case("reviewing.reject", "asked", "first", "/posts/{reviewed}/reject"),
    Case("reviewing.reject", "wrong", "first", "/posts/{reviewed}/reject", act=SUBMIT, code=422),
    Case("reviewing.withdraw_approval", "asked", "first", "/posts/{approved}/withdraw-approval"),
    Case("reviewing.withdraw_post", "asked", "first", "/posts/{approved}/withdraw"),
    Case(
        "reviewing.withdraw_post",
        "wrong",
        "first",
        "/posts/{approved}/withdraw",
        act=SUBMIT,
        code=422,
    ),
    Case("deliveries.board", "clerk", "clerk", "/decisions"),
    Case("deliveries.board", "officer", "first", "/decisions"),
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
        "deliveries.schedule",
        "asked",
        "clerk",
        "/posts/{approved}/variants/{approved_x}/schedule",
    ),
    Case(
        "deliveries.schedule",
        "wrong",
        "clerk",
        "/posts/{approved}/variants/{approved_x}/schedule",
        act=fill(THIRTIETH),
        code=422,
    ),
    Case("calendar.index", "clerk", "clerk", "/calendar"),
    Case("calendar.index", "oversight", "oversight", "/calendar"),
    Case("calendar.index", "empty", "clerk", "/calendar", "empty"),
    Case("inbox.index", "officer", "first", "/comments"),
    Case("inbox.index", "clerk", "clerk", "/comments"),
    Case("inbox.index", "empty", "first", "/comments", "empty"),
    Case("inbox.show", "overdue", "first", "/comments/{overdue}"),
    Case("inbox.show", "answered", "first", "/comments/{answered}"),
    Case("inbox.show", "closed", "first", "/comments/{closed}"),
    Case("inbox.show", "interim", "first", "/comments/{interim}"),
    Case("inbox.show", "answer-failed", "first", "/comments/{answer_failed}"),
    Case("inbox.show", "answer-waits", "first", "/comments/{waiting_answer}"),
    Case("inbox.show", "queued", "clerk", "/comments/{queued}"),
    Case("inbox.show", "wrong", "first", "/comments/{routed}", act=SUBMIT, code=422),
    Case("inbox.transfer", "asked", "first", "/comments/{routed}/transfer"),
    Case("inbox.transfer", "wrong", "first", "/comments/{routed}/transfer", act=SUBMIT, code=422),
    Case("inbox.close", "asked", "first", "/comments/{routed}/close"),
    Case("inbox.close", "wrong", "first", "/comments/{routed}/close", act=SUBMIT, code=422),
    Case("inbox.reopen", "asked", "first", "/comments/{closed}/reopen"),
    Case("inbox.reopen", "wrong", "first", "/comments/{closed}/reopen", act=SUBMIT, code=422),
    Case("departments.index", "lead", "lead", "/departments"),
    Case("departments.index", "no-hit", "lead", "/departments?q=qqq"),
    Case("departments.show", "with-officers", "lead", "/departments/water"),
    Case("departments.show", "with-nobody", "lead", "/departments/garden"),
    Case("people.index", "admin", "admin", "/people"),
    Case("people.index", "no-hit", "admin", "/people?q=qqq"),
    Case("people.new", "admin", "admin", "/people/new"),
    Case("people.new", "wrong", "admin", "/people/new", act=SUBMIT, code=422),
    Case("people.show", "officer", "admin", "/people/{person_first}"),
    Case("people.show", "disabled", "admin", "/people/{person_left}"),
    Case("people.show", "invited", "admin", "/people/{person_new}"),
    Case("accounts.index", "paused", "admin", "/accounts"),
    Case(
        "accounts.index",
        "prove",
        "admin",
        "/accounts",
        act=press("form[action$='/check'] button"),
    ),
    Case("signing.ask", "asked", "", "/sign-in"),
    Case("signing.ask", "wrong", "", "/sign-in", act=SUBMIT, code=422),
    Case("signing.open_invitation", "open", "", "/invitation/{token}"),
    Case(
        "signing.open_invitation",
        "wrong",
        "",
        "/invitation/{token}",
        act=fill({"[id=new_password]": "abc"}),
        code=422,
    ),
    Case("signing.open_invitation", "spent", "", "/invitation/spent", code=404),
    Case("signing.appointments", "two", "head", "/appointments"),
    Case("signing.sessions", "one", "head", "/sessions"),
)
FAILURES = tuple(
    Case("error", str(code), "first", f"/fails/{code}", code=code)
    for code in (400, 403, 404, 413, 429, 500, 503)
)
