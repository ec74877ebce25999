"""The address in the QR code of a former letter says what to do instead, for a year."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from publisher.working_time import day_bounds
from tests.web.site import Site
from web.nominations.former_letters import LAST_DAY

PATH = "/letter/uZ3xqk0cD9s1fT7a"
SENTENCES = {
    "mr": ("हे पत्र आता वापरात नाही", "सोशल मिडिया कक्षास पाठवावे किंवा दूरध्वनी करावा", "जावक क्रमांक"),
    "hi": ("यह पत्र अब उपयोग में नहीं है", "कक्ष को भेजें या फ़ोन करें", "जावक क्रमांक"),
    "en": ("This letter is no longer used", "Send the Cell a letter", "outward number"),
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_former_letter_says_what_to_write_and_to_whom(site: Site, language: str) -> None:
    context = site.app.extensions["house"]
    help_desk = replace(context.settings.help_desk, phone="020-5550-0108", mail="cell@pmc.example")
    settings = replace(context.settings, help_desk=help_desk)
    site.app.extensions["house"] = replace(context, settings=settings)
    browser = site.nobody()
    browser.post("/language", {"lang": language, "next": PATH})
    response = browser.get(PATH)
    assert response.status_code == 200
    for sentence in (*SENTENCES[language], "tel:02055500108", "mailto:cell@pmc.example"):
        assert sentence in response.text
    assert response.text.count("tel:02055500108") == 2, "in the text, and below each page"


def test_a_year_later_the_address_is_unknown(site: Site) -> None:
    end: datetime = day_bounds(LAST_DAY)[1]
    site.city.clock.move(end - site.city.now - timedelta(minutes=1))
    assert site.nobody().get(PATH).status_code == 200
    site.city.clock.move(timedelta(minutes=1))
    assert site.nobody().get(PATH).status_code == 404
