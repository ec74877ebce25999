"""The letter on paper by which the head of the office above names a department's officers."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import segno

from publisher.i18n.dates import editable_day
from publisher.models.people import Appointment
from publisher.nominations.office_letters import LetterDraft
from publisher.papers.pdf import Heading, Paper, PaperPicture, Paragraph, Part

PAPER: Final = "mr"
"""The language of the letter, whatever that of the page is."""

TITLE: Final = "समन्वयकांची (IT Nodal Officer) नावे देण्याबाबत"
HEAD: Final = "मा. प्रमुख,"
SUBJECT: Final = "विषय: {department} – दोन समन्वयकांची नावे देणे."
REFERENCE: Final = "संदर्भ: कार्यालयीन आदेश क्र. {number}, दि. {day}."
GREETING: Final = "महोदय / महोदया,"
REQUEST: Final = (
    "उपरोक्त आदेशानुसार प्रत्येक विभागाने दोन समन्वयकांची नावे द्यावयाची आहेत. {department} या "
    "विभागाच्या प्रमुखांना मोबाइलवर संकेतांक पाठविता येत नाही व प्रणालीत त्यांचे खाते नाही. तरी या "
    "विभागाच्या दोन समन्वयकांची नावे आपण दि. {day} पर्यंत द्यावीत, ही विनंती."
)
STEPS_HEADING: Final = "नावे अशी द्यावीत"
STEPS: Final = (
    "१. मोबाइलच्या कॅमेऱ्याने खालील क्यूआर कोड स्कॅन करून त्यातील पान उघडावे.\n"
    "२. त्या पानावर क्यूआर कोडशेजारील आठ अंकी संकेतांक लिहावा.\n"
    "३. दोघांची नावे, पदनामे, मोबाइल क्रमांक व नावे देणाऱ्या आदेशाचा क्रमांक आणि दिनांक लिहावा."
)
PICTURE: Final = "नावे देण्याच्या पानाकडे नेणारा क्यूआर कोड"
CODE: Final = "संकेतांक:\n{code}"
NOTES_HEADING: Final = "कृपया लक्षात घ्यावे"
NOTES: Final = (
    "• आपण दिलेली नावे हा प्रस्ताव असेल; दुसऱ्या व्यक्तीने पुष्टी केल्यावर ती ग्राह्य होतील.\n"
    "• हे पत्र व त्यावरील संकेतांक इतर कोणासही देऊ नये; एकदा नावे दिल्यावर तो पुन्हा चालणार नाही.\n"
    "• या विभागासाठी नवे पत्र आल्यास या पत्रावरील संकेतांक चालणार नाही.\n"
    "• पान उघडत नसल्यास सोशल मिडिया कक्षाला दूरध्वनी करावा."
)
_PICTURE_WIDTH: Final = 42.0
_PIXELS_A_SQUARE: Final = 12


def nomination_letter(letter: LetterDraft, *, address: str) -> Paper:
    """Return the letter; `address` is that of its page, as a phone opens it."""
    office = letter.offices.office
    office_name = office.name_mr if office is not None else ""
    department = letter.offices.department.name_mr
    call = letter.call
    reference = REFERENCE.format(number=call.order_number, day=editable_day(call.ordered_on, PAPER))
    request = REQUEST.format(department=department, day=editable_day(call.nominate_by, PAPER))
    code = CODE.format(code=f"{letter.code[:4]} {letter.code[4:]}")
    parts: list[Part] = [
        Paragraph("\n".join(("प्रति,", *_addressed_to(letter.offices.above), office_name))),
        Paragraph(SUBJECT.format(department=department), strong=True),
        Paragraph(reference),
        Paragraph(GREETING),
        Paragraph(request),
        Heading(STEPS_HEADING),
        Paragraph(STEPS),
        PaperPicture(_qr_code(address), _PICTURE_WIDTH, PICTURE, beside=code),
        Heading(NOTES_HEADING),
        Paragraph(NOTES),
    ]
    return Paper(TITLE, parts, is_letter=True)


def _addressed_to(above: Appointment | None) -> list[str]:
    """Return the lines of the head's name and designation, or of the office's head without one."""
    if above is None:
        return [HEAD]
    return [f"{line}," for line in (above.person.name_mr, above.person.designation) if line]


def _qr_code(address: str) -> bytes:
    """Return the address as a QR code in PNG, with the empty border that scanners need."""
    out = BytesIO()
    drawn = segno.make(address, error="m", micro=False)
    drawn.save(out, kind="png", scale=_PIXELS_A_SQUARE, border=4)
    return out.getvalue()
