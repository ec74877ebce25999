from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from email.header import decode_header, make_header
from email.message import EmailMessage
from importlib.resources import files

import pytest

from approvals.policy import Role
from publisher.database.session import Database
from publisher.i18n import dates
from publisher.i18n.catalogues import translate
from publisher.i18n.languages import LANGUAGES
from publisher.models.notifications import Notice
from publisher.models.people import Person
from publisher.notifications import links
from publisher.notifications.compose import LONGEST_SUBJECT, LinkedLine, WrongValues, compose, queue
from publisher.notifications.email import MailOrigin, Signature, letter
from publisher.notifications.kinds import NoticeKind
from publisher.platforms.facebook.capabilities import FACEBOOK
from publisher.platforms.registry import register_temporarily
from publisher.platforms.x.capabilities import X
from publisher.states import NoticeState
from tests.support.city_people import NOON, add_department, appoint, department
from tests.support.tables import each
from tests.support.third_platform import BULLETIN

DUE = NOON + timedelta(hours=3)
WATER = department("water", name_hi="जलापूर्ति विभाग")
MEDHA = Person(name_mr="मेधा सातपुते", name_en="Medha Satpute", designation="कक्षप्रमुख")

ABOUT_A_POST: Mapping[str, object] = {
    "title": "कात्रज परिसरात पाणीपुरवठा बंद",
    "revision": 3,
    "department": WATER,
    "by": MEDHA,
}
TIMES: Mapping[str, object] = {"wished_at": DUE, "from_at": NOON, "until_at": DUE}
ABOUT_A_SUBMISSION: Mapping[str, object] = {
    "number": "PMC/2026/000123",
    "title": "कात्रज परिसरात पाणीपुरवठा बंद",
}
BY_HAND = {
    "title": "कात्रज परिसरात पाणीपुरवठा बंद",
    "account": "पुणे महानगरपालिका",
    "platform": "x",
    "at": NOON,
}
FOUND = {**BY_HAND, "language": "en"}
ABOUT_A_DELIVERY: Mapping[str, object] = {
    "title": "कात्रज परिसरात पाणीपुरवठा बंद",
    "account": "पुणे महानगरपालिका",
    "platform": "x",
    "language": "en",
    "due_at": DUE,
}
REFUSED = {"reason": "पाणी कधी सुरू होईल ते लिहावे.", "by": MEDHA}

ABOUT_A_TEMPLATE: Mapping[str, object] = {
    "template": "अतिवृष्टी",
    "revision": 2,
    "department": WATER,
}
ABOUT_A_USE: Mapping[str, object] = {
    "template": "अतिवृष्टी",
    "department": WATER,
    "by": MEDHA,
    "at": NOON,
}

ABOUT_TRANSFERS = {
    "people": "– मेधा सातपुते: पाणीपुरवठा विभाग → पथ विभाग, समन्वयक",
    "count": 1,
    "on": NOON.date(),
    "number": "आ-४५/२०२६",
    "by": MEDHA,
}
ABOUT_A_FREEZE: Mapping[str, object] = {
    "from_at": NOON,
    "until_at": DUE,
    "reason": "आचारसंहिता लागू आहे.",
    "account": "पुणे महानगरपालिका",
    "platform": "x",
    "department": WATER,
    "kind": "press_note",
    "by": MEDHA,
    "posts": 3,
}

ABOUT_A_BUDGET = {
    "platform": "x",
    "spent": Decimal("200.40"),
    "budget": Decimal("250.00"),
    "estimate": Decimal("310.00"),
}
ABOUT_AN_ACCOUNT: Mapping[str, object] = {
    "account": "पुणे महानगरपालिका",
    "platform": "x",
    "handle": "@pmc_example",
}

# Every kind with all that it can say.
VALUES: Mapping[NoticeKind, Mapping[str, object]] = {
    NoticeKind.INVITATION: {
        "role": Role.OFFICER,
        "department": WATER,
        "expires_at": NOON + timedelta(days=14),
        "by": MEDHA,
    },
    NoticeKind.PASSWORD_LINK: {"expires_at": DUE},
    NoticeKind.PASSWORD_CODE: {"secret": "49172056", "expires_at": DUE},
    NoticeKind.CONTACT_CODE: {"secret": "49172056", "expires_at": DUE},
    NoticeKind.CONTACT_CHANGE: {
        "person": MEDHA,
        "changed": "mail",
        "contact": "medha@pmc.example",
        "at": NOON,
        "by": MEDHA,
        "own": True,
    },
    NoticeKind.ACCESS_CHANGED: {"changed": "password", "at": NOON, "calendar": True},
    NoticeKind.SIGN_IN_CODE: {"secret": "49172056", "expires_at": DUE},
    NoticeKind.SIGN_INS_REFUSED: {"at": NOON},
    NoticeKind.ACKNOWLEDGEMENT: {
        **ABOUT_A_SUBMISSION,
        "department": WATER,
        "received_at": NOON,
        "wished_at": DUE,
    },
    NoticeKind.MAIL_ACKNOWLEDGEMENT: {
        **ABOUT_A_SUBMISSION,
        "department": WATER,
        "received_at": NOON,
        "programs": "setup.exe",
    },
    NoticeKind.ADDRESS_CONFIRMED: {
        "contact": "water-office@pmc.example",
        "department": WATER,
        "by": MEDHA,
    },
    NoticeKind.MAIL_NO_APPROVAL: {"title": "शनिवारी पाणीपुरवठा बंद"},
    NoticeKind.MAIL_DEPARTMENT: {
        "title": "शनिवारी पाणीपुरवठा बंद",
        "received_at": NOON,
        "expires_at": NOON + timedelta(days=30),
    },
    NoticeKind.SUBMISSION_DECLINED: {**ABOUT_A_SUBMISSION, **REFUSED},
    NoticeKind.SUBMISSION_RETURNED: {**ABOUT_A_SUBMISSION, **REFUSED},
    NoticeKind.SUBMISSION_COMPLETED: {
        **ABOUT_A_SUBMISSION,
        "answer": "कामाचे ठिकाण: पर्वती टाकी.",
        "by": MEDHA,
    },
    NoticeKind.SUBMISSION_NOTE: {
        **ABOUT_A_SUBMISSION,
        "answer": "टँकरचा दूरध्वनी क्रमांक बदलला आहे.",
        "by": MEDHA,
    },
    NoticeKind.SUBMISSION_MERGED: {**ABOUT_A_SUBMISSION, **REFUSED, "into": "PMC/2026/000119"},
    NoticeKind.SUBMISSION_WITHDRAWN: {
        **ABOUT_A_SUBMISSION,
        **REFUSED,
        "department": WATER,
        "approval": True,
    },
    NoticeKind.ORIGINAL_ENDED: {
        **ABOUT_A_SUBMISSION,
        **REFUSED,
        "into": "PMC/2026/000119",
        "declined": True,
    },
    NoticeKind.SUBMISSION_UNDONE: {
        **ABOUT_A_SUBMISSION,
        "by": MEDHA,
        "into": "PMC/2026/000119",
        "returned": True,
    },
    NoticeKind.REVIEW_ASKED: {
        **ABOUT_A_POST,
        **TIMES,
        "due_at": DUE,
        "standing_in": True,
    },
    NoticeKind.REVIEW_BLOCKED: {
        "title": "कात्रज परिसरात पाणीपुरवठा बंद",
        "revision": 3,
        "department": WATER,
        "why": "all_wrote_it",
    },
    NoticeKind.HEAD_MAY_DECIDE: {
        "title": "कात्रज परिसरात पाणीपुरवठा बंद",
        "revision": 3,
        "department": WATER,
        **TIMES,
        "comment": "पाणी कधी येणार?",
        "why": "undecided",
    },
    NoticeKind.REVIEW_REMINDER: {
        "title": "कात्रज परिसरात पाणीपुरवठा बंद",
        "revision": 3,
        "department": WATER,
        **TIMES,
        "comment": "पाणी कधी येणार?",
        "due_at": DUE,
        "head_too": True,
    },
    NoticeKind.APPROVED: ABOUT_A_POST,
    NoticeKind.RETURNED: {**ABOUT_A_POST, **REFUSED},
    NoticeKind.REJECTED: {**ABOUT_A_POST, **REFUSED},
    NoticeKind.APPROVAL_WITHDRAWN: {**ABOUT_A_POST, **REFUSED},
    NoticeKind.APPROVALS_LAPSED: {
        "person": MEDHA,
        "role": Role.OFFICER,
        "department": WATER,
        "waiting": "“पाणीपुरवठा बंद”",
        "gone": "“टाकी दुरुस्ती”",
        "left": True,
    },
    NoticeKind.ANSWER_WAITS: {
        "answer": "उद्या सकाळी पाणी सुरू होईल.",
        "comment": "पाणी कधी येणार?",
        "department": WATER,
        "by": MEDHA,
        "due_at": DUE,
    },
    NoticeKind.COMMENTS_WAIT: {
        "count": 12,
        "comments": [LinkedLine("1", links.comment(7))],
        "due_at": DUE,
        "more": 2,
    },
    NoticeKind.COMMENT_UNDONE: {"comment": "पाणी कधी येणार?", "department": WATER},
    NoticeKind.COMMENT_ROUTED: {
        "comment": "पाणी कधी येणार?",
        "author": "Sunil P.",
        "department": WATER,
        "due_at": DUE,
        "platform": "facebook",
        "title": "कात्रज परिसरात पाणीपुरवठा बंद",
        "by": MEDHA,
        "reason": "विषय आपल्या विभागाचा आहे.",
    },
    NoticeKind.ACCOUNT_PAUSED: {
        "account": "पुणे महानगरपालिका",
        "platform": "x",
        "handle": "@pmc_example",
        "reason": "credentials",
    },
    NoticeKind.ACCESS_ENDS: {
        "account": "पुणे महानगरपालिका",
        "platform": "facebook",
        "handle": "100000000000001",
        "ends_at": NOON + timedelta(days=7),
        "about": "data",
    },
    NoticeKind.DELIVERY_FAILED: {**ABOUT_A_DELIVERY, "code": "duplicate"},
    NoticeKind.DELIVERY_MISSED: {**ABOUT_A_DELIVERY, "code": "late"},
    NoticeKind.DELIVERY_HELD: ABOUT_A_DELIVERY,
    NoticeKind.FOUND_GONE: FOUND,
    NoticeKind.FOUND_CHANGED: FOUND,
    NoticeKind.LINK_WRONG: {**BY_HAND, "code": "not_there"},
    NoticeKind.DUTY_RECORDED: {"from_at": DUE, "until_at": DUE + timedelta(days=1)},
    NoticeKind.DUTY_GIVEN: {"name": MEDHA, "by": MEDHA, "from_at": NOON, "until_at": DUE},
    NoticeKind.DUTY_WAITS: {"name": MEDHA, "by": MEDHA, "from_at": NOON, "until_at": DUE},
    NoticeKind.ACCESS_ENDED: {"at": NOON, "by": MEDHA, "role": Role.OFFICER, "department": WATER},
    NoticeKind.FACTOR_END_WAITS: {"name": MEDHA, "by": MEDHA, "expires_at": DUE},
    NoticeKind.AWAY: {
        "name": MEDHA,
        "by": MEDHA,
        "from_on": NOON.date(),
        "until_on": DUE.date(),
        "ended": True,
    },
    NoticeKind.TEMPLATE_WAITS: ABOUT_A_TEMPLATE,
    NoticeKind.TEMPLATE_RETURNED: {**ABOUT_A_TEMPLATE, "reason": "क्रमांक द्यावा."},
    NoticeKind.EMERGENCY_OWED: {**ABOUT_A_USE, "due_at": DUE},
    NoticeKind.EMERGENCY_OVERDUE: {**ABOUT_A_USE, "due_at": DUE},
    NoticeKind.EMERGENCY_VOUCHED: {
        "template": "अतिवृष्टी",
        "at": NOON,
        "by": MEDHA,
        "helper": MEDHA,
    },
    NoticeKind.EMERGENCY_REFUSED: {**ABOUT_A_USE, "reason": "ठिकाण चुकीचे आहे."},
    NoticeKind.EMERGENCY_ALERT: {
        "title": "अतिवृष्टी",
        "account": "पुणे महानगरपालिका",
        "platform": "x",
        "language": "mr",
        "trouble": "held",
        "due_at": DUE,
        "since_at": NOON,
    },
    NoticeKind.CREDITS_USED_UP: {"platform": "x", "since_at": DUE},
    NoticeKind.COMMENTS_UNREAD: {**ABOUT_AN_ACCOUNT, "since_at": DUE},
    NoticeKind.COMMENTS_READ_AGAIN: ABOUT_AN_ACCOUNT,
    NoticeKind.BUDGET_NEAR: ABOUT_A_BUDGET,
    NoticeKind.BUDGET_USED_UP: {**ABOUT_A_BUDGET, "spent": Decimal("251.00")},
    NoticeKind.STOPPED: {"at": DUE, "reason": "चुकीची पोस्ट प्रसिद्ध झाली.", "by": MEDHA},
    NoticeKind.RELEASED: {"at": DUE, "reason": "पोस्ट हटविली आहे.", "by": MEDHA},
    NoticeKind.FROZEN: ABOUT_A_FREEZE,
    NoticeKind.FREEZE_LIFTED: ABOUT_A_FREEZE,
    NoticeKind.CLOCKS_SILENT: {"since_at": DUE},
    NoticeKind.WRONG_TIME: {"machine": "clock-1.pmc.example", "minutes": 7, "is_ahead": True},
    NoticeKind.APPOINTMENTS_WAIT: {
        "count": 2,
        "people": "मेधा सातपुते, समन्वयक",
        "again": True,
    },
    NoticeKind.APPOINTED: {
        "count": 1,
        "people": [LinkedLine("1", links.wrong("1"))],
    },
    NoticeKind.APPOINTMENT_DOUBTED: {
        "person": MEDHA,
        "role": Role.OFFICER,
        "department": WATER,
        "doubter": MEDHA,
        "put_back": True,
    },
    NoticeKind.APPOINTMENT_SENT_BACK: {
        "person": MEDHA,
        "role": Role.OFFICER,
        "department": WATER,
        "reason": "मोबाइल क्रमांक तपासावा.",
    },
    NoticeKind.OFFICE_WAITS: {"role": Role.HEAD, "department": WATER},
    NoticeKind.IN_OFFICE: {
        "role": Role.OFFICER,
        "department": WATER,
        "on": NOON.date(),
        "by": MEDHA,
        "without_password": True,
    },
    NoticeKind.TRANSFERS_WAIT: ABOUT_TRANSFERS,
    NoticeKind.TRANSFERS_CONFIRMED: {**ABOUT_TRANSFERS, "cancelled": True},
    NoticeKind.HANDED_OVER: {
        "giver": MEDHA,
        "taker": MEDHA,
        "department": WATER,
        "comments": 2,
        "drafts": 1,
        "texts": 0,
        "posts": "“कात्रज परिसरात पाणीपुरवठा बंद”",
        "taken": True,
    },
    NoticeKind.LINK_CODE: {
        "secret": "49172056",
        "act": "doubt",
        "person": MEDHA,
        "department": WATER,
        "expires_at": DUE,
    },
    NoticeKind.NAME_OFFICERS: {
        "department": WATER,
        "order_number": "साप्रवि/४५",
        "nominate_by": NOON.date(),
    },
    NoticeKind.NOMINATION_CODE: {
        "secret": "49172056",
        "first": "सुनंदा पाटील",
        "second": "रमेश मोरे",
        "department": WATER,
        "expires_at": DUE,
    },
    NoticeKind.APPROVAL_CODE: {
        "secret": "49172056",
        "title": "कात्रज परिसरात पाणीपुरवठा बंद",
        "revision": 3,
        "department": WATER,
        "expires_at": DUE,
    },
    NoticeKind.REMINDER_LETTER: {
        "number": "PMC/SP/2026/0001",
        "department": WATER,
        "letter_text": "प्रति,\nविभागप्रमुख\n\nमहोदय / महोदया,\n\nकळावे.",
        "nominate_by": NOON.date(),
    },
    NoticeKind.OFFICE_ABOVE_MISSING: {"count": 12, "order_number": "साप्रवि/४५"},
    NoticeKind.DEPARTMENT_COPY: {
        "person": MEDHA,
        "title": "कात्रज परिसरात पाणीपुरवठा बंद",
        "department": WATER,
        "due_at": DUE,
    },
}
# What may be left out.
SPARE = {
    "programs",
    "left",
    "cancelled",
    "taken",
    "approval",
    "by",
    "declined",
    "wished_at",
    "standing_in",
    "head_too",
    "without_password",
    "ended",
    "why",
    "platform",
    "handle",
    "language",
    "code",
    "kind",
    "posts",
    "put_back",
    "again",
    "waiting",
    "gone",
}
SENDERS = {
    "mr": "– सोशल मिडिया कक्ष\ue003\n"
    "हा ईमेल ‘नगरवाणी’ प्रणालीने नितीन घोलप, उप अभियंता यांना पाठविला आहे.",
    "en": "– Social Media Cell\ue003\nNagarvani sent this email to Nitin Gholap.",
    "hi": "– सोशल मीडिया कक्ष\ue003\nयह ई-मेल ‘नगरवाणी’ प्रणाली ने नितीन घोलप, उप अभियंता को भेजा है।",
}


def reader(language: str) -> Person:
    return Person(
        name_mr="नितीन घोलप", name_en="Nitin Gholap", designation="उप अभियंता", language=language
    )


def compose_text(kind: NoticeKind, language: str, values: Mapping[str, object]) -> tuple[str, str]:
    subject, body, _texts = compose(kind, reader(language), values, now=NOON, path=links.post(7))
    return subject, body


every_kind = each("kind", NoticeKind)


@each("language", LANGUAGES)
@every_kind
def test_a_mail_begins_with_act_and_link_and_ends_with_the_sender(
    kind: NoticeKind, language: str
) -> None:
    subject, body = compose_text(kind, language, VALUES[kind])
    act, link, empty, *facts = body.split("\n")
    assert act.endswith("।" if language == "hi" else ".")
    assert len(act) <= 180
    assert (link, empty) == (f"{links.BASE}/posts/7", "")
    assert facts[0]
    assert body.split("\n\n")[-1].startswith(SENDERS[language])
    assert subject == " ".join(subject.split())
    assert len(subject) <= LONGEST_SUBJECT
    assert "{" not in subject + body
    assert "None" not in subject + body


DEADLINES = {"due_at", "ends_at", "expires_at"}
# Their `due_at` is the time at which something should have been published or decided.
PAST = {
    NoticeKind.DELIVERY_FAILED,
    NoticeKind.DELIVERY_HELD,
    NoticeKind.DELIVERY_MISSED,
    NoticeKind.EMERGENCY_ALERT,
    NoticeKind.EMERGENCY_OVERDUE,
}


@each("language", LANGUAGES)
@each(
    "kind",
    [kind for kind, values in VALUES.items() if DEADLINES & values.keys() and kind not in PAST],
)
def test_a_deadline_stands_in_the_first_line_and_in_the_subject(
    kind: NoticeKind, language: str
) -> None:
    subject, body = compose_text(kind, language, VALUES[kind])
    (due,) = (VALUES[kind][name] for name in DEADLINES & VALUES[kind].keys())
    assert isinstance(due, datetime)
    assert dates.clock_time(due, language) in body.split("\n")[0]
    short = dates.short_date_and_time(due, language, now=NOON)
    assert short.replace("\u00a0", " ") in subject


@each("language", LANGUAGES)
@every_kind
def test_a_subject_is_the_same_after_a_mail_parser_has_read_it(
    kind: NoticeKind, language: str
) -> None:
    subject, body = compose_text(kind, language, VALUES[kind])
    notice = Notice(
        kind=kind,
        address="a@pmc.example",
        subject=subject,
        body=body,
        language=language,
        mail_id="1",
    )
    sent = letter(
        notice,
        MailOrigin(smtp_url="", mail_from="desk@pmc.example", base_url="https://desk.example"),
        now=NOON,
    )
    for policy in (email.policy.default, email.policy.compat32):
        read = email.message_from_bytes(sent.as_bytes(), policy=policy)
        assert str(make_header(decode_header(str(read["Subject"])))) == subject


SIGNATURE = Signature(
    "पुणे महानगरपालिका", "Pune Municipal Corporation", "020-5550-0100", "help@pmc.example"
)


@pytest.mark.parametrize(
    ("language", "end"),
    [
        ("mr", "कक्ष, पुणे महानगरपालिका\nदूरध्वनी: ०२०-५५५०-०१००; ईमेल: help@pmc.example\n"),
        (
            "en",
            "Cell, Pune Municipal Corporation\nTelephone: 020-5550-0100; Email: help@pmc.example\n",
        ),
        ("hi", "कक्ष, पुणे महानगरपालिका\nदूरभाष: 020-5550-0100; ई-मेल: help@pmc.example\n"),
    ],
)
def test_a_mail_says_who_writes_and_where_to_ask(language: str, end: str) -> None:
    sent = _sent(language, mail_from="desk@pmc.example", signature=SIGNATURE)
    assert end in _text_of(sent)
    # As mail programs read it: Python's parser leaves a space between two encoded words.
    sender = email.message_from_bytes(sent.as_bytes(), policy=email.policy.compat32)["From"]
    named = f"{SIGNATURE.city_name(language)} <desk@pmc.example>"
    assert str(make_header(decode_header(sender))) == named


def test_what_is_not_set_of_the_sender_leaves_no_trace() -> None:
    sent = _sent("mr", mail_from="कक्ष <desk@pmc.example>", signature=replace(SIGNATURE, phone=""))
    assert "महानगरपालिका\nईमेल: help@pmc.example\nहा ईमेल" in _text_of(sent)
    assert sent["From"] == "कक्ष <desk@pmc.example>"  # what the city has set
    bare = _sent("mr", mail_from="desk@pmc.example", signature=Signature())
    assert "– सोशल मिडिया कक्ष\nहा ईमेल" in _text_of(bare)
    assert bare["From"] == "desk@pmc.example"


def _text_of(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


def _sent(language: str, *, mail_from: str, signature: Signature) -> EmailMessage:
    """Return a mail as its reader's program reads it."""
    subject, body = compose_text(NoticeKind.STOPPED, language, VALUES[NoticeKind.STOPPED])
    notice = Notice(
        kind=NoticeKind.STOPPED,
        address="a@pmc.example",
        subject=subject,
        body=body,
        language=language,
        mail_id="1",
    )
    mail = letter(
        notice,
        MailOrigin(
            smtp_url="", mail_from=mail_from, base_url="https://desk.example", signature=signature
        ),
        now=NOON,
    )
    return email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_comment_is_quoted_and_begins_the_subject(language: str) -> None:
    comment = "पाणी कधी येणार?\nदोन दिवस झाले, टँकरही आला नाही. " + "क" * 300
    values = {**VALUES[NoticeKind.COMMENT_ROUTED], "comment": comment}
    subject, body = compose_text(NoticeKind.COMMENT_ROUTED, language, values)
    assert f"“{comment[:159]}…”" in body
    beginning = "“पाणी कधी येणार? दोन दिवस"
    assert beginning in subject
    assert len(subject) <= LONGEST_SUBJECT
    if language == "en":  # elsewhere act and deadline leave less room
        assert f"“{comment.replace(chr(10), ' ')[:39]}…”" in subject


def test_a_subject_leaves_out_the_handles_that_a_comment_answers() -> None:
    comment = "@namuna_hadapsar @sarav_nagar ho na, aani ratri tithe light pan nahit"
    values = {**VALUES[NoticeKind.COMMENT_ROUTED], "comment": comment}
    subject, body = compose_text(NoticeKind.COMMENT_ROUTED, "mr", values)
    assert "“ho na, aani ratri" in subject
    assert comment in body


def test_a_list_of_transfers_has_a_line_for_each_person() -> None:
    people = "\n".join(f"– व्यक्ती {number}: अ विभाग → ब विभाग, समन्वयक" for number in range(40))
    values = {**VALUES[NoticeKind.TRANSFERS_WAIT], "people": people}
    _subject, body = compose_text(NoticeKind.TRANSFERS_WAIT, "mr", values)
    assert people in body


@each("language", LANGUAGES)
@every_kind
def test_each_value_that_is_given_is_said(kind: NoticeKind, language: str) -> None:
    """Each value changes the text: none is ignored."""
    whole = compose_text(kind, language, VALUES[kind])
    unsaid = [
        name
        for name in VALUES[kind]
        if name in SPARE
        and compose_text(kind, language, {k: v for k, v in VALUES[kind].items() if k != name})
        == whole
    ]
    assert unsaid in ([], ["code"]), unsaid


@each("language", LANGUAGES)
@every_kind
def test_each_mail_can_do_without_what_may_be_left_out(kind: NoticeKind, language: str) -> None:
    few = {name: value for name, value in VALUES[kind].items() if name not in SPARE}
    subject, body = compose_text(kind, language, few)
    assert subject
    assert "None" not in body
    assert not re.search(r"\n{3}", body), "three blank lines where something was left out"


@each("language", LANGUAGES)
@each("kind", [kind for kind, values in VALUES.items() if "platform" in values])
def test_a_platform_without_a_translation_is_called_by_its_label(
    kind: NoticeKind, language: str
) -> None:
    values = {**VALUES[kind], "platform": BULLETIN.name}
    with register_temporarily(BULLETIN):
        _subject, body = compose_text(kind, language, values)
    assert BULLETIN.label in body
    others = [platform.label for platform in (X, FACEBOOK)]
    assert not {translate(label, language) for label in others} & set(re.findall(r"[\w()]+", body))


@every_kind
def test_a_mail_in_english_holds_no_marathi_of_ours(kind: NoticeKind) -> None:
    plain = {
        name: value if not isinstance(value, str) else "words"
        for name, value in VALUES[kind].items()
    }
    person = Person(name_mr="नितीन", name_en="Nitin Gholap", designation="Engineer", language="en")
    plain |= (
        {"by": Person(name_mr="मेधा", name_en="Medha", designation="कक्षप्रमुख")}
        if "by" in plain
        else {}
    )
    subject, body, _texts = compose(kind, person, plain, now=NOON)
    assert not re.search("[\u0900-\u097f]", subject + body)


@each("language", ["mr", "hi"])
@every_kind
def test_a_mail_in_marathi_or_hindi_holds_no_english_of_ours(
    kind: NoticeKind, language: str
) -> None:
    plain = {
        name: value if not isinstance(value, str) else "शब्द" for name, value in VALUES[kind].items()
    }
    subject, body = compose_text(kind, language, plain)
    ours = re.sub(r"\ue000\S+|\((?:IT Nodal Officer|Approval|X)\)", "", subject + body)
    assert re.findall("[A-Za-z]+", ours) == []


def test_marathi_mails_write_marathi_digits_and_keep_a_number_on_one_line() -> None:
    _, body = compose_text(NoticeKind.REVIEW_ASKED, "mr", VALUES[NoticeKind.REVIEW_ASKED])
    assert "\nआवृत्ती क्र.\u00a0३\n" in body
    assert "बुधवार, दि.\u00a0२५\u00a0नोव्हेंबर, दुपारी\u00a0३:००\u00a0पर्यंत" in body
    assert not re.search("[0-9]", body.replace("/posts/7", ""))


def test_acknowledgement_numbers_keep_their_latin_digits() -> None:
    subject, body = compose_text(
        NoticeKind.ACKNOWLEDGEMENT, "mr", VALUES[NoticeKind.ACKNOWLEDGEMENT]
    )
    assert subject.startswith("पोचपावती: PMC/2026/000123 – ")
    assert "पोच क्रमांक: PMC/2026/000123" in body


def test_hindi_mails_write_the_hindi_name_and_words() -> None:
    _, body = compose_text(NoticeKind.DELIVERY_FAILED, "hi", VALUES[NoticeKind.DELIVERY_FAILED])
    assert "– एक्स (X); अंग्रेज़ी; पुणे महानगरपालिका; " in body
    assert "; माध्यम के अनुसार यही पाठ इस खाते से अभी-अभी प्रकाशित हो चुका है।" in body


def test_a_department_may_come_as_its_names() -> None:
    values = {
        **{name: value for name, value in ABOUT_A_POST.items() if name != "department"},
        "department_mr": "पाणीपुरवठा विभाग",
        "department_en": "Water Supply",
    }
    assert "Water Supply" in compose_text(NoticeKind.APPROVED, "en", values)[1]
    assert "पाणीपुरवठा विभाग" in compose_text(NoticeKind.APPROVED, "mr", values)[1]
    assert "पाणीपुरवठा विभाग" in compose_text(NoticeKind.APPROVED, "hi", values)[1]


def test_a_reason_that_has_no_words_here_is_left_to_the_page() -> None:
    values = {**ABOUT_A_DELIVERY, "code": "medium_changed"}
    _, body = compose_text(NoticeKind.DELIVERY_FAILED, "mr", values)
    assert "medium_changed" not in body
    assert "कारण पानावर दिले आहे." in body


@pytest.mark.parametrize(
    ("left_out", "added"), [("title", {}), ("department", {}), (None, {"reson": "typo"})]
)
def test_a_missing_or_unknown_value_is_an_error_at_once(
    left_out: str | None, added: Mapping[str, object]
) -> None:
    values = {name: value for name, value in ABOUT_A_POST.items() if name != left_out}
    values.update(added)
    with pytest.raises(WrongValues):
        compose_text(NoticeKind.APPROVED, "mr", values)


def test_a_title_injects_no_header_no_template_and_no_link() -> None:
    title = "पाणी\r\nBcc: all@pmc.example {{ link }} {% raw %} \ue000/x"
    subject, body = compose_text(NoticeKind.APPROVED, "mr", {**ABOUT_A_POST, "title": title})
    assert "\nBcc" not in subject + body
    assert "पाणी Bcc: all@pmc.example {{ link }}" in subject
    assert "पाणी Bcc: all@pmc.example {{ link }} {% raw %} /x\n" in body
    assert body.count(links.BASE) == 1


def test_a_long_title_or_comment_is_cut_and_shows_it() -> None:
    subject, _ = compose_text(NoticeKind.APPROVED, "mr", {**ABOUT_A_POST, "title": "क" * 200})
    assert len(subject) == LONGEST_SUBJECT
    assert subject.endswith("…")
    values = {**VALUES[NoticeKind.COMMENT_ROUTED], "comment": "क" * 5000}
    _, body = compose_text(NoticeKind.COMMENT_ROUTED, "mr", values)
    assert "“" + "क" * 159 + "…”" in body


def test_a_reader_of_another_language_is_written_to_in_marathi() -> None:
    assert "सोशल मिडिया कक्ष" in compose_text(NoticeKind.APPROVED, "ta", ABOUT_A_POST)[1]


def test_a_queued_mail_waits_for_the_tick_and_leads_to_today_by_default(
    database: Database,
) -> None:
    with database.transaction() as session:
        person = appoint(session, add_department(session, "water"), mail="first@pmc.example").person
        notice = queue(
            session, kind=NoticeKind.APPROVED, person=person, values=ABOUT_A_POST, now=NOON
        )
    assert notice is not None
    assert (notice.state, notice.address) == (NoticeState.QUEUED, "first@pmc.example")
    assert (notice.queued_at, notice.send_at) == (NOON, NOON)
    assert f"\n{links.BASE}/\n\n" in notice.body


def test_nobody_is_written_to_without_an_address_or_once_disabled(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        unreachable = appoint(session, water, mobile="9822012345").person
        unreachable.mobile = None
        gone = appoint(session, water).person
        gone.disabled_at = NOON
        for person in (unreachable, gone):
            notice = queue(
                session, kind=NoticeKind.APPROVED, person=person, values=ABOUT_A_POST, now=NOON
            )
            assert notice is None


def test_every_kind_has_a_template_per_language_and_none_is_unused() -> None:
    folder = files("publisher.i18n").joinpath("templates")
    expected = {f"{kind}.txt" for kind in NoticeKind} | {"letter.txt", "reply_note.txt"}
    expected |= {"signature.txt", "mail_test.txt"}
    for language in LANGUAGES:
        assert {file.name for file in folder.joinpath(language).iterdir()} == expected


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("late_stopped", "All publishing was stopped."),
        ("late_frozen", "A freeze held it."),
        ("late_paused", "The account had stopped."),
    ],
)
def test_a_mail_about_what_was_missed_names_what_kept_it(code: str, sentence: str) -> None:
    values = {**ABOUT_A_DELIVERY, "code": code}
    for language in LANGUAGES:
        body = compose_text(NoticeKind.DELIVERY_MISSED, language, values)[1]
        assert f"; {translate(sentence, language)}\n" in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_about_what_was_simply_late_names_no_reason(language: str) -> None:
    body = compose_text(NoticeKind.DELIVERY_MISSED, language, {**ABOUT_A_DELIVERY, "code": "late"})[
        1
    ]
    (row,) = (line for line in body.split("\n") if line.startswith("– ") and ";" in line)
    assert row.count("; ") == 3
