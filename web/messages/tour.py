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
    endpoint: str
    sentences: tuple[str, ...]


def tour_page(title: str, endpoint: str, *sentences: str) -> TourPage:
    """Return a page of the introduction."""
    return TourPage(title, endpoint, sentences)


HAND_IN = tour_page(
    N_("Submit what citizens should know"),
    "submissions.new",
    N_(
        "Choose the kind, give a title, and write what citizens should do, where, when, "
        "and whom to ask. Photos can be added."
    ),
    N_("You get an acknowledgement number at once, on the page and by email."),
)
FOLLOW = tour_page(
    N_("See its status"),
    "submissions.index",
    N_(
        "Each submission shows who has it, since when, and what comes next. Once it is published, "
        "the links are there too."
    ),
    N_("Nothing is published before an officer of your department has approved exactly that."),
)
COMPLETE = tour_page(
    N_("When something is missing"),
    "today.index",
    N_(
        "The Cell sends it back with a question. You find it under Today; answer on the same "
        "page, the number stays."
    ),
)
APPROVE = tour_page(
    N_("Approve exactly what is published"),
    "today.index",
    N_(
        "What waits for your approval is under Today. You see every text and photo as it is "
        "published, and what changed since the last revision."
    ),
    N_(
        "Approve, return with what to change, or reject with a reason. Whatever is "
        "changed afterwards needs your approval again."
    ),
)
ANSWER = tour_page(
    N_("Answer citizens"),
    "inbox.index",
    N_(
        "Comments under your department’s posts come to you with a deadline. Your answer is "
        "published under the same comment."
    ),
    N_(
        "If another department is responsible, transfer the comment; if no answer is needed, "
        "close it with a reason."
    ),
)
STAND_IN = tour_page(
    N_("You act when no officer is available"),
    "today.index",
    N_(
        "Your officers approve and answer. If neither can act, the post comes to you, and the "
        "page says why."
    ),
)
DRAFT = tour_page(
    N_("Make posts from what comes in"),
    "submissions.index",
    N_(
        "Open a submission and make a draft: a text for each account and language, photos with "
        "descriptions, the window of publication. Each save is a revision."
    ),
    N_("Then send it for review. The department’s officer decides; the Cell never approves."),
)
SCHEDULE = tour_page(
    N_("Set the time"),
    "calendar.index",
    N_(
        "An approved post gets its time, for each account and language. Inside the window"
        " you may move it freely."
    ),
)
DECIDE = tour_page(
    N_("What waits for a decision"),
    "deliveries.board",
    N_(
        "Posts that failed, came too late, or may have been published are listed here with what "
        "you can do."
    ),
    N_("The system never sends the same post twice by itself."),
)
ASSIGN = tour_page(
    N_("Find the department for a comment"),
    "inbox.index",
    N_(
        "Most comments find their department by the post. The others wait here for you to"
        " assign them."
    ),
)
RECORD = tour_page(
    N_("Record officers and heads"),
    "people.index",
    N_(
        "Record each with department and order number; they get a link by email and choose their "
        "own password."
    ),
    N_("A department without officers and head is blocked: nothing from it can be approved."),
)
CONNECT = tour_page(
    N_("Keep the accounts working"),
    "accounts.index",
    N_("If an account’s access expires, its posts wait. Renew it and press “Check again”."),
)
OVERSEE = tour_page(
    N_("See who has named officers"),
    "departments.index",
    N_("Each department shows its officers and head, or that it has named nobody."),
)
READ = tour_page(
    N_("Read every step"),
    "submissions.index",
    N_("Every submission and post shows who did what, and when. You read; you change nothing."),
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
