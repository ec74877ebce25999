"""Sentences of reviews: refused codes, earlier decisions and their outcomes."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.models.posts import Decision, DecisionCredential, DecisionKind, PictureView
from publisher.review.history import DecisionOutcome
from publisher.review.in_person import ApprovalCodeProblem, CodeRefusal
from web.core.i18n import N_, _
from web.messages.field_errors import fill_sentence
from web.messages.names import person_name

CODES: Mapping[ApprovalCodeProblem, str] = {
    ApprovalCodeProblem.CELL_BROWSER: N_(
        "A person of the Cell is signed in in this browser, so nobody can decide here. The "
        "officer uses the code on their own phone or on a second computer."
    ),
    ApprovalCodeProblem.UNREADABLE: N_(
        "The code has eight characters, English letters and digits. Type it as shown on the screen."
    ),
    ApprovalCodeProblem.UNKNOWN: N_(
        "This code does not match; a letter may be wrong. Compare it with the screen, or ask the "
        "Cell for a new one."
    ),
    ApprovalCodeProblem.EXPIRED: N_(
        "This code was valid for 15 minutes and has expired. Ask the Cell for a new one."
    ),
    ApprovalCodeProblem.REPLACED: N_("There is a newer code. Use the one on the screen now."),
    ApprovalCodeProblem.DECIDED: N_(
        "A decision was made after this code was shown, so it has ended. If your decision is "
        "still needed, the post waits for you under Today."
    ),
    ApprovalCodeProblem.NEWER_REVISION: N_(
        "This code is for an older revision; the Cell has saved a newer one. Ask for the code of "
        "the newer one."
    ),
    ApprovalCodeProblem.ELSEWHERE: N_(
        "This code is for a post of another department. If you have another appointment, choose "
        "it in the menu and use the code again."
    ),
    ApprovalCodeProblem.THROTTLED: N_(
        "Too many wrong codes. You can type again from %(until)s. The post also waits for you "
        "under Today."
    ),
}


def code_sentence(refusal: CodeRefusal) -> str:
    """Return the sentence for a refused code."""
    return fill_sentence(CODES[refusal.problem], {"until": refusal.until})


ALREADY: Mapping[DecisionKind, str] = {
    DecisionKind.APPROVED: N_(
        "You already approved this revision (%(at)s). Nothing was recorded twice."
    ),
    DecisionKind.OWN_HAND: N_(
        "You already approved this revision (%(at)s). Nothing was recorded twice."
    ),
    DecisionKind.RETURNED: N_(
        "You already returned this revision (%(at)s). Nothing was recorded twice."
    ),
    DecisionKind.REJECTED: N_(
        "You already rejected this revision (%(at)s). Nothing was recorded twice."
    ),
}

DECIDED: Mapping[DecisionKind, tuple[str, str]] = {
    DecisionKind.APPROVED: (N_("Approved"), "approved"),
    DecisionKind.OWN_HAND: (N_("Approved by writing it"), "approved"),
    DecisionKind.EMERGENCY: (N_("Emergency publication"), "approved"),
    DecisionKind.RETURNED: (N_("Returned for changes"), "returned"),
    DecisionKind.REJECTED: (N_("Rejected"), "rejected"),
}
"""By kind of decision: label, and the state of a post whose badge is shown."""

CREDENTIALS: Mapping[str, str] = {
    DecisionCredential.SESSION: "",
    DecisionCredential.LINK_AND_CODE: N_("by link and code"),
    DecisionCredential.LINK_AND_PASSKEY: N_("by link and passkey"),
    DecisionCredential.LINK_AND_SIGN_IN: N_("by link and sign-in"),
}
"""How the person of a decision was identified; empty for a session, which is the usual way."""

PICTURE_VIEWS: Mapping[str, str] = {
    PictureView.SHOWN: N_("The photos were shown on the screen."),
    PictureView.TICKED: N_(
        "Not every photo loaded; the approver ticked that it was seen in the email or on paper."
    ),
    PictureView.NOT_KNOWN: N_("It is not known whether the photos were shown."),
}
"""What an approver's browser reported about the photos, as the record prints it."""

BECAME: Mapping[DecisionOutcome, str] = {
    DecisionOutcome.WITHDRAWN_APPROVAL: N_("The approval is no longer valid."),
    DecisionOutcome.POST_WITHDRAWN: N_("The post was withdrawn."),
    DecisionOutcome.NEWER_REVISION: N_("Revision %(newest)s has replaced it."),
    DecisionOutcome.WAITS_FOR_OTHERS: N_("Waiting for another department’s decision."),
    DecisionOutcome.WAITS_FOR_A_TIME: N_("Waiting for the Cell to set a time."),
    DecisionOutcome.WITH_THE_CELL: N_("The Cell is changing the post."),
    DecisionOutcome.REJECTED: N_("Not published."),
    DecisionOutcome.DELIVERIES: "",
}


def already_sentence(decision: Decision) -> str:
    """Return a sentence saying that the person has already made this decision, and when."""
    return fill_sentence(ALREADY[decision.kind], {"at": decision.at})


def decision_sentence(decision: Decision) -> str:
    """Return a sentence saying who has decided, and when."""
    name = person_name(decision.person, decision.at)
    return fill_sentence(
        N_("%(name)s has already decided (%(at)s)."), {"name": name, "at": decision.at}
    )


def credential_words(credential: str) -> str:
    """Return how the person of a decision was identified; empty for a session."""
    label = CREDENTIALS.get(credential, "")
    return _(label) if label else ""


def became_sentence(outcome: DecisionOutcome, newest: int) -> str:
    """Return the outcome of a decided revision; empty if its deliveries show it."""
    sentence = BECAME[outcome]
    return fill_sentence(sentence, {"newest": newest}) if sentence else ""
