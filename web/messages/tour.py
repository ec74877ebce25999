"""The texts of the introduction, a few pages for each role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from approvals.policy import Role
from web.core.i18n import N_


@dataclass(frozen=True)
class TourPage:
    """A page of the introduction, and the endpoint of the page that it describes."""

    title: str
    sentences: tuple[str, ...]
    endpoint: str


HAND_IN = TourPage(
    N_("Hand in what citizens should know"),
    (
        N_(
            "Choose the kind, give a title, and write what citizens should do, where, when, "
            "and whom to ask. Photos can be added."
        ),
        N_("You get an acknowledgement number at once, on the page and by mail."),
    ),
    "submissions.new",
)
FOLLOW = TourPage(
    N_("See where it stands"),
    (
        N_(
            "Each submission says who has it, since when, and what comes next. Once it is "
            "live, the links stand there too."
        ),
        N_("Nothing is published before an officer of your department has approved exactly that."),
    ),
    "submissions.index",
)
COMPLETE = TourPage(
    N_("When something is missing"),
    (
        N_(
            "The cell sends it back with a question. You find it under Today; answer on the "
            "same page, the number stays."
        ),
    ),
    "today.index",
)
APPROVE = TourPage(
    N_("Approve exactly what leaves"),
    (
        N_(
            "What waits for your approval stands under Today. You see every text and picture "
            "as it leaves, and what changed since the last revision."
        ),
        N_(
            "Approve, return with what to change, or reject with a reason. Whatever is "
            "changed afterwards needs your approval again."
        ),
    ),
    "today.index",
)
ANSWER = TourPage(
    N_("Answer citizens"),
    (
        N_(
            "Comments under your department’s posts come to you with a deadline. Your answer "
            "stands under that very comment."
        ),
        N_(
            "If it is another department’s matter, transfer it; if it needs no answer, close "
            "it with a reason."
        ),
    ),
    "inbox.index",
)
STAND_IN = TourPage(
    N_("You act where no officer can"),
    (
        N_(
            "Your officers approve and answer. Where neither can act, it comes to you, and "
            "the page says why."
        ),
    ),
    "today.index",
)
DRAFT = TourPage(
    N_("Make posts from what comes in"),
    (
        N_(
            "Open a submission and make a draft: a text for each account and language, "
            "pictures with descriptions, the window of publication. Each save is a revision."
        ),
        N_("Then send it for review. The department’s officer decides; the cell never approves."),
    ),
    "submissions.index",
)
SCHEDULE = TourPage(
    N_("Set the time"),
    (
        N_(
            "An approved post gets its time, for each account and language. Inside the window"
            " you may move it freely."
        ),
    ),
    "calendar.index",
)
DECIDE = TourPage(
    N_("What waits for a decision"),
    (
        N_(
            "What could not leave, came too late, or may have left stands here with what you "
            "can do."
        ),
        N_("The machine never sends the same thing twice by itself."),
    ),
    "deliveries.board",
)
ASSIGN = TourPage(
    N_("Find the department for a comment"),
    (
        N_(
            "Most comments find their department by the post. The others wait here for you to"
            " assign them."
        ),
    ),
    "inbox.index",
)
RECORD = TourPage(
    N_("Record officers and heads"),
    (
        N_(
            "Record each with department and order number; they get a link by mail and choose"
            " their own password."
        ),
        N_("A department without officers and head is blocked: nothing of it can be approved."),
    ),
    "people.index",
)
CONNECT = TourPage(
    N_("Keep the accounts working"),
    (N_("If an account’s access expires, its posts wait. Renew it and press “Check again”."),),
    "accounts.index",
)
OVERSEE = TourPage(
    N_("See who has named officers"),
    (N_("Each department shows its officers and head, or that it has named nobody."),),
    "departments.index",
)
READ = TourPage(
    N_("Read every step"),
    (N_("Every submission and post shows who did what, and when. You read; you change nothing."),),
    "submissions.index",
)

TOURS: Mapping[Role, tuple[TourPage, ...]] = {
    Role.MEMBER: (HAND_IN, FOLLOW, COMPLETE),
    Role.OFFICER: (APPROVE, ANSWER, HAND_IN, FOLLOW),
    Role.HEAD: (STAND_IN, APPROVE, HAND_IN, FOLLOW),
    Role.CELL: (DRAFT, SCHEDULE, DECIDE, ASSIGN),
    Role.CELL_LEAD: (DRAFT, SCHEDULE, DECIDE, ASSIGN, RECORD),
    Role.ADMIN: (RECORD, CONNECT),
    Role.OVERSIGHT: (OVERSEE, READ),
    Role.AUDITOR: (READ, OVERSEE),
}
"""The pages shown to each role, in order."""
