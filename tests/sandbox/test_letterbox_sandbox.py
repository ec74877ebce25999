"""The letterbox over real SMTP."""

from __future__ import annotations

import smtplib
from email.header import Header

import pytest
import requests

from sandbox.server import SandboxAddresses
from tests.sandbox.platform_clients import Json, add_fault, post_mail


def mails(places: SandboxAddresses, to: str = "") -> list[Json]:
    response = requests.get(f"{places.url}/letterbox.json", params={"to": to}, timeout=5)
    letters: list[Json] = response.json()
    return letters


def test_a_mail_is_kept_whole_and_taken_apart(sandbox_server: SandboxAddresses) -> None:
    post_mail(
        sandbox_server.smtp_port,
        "पोच क्रमांक PMC/2026/000001",
        text="पाहा: http://127.0.0.1:5000/links/abc",
        html="<p>पाहा</p>",
        file="अभिलेख.pdf",
    )
    [mail] = mails(sandbox_server)
    assert mail["subject"] == "पोच क्रमांक PMC/2026/000001"
    assert mail["recipients"] == ["a@example.org"]
    assert mail["text"].strip() == "पाहा: http://127.0.0.1:5000/links/abc"
    assert mail["html"].strip() == "<p>पाहा</p>"
    assert mail["attachments"] == ["अभिलेख.pdf"]
    assert mails(sandbox_server, "A@EXAMPLE.ORG") == [mail]
    assert mails(sandbox_server, "b@example.org") == []


def test_a_long_name_of_a_sender_has_no_gap(sandbox_server: SandboxAddresses) -> None:
    name = Header("पुणे महानगरपालिका", "utf-8", header_name="From").encode()
    assert name.count("=?utf-8?") == 2
    with smtplib.SMTP("127.0.0.1", sandbox_server.smtp_port) as client:
        mail = f"From: {name} <cell@example.org>\r\n\r\n."
        client.sendmail("cell@example.org", ["a@example.org"], mail)
    [kept] = mails(sandbox_server)
    assert kept["headers"]["From"] == "पुणे महानगरपालिका <cell@example.org>"


@pytest.mark.parametrize(
    ("kind", "code", "count"),
    [("error_before", 451, 0), ("error_after", 451, 1), ("blocked", 550, 0)],
)
def test_a_mail_may_be_refused_before_or_after_it_is_kept(
    sandbox_server: SandboxAddresses, kind: str, code: int, count: int
) -> None:
    add_fault(sandbox_server.url, "letterbox", "mail", kind)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        post_mail(sandbox_server.smtp_port)
    assert refused.value.smtp_code == code
    assert len(mails(sandbox_server)) == count
    post_mail(sandbox_server.smtp_port)
    assert len(mails(sandbox_server)) == count + 1


def test_the_connection_may_end_after_a_mail_is_kept(sandbox_server: SandboxAddresses) -> None:
    add_fault(sandbox_server.url, "letterbox", "mail", "reset_after")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        post_mail(sandbox_server.smtp_port)
    assert len(mails(sandbox_server)) == 1


def test_where_an_sms_came_nothing_says_that_no_mail_did(sandbox_server: SandboxAddresses) -> None:
    nothing = "There is no mail yet."
    page = f"{sandbox_server.url}/letterbox?to=9822012345&lang=en"
    assert nothing in requests.get(page, timeout=5).text
    sms = {"to": "919822012345", "text": "कोड 12345678"}
    requests.post(f"{sandbox_server.url}/sms", json=sms, timeout=5)
    assert nothing not in requests.get(page, timeout=5).text


def test_a_mails_page_shows_text_with_links_framed_html_and_attachments(
    sandbox_server: SandboxAddresses,
) -> None:
    html = (
        "<html><head></head><body><script>x</script><a href='http://a.example'>a</a></body></html>"
    )
    text = "पाहा http://127.0.0.1:5000/links/abc."
    post_mail(sandbox_server.smtp_port, "विषय <b>", text=text, html=html, file="a.pdf")
    page = requests.get(f"{sandbox_server.url}/letterbox/1", timeout=5).text
    assert 'href="http://127.0.0.1:5000/links/abc"' in page
    assert "विषय &lt;b&gt;" in page
    assert "a.pdf" in page
    assert "<script>" not in page
    framed = requests.get(f"{sandbox_server.url}/letterbox/1/html", timeout=5)
    assert '<head><base target="_blank"><style>@font-face' in framed.text
    policy = framed.headers["Content-Security-Policy"]
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
