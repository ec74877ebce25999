"""The browser's and the server's counters return the same lengths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from publisher.platforms.x.text_length import count, sequences
from publisher.platforms.x.url_detection import endings
from tests.platforms.weights import CONFORMANCE, SAME_LINKS, WEIGHTS
from tools.counting_tables import script

STATIC = Path(__file__).resolve().parents[2] / "web" / "static"
NOTICES = (
    "गुरुवार, दि. १२ नोव्हेंबर २०२६ रोजी सकाळी ९.०० ते सायं. ६.०० या वेळेत पाणीपुरवठा बंद राहील.",
    "भाग: कोथरूड, कर्वेनगर व वारजे. अधिक माहिती: water.example.in/बंद",
    "डेंग्यू प्रतिबंध मोहीम 🦟 – आठवड्यातून एक दिवस ‘कोरडा दिवस’ पाळा! ☎ १८००-१०३-०२२२ #स्वच्छपुणे",
    "मिळकतकरात ५% सवलत — अंतिम दि. ३०.११.२०२६… https://tax.example.in/pay?ward=12&lang=mr ₹",
    "Road closed: FC Road (from Goodluck Chowk) 10 pm–5 am. See pib.gov.in, x.com/sarav_nagar.",
)
PIECES = (
    "a",
    "B",
    "क्ष",
    "ि",
    "あ",
    "é",
    "e\u0301",
    "_",
    "-",
    ".",
    "/",
    ":",
    "://",
    "http",
    "https://",
    "HTTP://",
    "pune",
    "com",
    "in",
    "भारत",
    "xn--",
    "xn--p1ai",
    "@",
    "#",
    "$",
    "＃",
    "+",
    " ",
    "\n",
    "(",
    ")",
    "?",
    "&x=1",
    "!",
    "…",
    "–",
    "\u200d",
    "\ufe0f",
    "\ufe0e",
    "\u20e3",
    "1",
    "❤",
    "❤️‍🔥",
    "👍",
    "🏽",
    "🏿",
    "🧑🏽‍🤝‍🧑🏿",
    "🇮",
    "🇳",
    "©",
    "😷",
    "\u202a",
    "\u2066",
    "\ufeff",
    "\uffff",
    "www.example.co.in",
    "क.भारत",
    "a.com/(b)",
)

Verdict = tuple[int, bool, int]


@pytest.fixture(scope="module")
def counter(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    opened.add_script_tag(path=str(STATIC / "counting-tables.js"))
    opened.add_script_tag(path=str(STATIC / "counting.js"))
    yield opened
    opened.close()


def by_browser(counter: Page, texts: list[str]) -> list[Verdict]:
    counts = counter.evaluate(
        "texts => texts.map(text => nagarvaniCount(text)).map(c => [c.weighted, c.valid, c.fits])",
        texts,
    )
    return [(weighted, valid, fits) for weighted, valid, fits in counts]


def by_server(texts: list[str]) -> list[Verdict]:
    return [(c.weighted, c.valid, c.fits) for c in map(count, texts)]


def assert_agree(counter: Page, texts: list[str]) -> None:
    for text, ours, theirs in zip(texts, by_server(texts), by_browser(counter, texts), strict=True):
        assert ours == theirs, ascii(text)


def conformance_texts() -> list[str]:
    if not CONFORMANCE.exists():
        return []
    sections = yaml.safe_load(CONFORMANCE.read_text(encoding="utf-8"))["tests"].values()
    return [case["text"] for section in sections for case in section]


def test_the_tables_in_the_browser_are_the_servers() -> None:
    laid = (STATIC / "counting-tables.js").read_text(encoding="utf-8")
    assert laid == script(), "write them anew: python -m tools.counting_tables FILE"


def test_both_agree_on_the_weights_worked_out_by_hand(counter: Page) -> None:
    assert [verdict[0] for verdict in by_browser(counter, list(WEIGHTS))] == list(WEIGHTS.values())
    assert_agree(counter, list(WEIGHTS))


@pytest.mark.parametrize(("text", "link", "is_there"), SAME_LINKS)
def test_both_agree_whether_a_text_has_the_link(
    counter: Page, text: str, link: str, is_there: bool
) -> None:
    has_link = counter.evaluate("([text, link]) => nagarvaniHasLink(text, link)", [text, link])
    assert has_link == is_there


def test_both_agree_on_every_text_of_the_conformance_file(counter: Page) -> None:
    if not CONFORMANCE.exists():
        pytest.skip("the conformance file does not lie beside the repository")
    assert_agree(counter, conformance_texts())


def test_both_agree_on_notices_at_every_keystroke(counter: Page) -> None:
    assert_agree(counter, [text[:end] for text in NOTICES for end in range(len(text) + 1)])


def test_both_know_every_emoji(counter: Page) -> None:
    emoji = sorted(sequences())
    assert {weighted for weighted, _, _ in by_browser(counter, emoji)} == {2}
    assert_agree(counter, [f"क{emoji}\ufe0f{emoji}\ufe0e1" for emoji in emoji])


def test_both_know_every_ending_of_a_host(counter: Page) -> None:
    texts = [f"http://city.{ending} city.{ending}त city.{ending}x" for ending in sorted(endings())]
    assert_agree(counter, texts)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), max_size=40))
def test_both_agree_on_any_mixture_of_awkward_pieces(counter: Page, texts: list[str]) -> None:
    assert_agree(counter, texts)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"])), max_size=60))
def test_both_agree_on_any_text(counter: Page, texts: list[str]) -> None:
    assert_agree(counter, texts)


def test_a_long_text_does_not_hang_the_browser(counter: Page) -> None:
    for piece in ("a.com/( ", "क.", "a.xn--", "@a.com", "http://", "👨‍👩‍👧‍👦", "a.com "):
        text = piece * (200_000 // len(piece))
        assert by_browser(counter, [text])[0][0] == count(text).weighted
