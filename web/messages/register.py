"""Sentences about changes of departments, and about connecting accounts, rights and limits."""

from __future__ import annotations

from collections.abc import Mapping

from flask import url_for

from publisher.models.accounts import AllowanceRow
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.operations.departments.open_items import OpenItem, OpenKind
from publisher.platforms.base.charges import Cause
from publisher.platforms.oauth.types import AbortReason
from publisher.platforms.registry import all_platforms
from web.core.i18n import N_, _, page_language
from web.messages.names import department_name

KINDS: Mapping[str, str] = {
    "department": N_("Department"),
    "ward-office": N_("Ward office"),
    "zone": N_("Zone"),
    "office": N_("Office"),
}

HAPPENED: Mapping[DepartmentChangeKind, str] = {
    DepartmentChangeKind.ADDED: N_("Added"),
    DepartmentChangeKind.RENAMED: N_("Renamed to “%(name)s”, formerly “%(former)s”"),
    DepartmentChangeKind.PLACED: N_("Reports to %(other)s"),
    DepartmentChangeKind.MERGED: N_("Merged into %(other)s"),
    DepartmentChangeKind.CLOSED: N_("Closed"),
}
WAITS: Mapping[DepartmentChangeKind, str] = {
    DepartmentChangeKind.RENAMED: N_("Will be renamed to “%(name)s”"),
    DepartmentChangeKind.PLACED: N_("Will report to %(other)s"),
    DepartmentChangeKind.MERGED: N_("Will be merged into %(other)s"),
    DepartmentChangeKind.CLOSED: N_("Will be closed"),
}

OPEN: Mapping[OpenKind, str] = {
    OpenKind.SUBMISSION: N_("Submission that is not settled"),
    OpenKind.POST: N_("Post that is not settled"),
    OpenKind.ANSWER: N_("Answer that is not published"),
    OpenKind.COMMENT: N_("Comment without an answer"),
    OpenKind.APPOINTMENT: N_("Appointed here, and not moved"),
    OpenKind.OWN_APPOINTMENT: N_("Your own appointment: another person must do this"),
    OpenKind.NO_PLACE: N_("Has no place in the other department"),
    OpenKind.DEPARTMENT: N_("Reports to this department"),
    OpenKind.ACCOUNT: N_("Social media account of this department"),
    OpenKind.TEMPLATE: N_("Emergency template: give it to another department, or end it"),
}


def kind_label(kind: str) -> str:
    """Return the label of a kind: department, ward office, zone or office."""
    return _(KINDS.get(kind, KINDS["department"]))


def change_sentence(change: DepartmentChange) -> str:
    """Return a sentence for a change of a department, made or planned."""
    sentence = (WAITS if change.waits else HAPPENED)[change.kind]
    other = department_name(change.other) if change.other else _("no other department")
    return _(
        sentence, name=_name_in_language(change, "name"), former=former_name(change), other=other
    )


def former_name(change: DepartmentChange) -> str:
    """Return the name of a department before it was renamed."""
    return _name_in_language(change, "former")


def _name_in_language(change: DepartmentChange, prefix: str) -> str:
    language = page_language()
    return getattr(change, f"{prefix}_{language}", "") or getattr(change, f"{prefix}_mr")


def open_item_label(open_item: OpenItem) -> str:
    """Return the label of an open item that blocks a change."""
    return _(OPEN[open_item.kind])


def open_item_url(open_item: OpenItem) -> str:
    """Return the URL of the page where an open item can be settled."""
    match open_item.kind:
        case OpenKind.SUBMISSION:
            return url_for("submissions.show", submission_id=open_item.id)
        case OpenKind.POST | OpenKind.ANSWER:
            return url_for("posts.show", post_id=open_item.id)
        case OpenKind.COMMENT:
            return url_for("inbox.show", comment_id=open_item.id)
        case OpenKind.DEPARTMENT:
            return url_for("departments.show", code=open_item.code)
        case OpenKind.ACCOUNT:
            return url_for("accounts.index")
        case OpenKind.TEMPLATE:
            return url_for("emergency_templates.show", template_id=open_item.id)
        case _:
            return url_for("people.show", person_id=open_item.id)


ABORT_REASONS: Mapping[str, str] = {
    AbortReason.DENIED: N_("The permission was refused on the platform. Nothing was connected."),
    AbortReason.EXPIRED: N_(
        "The permission was not confirmed in time, or was already used. Nothing was connected."
    ),
    AbortReason.APP_KEYS: N_(
        "The platform does not accept the keys of our app. The administrator of the server checks "
        "the settings %(about)s, and restarts the pages and the clock."
    ),
    AbortReason.CALLBACK: N_(
        "The platform does not accept the return address. It must be registered in the app’s "
        "settings there."
    ),
    AbortReason.CREDITS: N_(
        "The platform’s credits are used up. Buy credits for the app there, then connect again."
    ),
    AbortReason.UNREACHABLE: N_("The platform did not confirm. Nothing was connected. Try again."),
    AbortReason.NO_PAGE: N_(
        "The platform lists no page for you, so none was connected. Connect again, choose the page "
        "there, and leave every permission ticked. If a business portfolio owns the page, you need "
        "access to the page in that portfolio. If it is still not listed, the administrator of the "
        "server connects it by these settings: %(about)s."
    ),
    AbortReason.NO_PORTFOLIO: N_(
        "The platform lists no page for you, and the permission business_management was not given. "
        "Without it no page of a business portfolio is listed. Connect again and leave every "
        "permission ticked. If the platform does not give it to the app yet, the administrator of "
        "the server connects the page by these settings: %(about)s."
    ),
    AbortReason.MISSING_RIGHTS: N_(
        "Nothing was connected, because these permissions are missing: %(about)s."
    ),
    AbortReason.OTHER_ACCOUNT: N_(
        "Another account than the one to reconnect was chosen there: %(about)s. Nothing was "
        "changed."
    ),
    AbortReason.OTHER_APP: N_(
        "This access was given to another app, not ours. Nothing was connected."
    ),
    AbortReason.WRONG_STATE: N_(
        "This permission was not started from here, or was already used. Nothing was connected."
    ),
}
OWN_CAP = {"publish.cap": N_("Our own daily cap")}


CAUSES: Mapping[Cause, str] = {
    Cause.POSTS: N_("Publishing posts"),
    Cause.ANSWERS: N_("Answers to citizens"),
    Cause.LOOKS: N_("Checks of published posts"),
    Cause.REPLIES: N_("Comments under posts"),
    Cause.MENTIONS: N_("Mentions"),
    Cause.AUTHORS: N_("Names of authors"),
    Cause.CONFIRMATION: N_("Confirming what was published"),
    Cause.REMOVALS: N_("Hiding and deleting"),
    Cause.OTHER: N_("Other reading"),
}


def cause_label(cause: Cause) -> str:
    """Return what a charge was for."""
    return _(CAUSES[cause])


def connection_end_sentence(why: str, about: str = "") -> str:
    """Return why connecting an account ended, and what to do."""
    sentence = ABORT_REASONS.get(why, ABORT_REASONS[AbortReason.UNREACHABLE])
    return _(
        sentence,
        about=rights_labels(about.split(", ")) if why == AbortReason.MISSING_RIGHTS else about,
    )


def rights_labels(rights: list[str]) -> str:
    """Return the labels of rights, each with the platform's own name."""
    labels = {
        right: label for platform in all_platforms() for right, label in platform.rights.items()
    }
    return ", ".join(
        f"{_(labels[right])} ({right})" if right in labels else right for right in rights
    )


def allowance_label(allowance: AllowanceRow) -> str:
    """Return what a rate limit counts; empty for limits that do not affect publishing."""
    labels = OWN_CAP | {
        name: label for platform in all_platforms() for name, label in platform.rate_limits.items()
    }
    return _(labels[allowance.name]) if allowance.name in labels else ""
