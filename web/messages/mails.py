"""Words for mails to the cell: why they wait, what was noted on reading, what became of them."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.mail.mailbox.department_choice import ChoiceOutlook
from publisher.mail.mailbox.senders import WaitReason
from publisher.mail.messages.message import MailNoteCode, UnreadableReason
from publisher.models.mailbox import ReceivedMail
from publisher.states import QuarantineState
from web.core.i18n import N_, _

REASONS: Mapping[str, str] = {
    WaitReason.UNKNOWN_SENDER: N_("The address belongs to nobody in the register."),
    WaitReason.UNPROVEN_SENDER: N_(
        "The city’s mail server could not confirm the sender: the email may be forged."
    ),
    WaitReason.SEVERAL_SENDERS: N_("The email names several senders."),
    WaitReason.SEVERAL_DEPARTMENTS: N_("The sender is in office in several departments."),
    WaitReason.FROM_CELL: N_("Someone of the Cell sent it on: choose the department."),
    WaitReason.UNCONFIRMED_ADDRESS: N_(
        "The address is recorded for a department, and no one has confirmed it yet."
    ),
    WaitReason.CLOSED_DEPARTMENT: N_("The sender’s department is closed."),
    WaitReason.TOO_MANY_MAILS: N_("The sender has written very often today."),
    WaitReason.UNJOINED_REPLY: N_("This answers an email of ours, and could not be joined to it."),
    WaitReason.INFECTED: N_("A file in the email contains a virus and was left out."),
    WaitReason.UNUSABLE: N_("The form does not accept it as it is."),
    WaitReason.VIA_LIST: N_(
        "The email came through a mailing list, so nobody gets an acknowledgement."
    ),
}
CHOICES: Mapping[ChoiceOutlook, str] = {
    ChoiceOutlook.OPEN: N_("Which department is this email for?"),
    ChoiceOutlook.CHOSEN: N_("The department is chosen"),
    ChoiceOutlook.TAKEN_IN: N_("The Cell has already taken the email in"),
    ChoiceOutlook.NOT_OURS: N_(
        "The Social Media Cell has marked this email as not meant for publication."
    ),
    ChoiceOutlook.DELETED: N_(
        "This email was deleted before a department was chosen. To hand it in, send it again."
    ),
    ChoiceOutlook.EXPIRED: N_("This link has expired. The Cell decides on the email."),
    ChoiceOutlook.DISABLED: N_("Your access is closed. The Cell decides on the email."),
    ChoiceOutlook.OTHER_ADDRESS: N_(
        "The address that this link went to is no longer yours. The Cell decides on the email."
    ),
    ChoiceOutlook.NO_OFFICE: N_(
        "You are no longer in office where you could choose. The Cell decides on the email."
    ),
    ChoiceOutlook.ALL_CLOSED: N_("Your department is closed. The Cell decides on the email."),
}
"""The question which department a mail is for, and why nothing is left to choose."""

ENDS: Mapping[QuarantineState, str] = {
    QuarantineState.TAKEN_IN: N_("Taken in"),
    QuarantineState.NOT_OURS: N_("Not ours"),
    QuarantineState.DELETED: N_("Deleted"),
}
UNREADABLE: Mapping[str, str] = {
    UnreadableReason.EMPTY: N_("The email is empty."),
    UnreadableReason.TOO_LARGE: N_("The email is too large."),
    UnreadableReason.NO_HEADERS: N_("This is not an email: headers are missing."),
    UnreadableReason.FAILED: N_("Reading the email failed; it may be damaged or made to do harm."),
}
NOTES: Mapping[str, str] = {
    MailNoteCode.LEGACY_FONT: N_(
        "The text is in an old Marathi font, not in Unicode; it is left as received."
    ),
    MailNoteCode.CHARSET_UNCERTAIN: N_("The email names a wrong encoding; check the text."),
    MailNoteCode.CLOUD_LINK: N_("The files are behind a link; they did not come with the email."),
    MailNoteCode.WINMAIL: N_("A bundle of Outlook is attached unopened."),
    MailNoteCode.ARCHIVE: N_("An archive is attached unopened."),
    MailNoteCode.TEXT_FROM_FILE: N_("The text was taken from the file %(name)s."),
    MailNoteCode.TEXT_SHORTENED: N_("The text is shortened; the file has all of it."),
    MailNoteCode.TOO_MANY_FILES: N_("The email has %(count)s files; the first %(most)s are here."),
    MailNoteCode.BROKEN_STRUCTURE: N_("The email is damaged; parts of it may be missing."),
    "too_many_pictures": N_(
        "%(name)s is attached but not used as a photo: a submission has at most %(most)s photos."
    ),
    "unsupported_type": N_(
        "%(name)s is attached as received: this type of file cannot be a photo or video."
    ),
    "name_and_content_differ": N_(
        "%(name)s is attached as received: its name and content do not match."
    ),
    "too_many_bytes": N_("%(name)s is attached as received: it is too large for the form."),
    "unpacks_too_large": N_(
        "%(name)s is attached as received: unpacked, it is far larger. Do not open it."
    ),
    "infected": N_("%(name)s was left out: it contains a virus (%(virus)s)."),
    "program": N_("%(name)s was left out: it is a program."),
    "left_out": N_("%(name)s was left out: the submission has as many photos or files as it can."),
    "left_out_late": N_("%(name)s was left out: the Cell had begun to draft."),
}


def note_lines(mail: ReceivedMail) -> list[str]:
    """Return what was noted when the mail was read, as sentences."""
    return [line for note in mail.notes if (line := _note_line(note))]


def _note_line(note: Mapping[str, object]) -> str:
    sentence = NOTES.get(str(note["code"]), "")
    values = {"name": "", "count": "", "most": "", "virus": "", **note}
    return _(sentence, **values) if sentence else ""
