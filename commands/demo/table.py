"""The table that the terminal shows: the URL, who can sign in, and what to try first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import click

from commands.demo.environment import DemoEnvironment
from demo.people import DemoPerson, first_people
from publisher.notifications.formatting import format_values
from publisher.now import now
from publisher.people.register_data import load as load_register

#: What each of `people.TO_TRY_FIRST` may try first, in Marathi and in English.
TRIES: Final[Mapping[str, tuple[str, str]]] = {
    "medha-satpute": (
        "पाणीपुरवठा बंदच्या पोस्टला मान्यता द्या किंवा ती दुरुस्तीसाठी परत पाठवा",
        "approve the post about the water cut, or return it for changes",
    ),
    "swati-ranpise": (
        "उद्यानाच्या प्रस्तावावरून पोस्टचा मसुदा तयार करा",
        "draft a post from the garden's submission",
    ),
    "kiran-wabale": ("नवीन प्रस्ताव सादर करा", "hand in a notice of your own"),
    "prasad-kenjale": (
        "निर्णयासाठी थांबविलेल्या प्रसिद्धीबाबत निर्णय घ्या; ‘बदल्या’ या पानावरील यादीची पुष्टी करा",
        "decide about the delivery that is held; confirm the list under “Transfers”",
    ),
    "ujjwala-chavanke": (
        "वृक्ष प्राधिकरणाची नियुक्ती निवडा व मुदत उलटलेल्या टिप्पणीला उत्तर द्या",
        "switch to the Tree Authority and answer a comment that is overdue",
    ),
    "vilas-thopate": (
        "टपालपेटीतील लिंकवरून विभागाचे दोन समन्वयक नेमा; विभागाचा प्रस्ताव कोठे आहे ते पाहा",
        "name your two officers by the link in the letterbox; see where your submission stands",
    ),
    "alka-dhaygude": (
        "‘पुष्टी करायच्या नियुक्त्या’ या पानावर चारुता निम्हण यांच्या नियुक्तीची पुष्टी करा",
        "confirm Charuta Nimhan as officer under “Appointments to confirm”",
    ),
    "arun-tekawade": (
        "नवीन व्यक्तीची नोंद करून निमंत्रण पाठवा; संदेश टपालपेटीत येतो",
        "record a person and invite them; the mail comes to the letterbox",
    ),
    "rohini-deshmane": ("विभागांचे काम पाहा", "see how departments work"),
    "anant-kulthe": ("पोस्टचा सर्व इतिहास पाहा", "see the whole history of a post"),
}
_COUNTRY: Final = "+91"


def show(demo: DemoEnvironment) -> None:
    """Print the URLs and the people."""
    click.echo()
    click.secho(f"  नगरवाणी · Nagarvani    {demo.address}", bold=True)
    click.echo(f"  नागरिक म्हणून टिप्पणी करा · comment as a citizen    {demo.sandbox_address}")
    click.echo(f"  टपालपेटी · letterbox    {demo.sandbox_address}/letterbox")
    click.echo(
        "  टपालपेटीतून कक्षाला विभागाप्रमाणे ईमेल लिहा व उत्तर द्या; त्याचा प्रस्ताव होतो\n"
        "  from the letterbox, write to the Cell by mail as a department would, and answer mails"
    )
    click.echo("  थांबविण्यासाठी · to end: Ctrl-C")
    click.echo(
        "  नमुना शहर भरले जात आहे (दोन-तीन मिनिटे); तोपर्यंत साइन इन करता येईल.\n"
        "  the city is being filled (two or three minutes); you can sign in meanwhile\n"
    )
    click.echo("  ईमेल किंवा मोबाइल, आणि पासवर्ड · mail or mobile, and password\n")
    for person in first_people():
        for line in _lines(person):
            click.echo(line)
    click.echo()


def _lines(person: DemoPerson) -> Iterator[str]:
    mobile = person.mobile.removeprefix(_COUNTRY)
    yield click.style(f"  {person.mail:<30} {mobile:<12} {person.password}", bold=True)
    marathi, english = TRIES[person.key]
    yield f"      {person.name_mr}, {_office(person, 'mr')} – {marathi}"
    yield f"      {person.name_en}, {_office(person, 'en')}: {english}"


def _office(person: DemoPerson, language: str) -> str:
    """Return the role and department of the person's first appointment."""
    appointment = person.appointments[0]
    role = format_values({"role": appointment.role}, language, now=now())["role"]
    names = {row.code: (row.name_mr, row.name_en) for row in load_register()}
    return f"{role}, {names[appointment.department][language == 'en']}"
