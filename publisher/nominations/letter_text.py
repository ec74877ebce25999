"""The text of a reminder letter (स्मरणपत्र): always in Marathi, and kept as written that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from publisher.i18n.dates import editable_day
from publisher.i18n.languages import NBSP, digits
from publisher.models.nominations import LetterRecipient, NominationCall, ReminderLetter
from publisher.models.people import Department, Person
from publisher.working_time import local_day

PAPER: Final = "mr"
"""The language of the letters, independent of that of the page."""

_TITLE: Final = "स्मरणपत्र"
_SERIES: Final = "SP"
"""Replaces स्मरणपत्र in the number if the office has no series: `PMC/SP/2026/0001`."""
_SUBJECT: Final = (
    "विषय : सोशल मिडिया कक्षाच्या कामकाजासाठी दोन समन्वयकांची (IT Nodal Officer) नावे कळविण्याबाबत."
)
_HEADS: Final[Mapping[LetterRecipient, str]] = {
    LetterRecipient.HEAD: "विभागप्रमुख",
    LetterRecipient.OFFICE_ABOVE: "प्रमुख",
}
_REMINDED: Final[Mapping[LetterRecipient, str]] = {
    LetterRecipient.HEAD: (
        "उपरोक्त संदर्भीय आदेशानुसार {department} यांनी दोन समन्वयकांची (IT Nodal Officer) नावे "
        "{day} पर्यंत कळविणे आवश्यक {was}. तथापि, आजअखेर ही नावे प्राप्त झालेली नाहीत."
    ),
    LetterRecipient.OFFICE_ABOVE: (
        "उपरोक्त संदर्भीय आदेशानुसार आपल्या अधिनस्त {department} यांनी दोन समन्वयकांची "
        "(IT Nodal Officer) नावे {day} पर्यंत कळविणे आवश्यक {was}. तथापि, यापूर्वी स्मरणपत्र "
        "देऊनही आजअखेर ही नावे प्राप्त झालेली नाहीत."
    ),
}
_REQUESTS: Final[Mapping[LetterRecipient, str]] = {
    LetterRecipient.HEAD: (
        "तरी दोन्ही समन्वयकांचे नाव, पदनाम, संवर्ग (अधिकारी / कर्मचारी), मोबाइल क्रमांक व ईमेल "
        "नियुक्तीच्या आदेशासह, आपणास ईमेल किंवा एसएमएसने पाठविलेल्या लिंकवरून अथवा पत्राने "
        "सोशल मिडिया कक्षास विनाविलंब कळवावे, ही विनंती."
    ),
    LetterRecipient.OFFICE_ABOVE: (
        "तरी संबंधित विभागास आवश्यक त्या सूचना देऊन दोन्ही समन्वयकांची माहिती सोशल मिडिया कक्षास "
        "विनाविलंब कळविण्याची व्यवस्था करावी, ही विनंती."
    ),
}
_CLOSING: Final = "कळावे,"


@dataclass(frozen=True)
class LetterSender:
    """The city in whose name letters are written, and the lines below which they are signed.

    `outward_number` begins the numbers of its office; empty if the city has set none.
    """

    city_code: str
    city_name: str
    signatory: Sequence[str]
    outward_number: str = ""

    @property
    def series(self) -> str:
        """Return the beginning of the numbers of reminder letters."""
        own = f"{self.outward_number}{_TITLE}"
        return own if self.outward_number else f"{self.city_code}/{_SERIES}"


@dataclass(frozen=True)
class LetterText:
    """What a letter says, from its heading to the lines of its signatory."""

    title: str
    recipient: Sequence[str]
    subject: str
    references: str
    paragraphs: Sequence[str]
    signatory: Sequence[str]

    @property
    def content(self) -> dict[str, Any]:
        """The text as JSON values, to be stored with the letter."""
        return asdict(self)

    @property
    def parts(self) -> list[str]:
        """The paragraphs between heading and signatory, some with line breaks."""
        return ["\n".join(self.recipient), self.subject, self.references, *self.paragraphs]


def read_letter_text(letter: ReminderLetter) -> LetterText:
    """Return the text as it was stored."""
    return LetterText(**letter.content)


def compose_text(
    *,
    call: NominationCall,
    department: Department,
    recipient: LetterRecipient,
    office: Department,
    person: Person | None,
    earlier: Sequence[ReminderLetter],
    sender: LetterSender,
    now: datetime,
) -> LetterText:
    """Return the text of a letter dated today; `earlier` are the previous letters of this call."""
    is_past = call.nominate_by < local_day(now)
    reminded = _REMINDED[recipient].format(
        department=department.name_mr,
        day=_format_day(call.nominate_by),
        was="होते" if is_past else "आहे",
    )
    return LetterText(
        title=f"{_TITLE} क्र. {_number(len(earlier) + 1)}" if earlier else _TITLE,
        recipient=["प्रति,", *_address_lines(recipient, office, person), sender.city_name],
        subject=_SUBJECT,
        references=_references(call, earlier),
        paragraphs=["महोदय / महोदया,", reminded, _REQUESTS[recipient], _CLOSING],
        signatory=list(sender.signatory),
    )


def _address_lines(
    recipient: LetterRecipient, office: Department, person: Person | None
) -> list[str]:
    """Return the head's name and designation, or the office of a head who is not known."""
    designation = (person.designation if person is not None else "") or _HEADS[recipient]
    names = [f"मा. {person.name_mr}"] if person is not None else []
    return [*names, designation, office.name_mr]


def _references(call: NominationCall, earlier: Sequence[ReminderLetter]) -> str:
    lines = [
        _date_line(f"आदेश क्र. {call.order_number}", call.ordered_on),
        *(
            _date_line(f"{_TITLE} जा.क्र. {letter.number}", local_day(letter.written_at))
            for letter in earlier
        ),
    ]
    if len(lines) == 1:
        return f"संदर्भ : {lines[0]}"
    numbered = [f"{_number(position)}) {line}" for position, line in enumerate(lines, 1)]
    return "\n".join(["संदर्भ :", *numbered])


def _date_line(text: str, day: date) -> str:
    return f"{text}, {_format_day(day)}."


def _format_day(day: date) -> str:
    """Return `दि. १४ डिसेंबर २०२६`, without line breaks at its spaces."""
    return f"दि. {editable_day(day, PAPER)}".replace(" ", NBSP)


def _number(number: int) -> str:
    return digits(str(number), PAPER)
