"""HTML becomes text as a person would copy it."""

from __future__ import annotations

import pytest

from publisher.mail.messages.html_text import html_text
from publisher.mail.messages.legacy_fonts import is_legacy_font, is_legacy_text
from tests.support.tables import each


@each(
    "html, text",
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("a  \n b&nbsp;c", "a b c"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<table><tr><th>a<th>b<tr><td>c<br>d<td>e</table>", "a | b\nc d | e"),
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a | b"),
        ("<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>", "a\n\nb\nc"),
        ('<a href="https://x.example/a">see</a>', "see <https://x.example/a>"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="javascript:x()">see</a><a href="mailto:a@b.example">a</a>', "seea"),
        (
            '<a href="https://evil.example">https://x.example</a>',
            "https://x.example <https://evil.example>",
        ),
        ("<style>p{}</style><script>x</script><title>t</title>a", "a"),
        ('<p style="display: none">hidden</p>a', "a"),
        ('<blockquote type="cite">a<br>b</blockquote>', "> a\n> b"),
        ('<blockquote style="margin:0 0 0 40px">a</blockquote>', "a"),
        ('<img src="cid:x@y"><img data-emoji="🚰" alt="🚰">', "\ue000x@y\ue001🚰"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a<o:p></o:p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>b</p>", "a\n \nb"),
        ("", ""),
        ("<!-- only -->", ""),
        ("a\x00b", "ab"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert html_text(html).text.strip("\n") == text


@pytest.mark.parametrize(
    "family",
    [
        "Shivaji01",
        "Kruti Dev 010",
        "DVBW-TTYogeshEN",
        "DVB-TTSurekh",
        "AkrutiDevPriya",
        "SHREE-DEV-0708",
    ],
)
def test_legacy_fonts_are_known_by_name(family: str) -> None:
    assert is_legacy_font(f"'{family}', serif")
    assert html_text(f'<p><font face="{family}">puNao</font> b</p>').legacy == "puNao"


@pytest.mark.parametrize("family", ["Mangal", "Nirmala UI", "Noto Sans Devanagari"])
def test_fonts_of_unicode_are_none_of_them(family: str) -> None:
    assert not is_legacy_font(family)


@pytest.mark.parametrize(
    "text",
    [
        "The Pune Municipal Corporation is closing Karve Road on Thursday and Friday.",
        "Straßenbahn führt über die Brücke; Ärger für Fußgänger in Münster und Köln",
        "पुणे महानगरपालिका आणि नागरिक",
        "Señor, él está aquí; été, déjà, naïve, Noël",
    ],
)
def test_other_languages_are_no_legacy_font(text: str) -> None:
    assert not is_legacy_text(text)
