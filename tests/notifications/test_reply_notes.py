from __future__ import annotations

import pytest

from publisher.i18n.languages import LANGUAGES
from publisher.models.notifications import Notice
from publisher.notifications.email import MailOrigin, add_reply_note, letter
from publisher.notifications.kinds import ANSWERS, HAS_SECRET, NoticeKind, ReplyFate
from tests.support.city_people import NOON

MAILBOX = "cell@pmc.example"


def notice(kind: NoticeKind, language: str = "en") -> Notice:
    return Notice(
        kind=kind,
        address="officer@water.example",
        subject="A subject",
        body="The letter.\n\n– Social Media Cell\nNagarvani sent this email to R. Patil.\n",
        language=language,
        mail_id="1",
    )


def sent(kind: NoticeKind, *, reply_to: str) -> tuple[str | None, str]:
    """Return the address for replies, and the last line."""
    mail = letter(
        notice(kind),
        MailOrigin(smtp_url="", mail_from=MAILBOX, base_url="https://a.example", reply_to=reply_to),
        now=NOON,
    )
    return mail["Reply-To"], mail.get_content().splitlines()[-1]


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (NoticeKind.ACKNOWLEDGEMENT, "A reply to it is added to the submission."),
        (NoticeKind.REVIEW_ASKED, "A reply to it reaches the Cell as a note; it is no approval."),
        (
            NoticeKind.REVIEW_REMINDER,
            "A reply to it reaches the Cell as a note; it is no approval.",
        ),
        (NoticeKind.COMMENT_ROUTED, "A reply to it is kept as a draft of your answer; "),
        (NoticeKind.STOPPED, "A reply to it reaches the Cell."),
        (NoticeKind.SIGN_IN_CODE, "As it is meant for you alone, nobody reads replies to it."),
    ],
)
def test_a_mail_says_what_becomes_of_a_reply(kind: NoticeKind, note: str) -> None:
    address, line = sent(kind, reply_to=MAILBOX)
    assert address == MAILBOX
    assert line.startswith(f"Nagarvani sent this email to R. Patil. {note}")


def test_without_a_mailbox_nobody_reads_replies() -> None:
    for kind in (NoticeKind.ACKNOWLEDGEMENT, NoticeKind.SIGN_IN_CODE):
        address, line = sent(kind, reply_to="")
        assert address is None
        assert line == "Nagarvani sent this email to R. Patil. Nobody reads replies to it."


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_fate_has_a_sentence_of_its_own(language: str) -> None:
    kinds = [kind for kind in NoticeKind if kind not in ANSWERS]
    bodies = [add_reply_note("", notice(kind, language), is_read=True) for kind in kinds]
    unread = add_reply_note("", notice(NoticeKind.STOPPED, language), is_read=False)
    assert len({*bodies, unread}) == len(ReplyFate)


def test_no_kind_with_a_secret_promises_that_a_reply_is_read() -> None:
    notes = {add_reply_note("", notice(kind), is_read=True) for kind in HAS_SECRET - ANSWERS}
    assert len(notes) == 1
    assert "nobody reads" in notes.pop()
