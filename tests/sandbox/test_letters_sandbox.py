"""A visitor writes to the Cell on a page of the letterbox; the demo reads it as a mailbox."""

from __future__ import annotations

import re
import smtplib
from base64 import b64decode
from email.message import EmailMessage

import pytest
import requests

from publisher.mail.messages.message import MailMessage
from publisher.mail.messages.read import read_message
from sandbox.letters import MAIL_SERVER, OUTCOMES
from sandbox.server import SandboxAddresses

NUMBER = "पोच: PMC/2026/000001"
KIRAN = "kiran@pmc.example"
PEOPLE = [
    {"address": "cell@pmc.example", "name": "", "office": ""},
    {"address": KIRAN, "name": "किरण वाबळे", "office": "पाणीपुरवठा"},
    {"address": "water@pmc.example", "name": "", "office": "पाणीपुरवठा"},
]


def introduce(url: str) -> None:
    """Set who may write, as the demo does."""
    requests.post(f"{url}/correspondents", json=PEOPLE, timeout=5).raise_for_status()


def unread(url: str) -> dict[int, MailMessage]:
    """Return the letters that were not read, as the product reads them."""
    rows = requests.get(f"{url}/letters.json", timeout=5).json()
    return {row["id"]: read_message(b64decode(row["raw"])) for row in rows}


def test_a_letter_is_a_real_mail_with_its_files(url: str) -> None:
    introduce(url)
    page = requests.get(f"{url}/letterbox/write", timeout=5).text
    assert "किरण वाबळे" in page
    fields = {"sender": KIRAN, "subject": "पाणी बंद\r\nBcc: x", "text": "गुरुवारी बंद.\n.\n"}
    files = [("files", ("टाकी.jpg", b"\xff\xd8", "image/jpeg"))]
    sent = requests.post(f"{url}/letterbox/write", data=fields, files=files, timeout=5)
    assert "अद्याप वाचलेली नाही" in sent.text
    [mail] = unread(url).values()
    assert (mail.sender.address, mail.sender.name) == (KIRAN, "किरण वाबळे")
    assert (mail.subject, mail.text) == ("पाणी बंद Bcc: x", "गुरुवारी बंद.\n.")
    assert [(file.name, file.content) for file in mail.files] == [("टाकी.jpg", b"\xff\xd8")]
    [proof] = mail.results
    assert (proof.server, proof.outcome, proof.domain) == (MAIL_SERVER, "pass", "pmc.example")


def test_an_answer_quotes_the_mail_and_stands_in_its_thread(
    sandbox_server: SandboxAddresses,
) -> None:
    url = sandbox_server.url
    introduce(url)
    acknowledgement = EmailMessage()
    acknowledgement["From"], acknowledgement["To"] = "cell@pmc.example", KIRAN
    acknowledgement["Subject"], acknowledgement["Message-ID"] = NUMBER, "<ack@pmc.example>"
    acknowledgement["Date"] = "Wed, 25 Nov 2026 12:00:00 +0530"
    acknowledgement.set_content("प्रस्ताव मिळाला.")
    with smtplib.SMTP("127.0.0.1", sandbox_server.smtp_port) as client:
        client.send_message(acknowledgement)
    shown = requests.get(f"{url}/letterbox/1", timeout=5).text
    answer = re.search(r'href="(/letterbox/write[^"]+)"', shown)
    assert answer
    form = requests.get(url + answer[1], timeout=5).text
    assert f'value="Re: {NUMBER}"' in form
    assert f'value="{KIRAN}" selected' in form
    assert "&gt; प्रस्ताव मिळाला." in form
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.DOTALL)
    assert text
    fields = {
        "answer": "1",
        "other": "a@example.org",
        "subject": f"Re: {NUMBER}",
        "text": "होय." + text[1].replace("&gt;", ">").replace("&lt;", "<"),
        "forged": "on",
    }
    requests.post(f"{url}/letterbox/write", data=fields, timeout=5).raise_for_status()
    [mail] = unread(url).values()
    assert mail.in_reply_to == mail.references == ("ack@pmc.example",)
    assert (mail.sender.address, mail.text) == ("a@example.org", "होय.")
    assert mail.results[0].outcome == "fail"


@pytest.mark.parametrize("sender", ["", "nobody", "a@b@c.example", "a@x.example\r\nBcc: b@c"])
def test_a_letter_without_an_address_is_not_sent_and_stays_in_the_form(
    url: str, sender: str
) -> None:
    introduce(url)
    fields = {"other": sender, "subject": "विषय", "text": "मजकूर तसाच"}
    response = requests.post(f"{url}/letterbox/write", data=fields, timeout=5)
    assert response.status_code == 400
    assert 'aria-invalid="true"' in response.text
    assert "मजकूर तसाच" in response.text
    assert unread(url) == {}


@pytest.mark.parametrize("outcome", [name for name in OUTCOMES if name])
def test_what_became_of_a_letter_is_said_with_a_link(url: str, outcome: str) -> None:
    introduce(url)
    fields = {"sender": KIRAN, "subject": "", "text": ""}
    written = requests.post(f"{url}/letterbox/write", data=fields, timeout=5).url
    body = {"outcome": outcome, "url": "http://127.0.0.1:5000/submissions/7"}
    assert requests.post(f"{url}/letters/1", json=body, timeout=5).ok
    assert unread(url) == {}
    for page in (written, f"{url}/letterbox"):
        assert OUTCOMES[outcome] in requests.get(f"{page}?lang=en", timeout=5).text
    assert f'href="{body["url"]}"' in requests.get(written, timeout=5).text


@pytest.mark.parametrize(
    "body",
    [{}, {"outcome": "lost", "url": "http://x"}, {"outcome": "joined", "url": "javascript:1"}],
)
def test_an_outcome_that_is_none_is_refused(url: str, body: dict[str, str]) -> None:
    assert requests.post(f"{url}/letters/1", json=body, timeout=5).status_code == 400


def test_where_nobody_reads_letters_none_is_written(url: str) -> None:
    assert requests.get(f"{url}/letterbox/write", timeout=5).status_code == 404
    assert "/letterbox/write" not in requests.get(f"{url}/letterbox", timeout=5).text
    assert (
        requests.post(f"{url}/correspondents", json=[{"name": "x"}], timeout=5).status_code == 400
    )
