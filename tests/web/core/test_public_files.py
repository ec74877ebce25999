"""`robots.txt` keeps crawlers away, and `security.txt` names the city's contact if there is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from publisher.settings.help import HelpDesk
from tests.web.site import Site
from web.home.public_files import security_text

NOW = datetime(2026, 11, 29, 20, 30, tzinfo=UTC)
PATH = "/.well-known/security.txt"


def fields_of(text: str) -> list[tuple[str, str]]:
    """Return the fields of a file as RFC 9116 has them, in their order."""
    return [(name, value) for name, _, value in (line.partition(": ") for line in text.split("\n"))]


def test_every_crawler_is_asked_to_stay_away(site: Site) -> None:
    response = site.nobody().get("/robots.txt")
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    assert response.text == "User-agent: *\nDisallow: /\n"


def test_without_a_contact_there_is_no_security_file(site: Site) -> None:
    response = site.nobody().get(PATH)
    assert (response.status_code, response.mimetype, response.text) == (404, "text/plain", "")


def test_the_security_file_names_the_contact_of_the_settings(site: Site) -> None:
    house = site.app.extensions["house"]
    desk = HelpDesk("+91 20 5550-0100", "help@pmc.example", None)
    settings = replace(house.settings, help_desk=desk)
    site.app.extensions["house"] = replace(house, settings=settings)
    response = site.nobody().get(PATH)
    assert (response.status_code, response.content_type) == (200, "text/plain; charset=utf-8")
    assert fields_of(response.text)[:2] == [
        ("Contact", "mailto:help@pmc.example"),
        ("Contact", "tel:+91-20-5550-0100"),
    ]
    assert fields_of(response.text)[-2] == (
        "Canonical",
        "https://nagarvani.example/.well-known/security.txt",
    )


def test_the_security_file_is_valid_for_some_months() -> None:
    fields = fields_of(security_text(HelpDesk("", "help@pmc.example", None), "https://a.b", NOW))
    assert [name for name, _ in fields] == [
        *("Contact", "Expires", "Preferred-Languages", "Canonical"),
        "",
    ]
    expires_at = datetime.fromisoformat(dict(fields)["Expires"])
    assert expires_at == datetime(2027, 2, 27, tzinfo=UTC)
    assert timedelta(days=60) < expires_at - NOW < timedelta(days=365)


@pytest.mark.parametrize(
    ("phone", "mail", "contacts"),
    [
        ("", "", []),
        ("020-5550-0100", "", ["tel:020-5550-0100;phone-context=+91"]),
        ("", "Help <help@pmc.example>", ["mailto:help@pmc.example"]),
        ("", "मदत+१@pmc.example", ["mailto:%E0%A4%AE%E0%A4%A6%E0%A4%A4%2B%E0%A5%A7@pmc.example"]),
    ],
)
def test_a_contact_is_written_as_an_address(phone: str, mail: str, contacts: list[str]) -> None:
    text = security_text(HelpDesk(phone, mail, None), "https://a.b", NOW)
    assert [value for name, value in fields_of(text) if name == "Contact"] == contacts
