"""Words that no page, mail or emergency template says: `docs/words.md` names the right ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.emergency import seed_templates
from tests.i18n.test_catalogues import messages, sources, texts
from tests.support.runs import CHECKOUT

MAILS = CHECKOUT / "publisher" / "i18n" / "templates"
GUIDES = CHECKOUT / "web" / "templates" / "guides"
EMERGENCY = Path(seed_templates.__file__).parent / "texts" / "templates.toml"
# A letter or vowel sign of the same word: `\b` does not end a Devanagari word.
LETTER = r"[\u0900-\u097f]"
FORBIDDEN = {
    # The word of the glossary is another one, or the word means something else to an officer.
    "mr": rf"प्रतिक्रिय|छायाचित्र|हटव|फायल|(?<!{LETTER})(?:पहा|थांबा)(?!{LETTER})|घड्याळ|माहितीसाठा"
    r"|तातडीच्या सूचना|तातडीचे इशारे|पर्यायी(?! मार्ग)|नवीनतम|पुनर्स्थापित|सद्यः|हिन्दी|मुद्रित"
    r"|(?<!प्रणाली )प्रशासक|शांत वेळ|English मजकूर|मीडिया|मंजूर|मंजुर|सदस्य|प्रत्युत्तर|मुदतबाह्य"
    r"|रंगीत तालीम|प्राधिकरण|फाँट|फाईल|व्हिडिओ|पृष्ठ|(?<!ई)मेल(?:ने|वर)|(?<!सराव )सत्रे|अर्ज|पहाव"
    # A postposition is joined to its word, and none fits a time of day.
    r"|(?:%\(platform\)s|\{\{ platform \}\}) (?:वर|कडे|ला|चे|च्या|ची)"
    r"|(?:%\((?:due_)?at\)s|at \}\}) रोजी",
    "hi": r"घड़ी|आपात सूचना|संगणक|पहुँच अनुमति|नगर निगम|टिप्पणी दर्ज|मुद्रित|(?<!प्रणाली )प्रशासक"
    # A page of Facebook is a "पेज".
    r"|प्रकोष्ठ|कड़ी|व्यवस्थापक|ईमेल|पेज पर(?! अधिकार)|टीप|(?<!हिलता )चित्र"
    r"|बजे (?:को|पर)|(?:%\((?:due_)?at\)s|at \}\}) (?:को|पर) ",
    # How a city officer does not speak; `docs/words.md` has the words that are said instead.
    "en": r"\b[Tt]he cell\b|(?i:\b(?:anew|afresh|once more|whoever|somebody|everybody|clocks|mails"
    r"|by mail|mail address|hand(?:s|ed)? in|taken back|ratif(?:y|ied)|wished time|quiet times?"
    r"|blanks?(?!\)s)|pictures?(?!\)s)|owes?|stands|goes on|it lies|has to lie)\b)"
    # Code names, and the language of letters and of error messages; more as they go.
    r"|(?i:\b(?:rungs?|fences?|leases?|claims?|receipts?|payloads?|workers?|queues?|endpoints?"
    r"|backend|permalinks?|renditions?|variants?|hash|unhide|webhooks?|idempotent|null|cron"
    r"|take back|invalid|illegal|oops|sorry|hereby|herewith|thereof|kindly|shall"
    r"|upon|whilst|amongst)\b)",
}


def sentences(language: str) -> Iterator[tuple[str, str]]:
    """Yield where a text stands, and the text: pages, mails, and emergency templates."""
    for message in messages("mr" if language == "en" else language):
        for text in sources(message) if language == "en" else texts(message):
            yield str(message.id), text
    for mail in sorted((MAILS / language).glob("*.txt")):
        yield mail.name, mail.read_text(encoding="utf-8")
    for guide in sorted((GUIDES / language).glob("*.html")):
        yield guide.name, re.sub("{%.*?%}", "", guide.read_text(encoding="utf-8"))
    if language == "mr":
        yield EMERGENCY.name, EMERGENCY.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", FORBIDDEN)
def test_no_page_mail_or_warning_says_a_forbidden_word(language: str) -> None:
    found = [
        f"{word[0]!r} in {place}: {text}"
        for place, text in sentences(language)
        if (word := re.search(FORBIDDEN[language], text))
    ]
    assert found == []


def test_a_marathi_time_is_never_parted_from_its_postposition() -> None:
    found = [
        text
        for _place, text in sentences("mr")
        if re.search(r"(?:%\(\w+\)s|\}\}) (?:पासून|पर्यंत|नंतर)", text)
    ]
    assert found == []


def test_a_forbidden_word_is_found_and_one_that_contains_it_is_not() -> None:
    for language, text in (
        ("mr", "सर्व पहा"),
        ("hi", "{{ at }} पर ‘नमूना’"),
        ("en", "Ask the cell."),
    ):
        assert re.search(FORBIDDEN[language], text)
    assert not re.search(FORBIDDEN["mr"], "प्रणाली प्रशासकाने पहाटे थांबावे, पर्यायी मार्गाने")
