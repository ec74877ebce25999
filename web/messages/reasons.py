"""Sentences for the state of a delivery, its attempts, and the routing of a comment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from publisher.i18n import dates
from publisher.models.controls import Freeze
from publisher.reports.comment_detail import RoutingStep
from web.core.context import ctx
from web.core.i18n import N_, _, page_language
from web.messages.names import department_name

DELIVERY: Mapping[str, str] = {
    "too_long": N_(
        "The platform says that the text is too long. Shorten it and ask for approval again."
    ),
    "duplicate": N_(
        "The platform says this text is already published. Check the account; if the post there "
        "is not ours, change the text."
    ),
    "media_invalid": N_("The platform could not read a photo. Use another one."),
    "media_too_large": N_("The platform says that a photo is too large. Use a smaller one."),
    "permission": N_(
        "The account has no permission to do this on the platform. The admin must give it the "
        "permission."
    ),
    "not_summoned": N_(
        "The platform lets us answer only if the citizen mentioned our account. Answer another "
        "way, then close the comment with a reason."
    ),
    "target_gone": N_(
        "The post or comment that this answers is no longer on the platform. Close the comment."
    ),
    "blocked": N_("The platform has blocked the account for a while. Try again later."),
    "invalid": N_("The platform did not accept the post as it is. Check text, link and photos."),
    "unknown": N_(
        "The platform refused and gave no reason that we know. The admin can see its answer."
    ),
    "later": N_("The platform asked us to wait. We try again at %(at)s."),
    "store_away": N_(
        "The photos cannot be read at the moment. The post waits, and is not published without "
        "them. We try again at %(at)s."
    ),
    "limit": N_("Waiting until %(at)s: the platform’s limit for this account is used up."),
    "cap": N_("Waiting until %(at)s: this account has reached its 24-hour limit."),
    "credits": N_(
        "The platform’s credits are used up. The post waits until the admin has bought some, "
        "unless its late limit passes first. We try again at %(at)s."
    ),
    "credentials": N_(
        "The account’s access has expired. The post waits until the admin has renewed it."
    ),
    "late": N_(
        "The time passed before the post could be published. Decide whether it is still useful, "
        "and set a new time."
    ),
    "late_credits": N_(
        "The platform’s credits were used up, and the time passed meanwhile. Decide whether the "
        "post is still useful, and set a new time once there are credits again."
    ),
    "late_store": N_(
        "The photos could not be read, and the time passed meanwhile. Decide whether the post is "
        "still useful, and set a new time."
    ),
    "late_paused": N_(
        "The account had stopped, and the time passed meanwhile. Decide whether the post is still "
        "useful, and set a new time."
    ),
    "late_disconnected": N_(
        "The account was disconnected, and the time passed meanwhile. Decide whether the post is "
        "still useful, and set a new time once the account is connected again."
    ),
    "account_paused": N_(
        "The account has stopped. The post waits until the admin has renewed the access, unless "
        "its late limit passes first."
    ),
    "account_disconnected": N_(
        "The account was disconnected. The post waits until the admin connects it again, unless "
        "its late limit passes first."
    ),
    "late_stopped": N_(
        "Everything was stopped, and the late limit passed. Decide whether the post is still "
        "useful, and set a new time."
    ),
    "late_frozen": N_(
        "A freeze held the post, and its late limit passed. Decide whether it is still useful, "
        "and set a time after the freeze."
    ),
    "stopped": N_(
        "All publishing is stopped. The post is published after the release, unless its late "
        "limit passes first."
    ),
    "frozen": N_(
        "A freeze holds the post. It is published after the freeze, unless its late limit passes "
        "first."
    ),
    "wrong_time": N_(
        "The server’s time is wrong. The post is published once it is right, or once someone on "
        "duty or the Cell’s lead says so, unless its late limit passes first."
    ),
    "lease_ended": N_(
        "The sending was interrupted. We are checking whether the post was published."
    ),
    "id_seen_before": N_(
        "The platform’s answer was unexpected. We are checking whether the post was published."
    ),
    "medium_missing": N_("A photo is missing from the store. Make a new revision with it."),
    "medium_changed": N_("A photo in the store has changed since. Make a new revision with it."),
    "not_newest": N_("There is a newer revision. Only the newest one may be published."),
    "not_in_state_approved": N_("The approval was withdrawn before the post was published."),
    "changed": N_("This is no longer exactly what was approved. Make a new revision."),
    "approval_missing": N_(
        "The approval is no longer valid: it was withdrawn, or the approver is no longer in "
        "office. Ask for approval again."
    ),
    "too_early": N_("The approval is not valid yet at this time. Choose a later time."),
    "too_late": N_("The approval is no longer valid at this time. Make a new revision."),
    "other_account": N_(
        "The post was to go to another account than was approved, so nothing was sent. Tell the "
        "admin."
    ),
}
OUTCOME_UNKNOWN = N_("The platform did not confirm. We are checking whether it was published.")
NOT_FOUND = N_(
    "The platform did not confirm, and we did not find the post there. Check the account and "
    "decide."
)

ROUTING: Mapping[str, str] = {
    "under_post": N_("The comment is under %(department)s’s post of %(day)s."),
    "no_department": N_("The comment is under no post of ours; the Cell finds the department."),
    "nobody_there": N_("%(department)s has named nobody yet, so the Cell has the comment."),
    "assigned": N_("The Cell assigned the comment to %(department)s."),
    "transferred": N_("The comment was transferred to %(department)s: “%(words)s”"),
    "given_back": N_("The comment was given back to the Cell: “%(words)s”"),
    "reopened": N_("The comment was opened again: “%(words)s”"),
    "undone": N_("A transfer was undone, so it is with %(department)s again."),
    "officer_left": N_("The officer left, so the next person of %(department)s has the comment."),
    "handed_over": N_("The comment was handed over within %(department)s."),
    "answer_deleted": N_("Our answer was deleted, so the comment is open again: “%(words)s”"),
}

OUTCOMES: Mapping[str, str] = {
    "published": N_("Published"),
    "refused": N_("Refused by the platform"),
    "later": N_("Asked us to wait"),
    "store": N_("Not sent: its photos could not be read"),
    "credentials": N_("The account’s access has expired"),
    "credits": N_("The platform’s credits are used up"),
    "unknown": N_("Did not confirm"),
    "gate": N_("Not sent: the check before sending stopped it"),
    "given_back": N_("Not sent: the publishing service stopped before it began"),
    "lease_ended": N_("The publishing service did not finish"),
}


ASKED: Mapping[str, str] = {
    "publish": N_("to publish it"),
    "release": N_("to publish what was prepared there"),
    "edit": N_("to change what is there"),
    "delete": N_("to delete it"),
    "hide": N_("to hide the comment"),
    "unhide": N_("to show the comment again"),
}

BEFORE_SENDING: Mapping[str, str] = {
    "late": N_("its late limit had passed"),
    "account": N_("its account was not connected"),
    "credits": N_("the platform’s credits were used up"),
    "lease": N_("there was not enough time left to send it"),
    "limit": N_("the platform’s limit for the account was used up"),
    "cap": N_("the account’s own daily cap was used up"),
    "overtaken": N_("it was cancelled or rescheduled"),
    "stopped": N_("all publishing was stopped"),
    "frozen": N_("a freeze held it"),
    "wrong_time": N_("the server’s time was wrong"),
    "not_newest": N_("there was a newer revision"),
    "not_in_state_approved": N_("the post was not approved any more"),
    "changed": N_("it was no longer exactly what was approved"),
    "approval_missing": N_("no approval was valid any more"),
    "too_early": N_("the approval was not valid yet"),
    "too_late": N_("the approval was no longer valid"),
    "other_account": N_("its account was not the one that was approved"),
}
"""By code of the check before sending, stored as the attempt's answer."""


def attempt_asked(code: str) -> str:
    """Return what an attempt requested from the platform; empty if it was not recorded."""
    return _(ASKED[code]) if code in ASKED else ""


def attempt_found(outcome: str, answer: str) -> str:
    """Return why the check before sending failed; empty if the platform answered."""
    return _(BEFORE_SENDING[answer]) if outcome == "gate" and answer in BEFORE_SENDING else ""


def attempt_outcome(code: str) -> str:
    """Return the label of an attempt's outcome."""
    return _(OUTCOMES[code]) if code in OUTCOMES else code


def delivery_reason(state: str, reason: Mapping[str, object]) -> str:
    """Return why a delivery is in this state and what to do; empty if nothing is wrong."""
    code = str(reason.get("code", ""))
    if state == "unconfirmed":
        return _(OUTCOME_UNKNOWN)
    if state == "held":
        return _(NOT_FOUND)
    if state == "cancelled" or code not in DELIVERY:
        return ""
    at = reason.get("at")
    return _(DELIVERY[code], at=_moment(datetime.fromisoformat(str(at))) if at else "")


def freeze_words(freeze: Freeze) -> str:
    """Return a sentence saying that a delivery falls into a freeze, with its end and reason."""
    return _(
        "This is inside the freeze until %(until)s (%(reason)s): the post is not published unless "
        "you move it.",
        until=_moment(freeze.until_at),
        reason=freeze.reason,
    )


def routing_reason(step: RoutingStep) -> str:
    """Return why a comment was routed to its department or the cell."""
    department = step.department or step.intended
    return _(
        ROUTING[step.reason],
        department=department_name(department) if department else "",
        day=dates.day(step.published_at, page_language(), now=ctx.now())
        if step.published_at
        else "",
        words=step.person_reason,
    )


def _moment(at: datetime) -> str:
    return dates.moment(at, page_language(), now=ctx.now())
