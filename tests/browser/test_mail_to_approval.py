"""A mail from a phone is published once its officer has approved by the link of the review mail.

Four people, each at 390 px in Marathi: who writes the mail, the clerk, the officer, and the lead.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from approvals.states import PostState
from demo.notices import DemoNotice
from publisher.auth.one_time_links import LinkPurpose
from publisher.mail.mailbox.reader import tick_mailbox
from publisher.models.people import Link
from publisher.models.posts import Decision, DecisionCredential, Post
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.sms import tick_sms
from publisher.settings.sms import SmsTemplate
from sandbox.server import SandboxAddresses, run_sandbox
from tests.browser.journey import Journey, open_journey, path_of, see_photos, unfold
from tests.browser.test_approve_link import DONE
from tests.browser.test_journey import ACT, notice, press, schedule, write_texts
from tests.mailbox.test_reader import reading_of
from tests.notifications.test_sms import gateway, letterbox
from tests.review.test_review_mail import html_of, pictures_of
from tests.support import chromium, dovecot
from tests.support.accessibility import examine
from tests.support.mail import Mail, MailServer
from tests.support.mail_samples.builder import (
    b_word,
    base64_lines,
    headers,
    multipart,
    part,
    quoted_printable,
)
from tests.support.mailed import address_of
from tests.support.runs import Run
from tests.web.approval_link_steps import MOBILE, give_mobile
from tests.web.site import Site

__all__ = ["notice"]

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(dovecot.missing()), reason=dovecot.missing()),
]
CODE = SmsTemplate(
    "1", "नगरवाणी: {#var#} हा संकेतांक “{#var#}” च्या मान्यतेसाठी आहे.", ("secret", "title")
)
#: Rules of axe about a page's landmarks: a mail is shown inside the page of its reader's program.
OF_WHOLE_PAGES = frozenset({"landmark-one-main", "region"})
BUTTON, BY_CODE = "पाहून निर्णय द्या", "लिंक व संकेतांकाने"


@pytest.fixture
def journey(
    browser: Browser, run: Run, tmp_path: Path, shoot: Callable[[Page, str], None]
) -> Iterator[Journey]:
    """Open a city in which everybody has a phone."""
    with open_journey(browser, run, tmp_path, width=390, shoot=shoot) as opened:
        yield opened


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxAddresses]:
    """Run the gateway that takes the SMS."""
    with run_sandbox(path=tmp_path / "sandbox") as running:
        yield running


def test_a_mail_from_a_phone_is_published_after_an_approval_by_the_link(
    journey: Journey, notice: DemoNotice, mail_server: MailServer, sandbox: SandboxAddresses
) -> None:
    with dovecot.serving() as mailbox:
        mailbox.deliver(mail_of(address_of(journey.town, "member"), notice))
        assert tick_mailbox(reading_of(journey.town, mailbox), waits=False) == 1
    read_acknowledgement(journey, notice, mail_server)
    post = draft(journey, notice)
    send_mails(journey, mail_server)
    phone = open_review_mail(journey, notice, mail_server.to("first@pmc.example")[-1])
    look_from_elsewhere(journey, phone.url)
    approve(journey, phone, notice, sandbox)
    page = journey.go("clerk", post)
    expect(page.locator("main")).to_contain_text(BY_CODE)
    journey.keep_picture(page, "history")
    schedule(journey, post, by="lead")


def mail_of(sender: str, notice: DemoNotice) -> bytes:
    """Return the mail as the iPhone's program writes it, with the photo after the text."""
    words = [notice.mr.title[start : start + 12] for start in range(0, len(notice.mr.title), 12)]
    text = "Content-Type: text/plain;\r\n\tcharset=utf-8"
    encoding = "Content-Transfer-Encoding: quoted-printable"
    photo = part(
        base64_lines(notice.photos[1].read()),
        "Content-Type: image/jpeg;\r\n\tname=IMG_2214.jpeg;\r\n\tx-apple-part-url=1",
        "Content-Disposition: inline;\r\n\tfilename=IMG_2214.jpeg",
        "Content-Transfer-Encoding: base64",
    )
    top = headers(
        "\r\n ".join(b_word(word, "utf-8") for word in words),
        "Mime-Version: 1.0 (1.0)",
        "Message-Id: <6B1F0A52-7C1E-4E0B-9D5C-2F1A@pmc.example>",
        "X-Mailer: iPhone Mail (22F76)",
        "Content-Type: multipart/mixed; boundary=Apple-Mail-5A",
        sender=f"{b_word('किरण वाबळे', 'utf-8')} <{sender}>",
    )
    texts = [quoted_printable(f"{notice.mr.body}\n\n"), quoted_printable("\n\nSent from my iPhone")]
    first, last = (part(content, text, encoding) for content in texts)
    return top + b"\r\n" + multipart("Apple-Mail-5A", first, photo, last)


def address_on_phone(journey: Journey) -> str:
    """Return the address of the pages at which a browser takes secure cookies without TLS."""
    return journey.server.address.replace("127.0.0.1", "localhost")


def send_mails(journey: Journey, mail_server: MailServer) -> None:
    town = journey.town
    tick_mail(
        town.database,
        MailOrigin(
            smtp_url=mail_server.url,
            mail_from="सोशल मिडिया कक्ष <cell@pmc.example>",
            base_url=address_on_phone(journey),
            reply_to="cell@pmc.example",
        ),
        now=town.clock,
        store=town.store,
    )


def read_acknowledgement(journey: Journey, notice: DemoNotice, mail_server: MailServer) -> None:
    """Let the member read the acknowledgement, and open the status at its link."""
    send_mails(journey, mail_server)
    (mail,) = mail_server.to(address_of(journey.town, "member"))
    assert mail.content["In-Reply-To"] == "<6B1F0A52-7C1E-4E0B-9D5C-2F1A@pmc.example>"
    assert "PMC/2026/000001" in mail.subject
    (path,) = {
        line.removeprefix(address_on_phone(journey))
        for line in mail.text.split()
        if line.startswith(address_on_phone(journey))
    }
    page = journey.go("member", path)
    expect(page.locator("main")).to_contain_text(notice.mr.title)
    expect(page.locator("main")).not_to_contain_text("Sent from my iPhone")
    assert page.locator("main img").count() >= 1
    check(journey, page, "status-received")


def check(
    journey: Journey, page: Page, name: str, *, apart_from: frozenset[str] = frozenset()
) -> None:
    """The page has no finding of axe, apart from these rules, and does not scroll sideways."""
    journey.keep_picture(page, name)
    assert {finding.rule for finding in examine(page).violations} <= apart_from
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def draft(journey: Journey, notice: DemoNotice) -> str:
    """Let the clerk take a proposal, write the texts, and send them; return the post's path."""
    page = journey.go("clerk", "/")
    press(page, ".work-item a")
    press(page, "form[action$='/draft'] button")
    journey.keep_picture(page, "proposals")
    press(page, "button[name=then][value^='use:']")
    write_texts(page, notice)
    for language, text in (("mr", notice.photos[1].alt_mr), ("en", notice.photos[1].alt_en)):
        unfold(page, f"#alt_0_{language}")
        page.fill(f"#alt_0_{language}", text)
    press(page, "button[value=send]")
    journey.keep_picture(page, "post-in-review")
    return path_of(page)


def open_review_mail(journey: Journey, notice: DemoNotice, mail: Mail) -> Page:
    """Show the mail's HTML on the officer's phone, and press its button; return the page."""
    html = html_of(mail)
    for name, content in pictures_of(mail).items():
        html = html.replace(f"cid:{name}", f"data:image/jpeg;base64,{b64encode(content).decode()}")
    window = chromium.open_window(journey.browser, width=390)
    journey.pages["phone"] = phone = window.new_page()
    phone.set_content(html)
    assert notice.mr.text_on("x") in phone.inner_text("body")
    assert phone.locator("img").first.get_attribute("alt") == notice.photos[1].alt_mr
    check(journey, phone, "review-mail", apart_from=OF_WHOLE_PAGES)
    with phone.expect_navigation():
        phone.get_by_role("link", name=BUTTON).click()
    return phone


def look_from_elsewhere(journey: Journey, address: str) -> None:
    """Scanners and a chat's preview change nothing; a colleague reads whose link it is."""
    local = address.replace("localhost", "127.0.0.1")
    for program in ("Mail scanner", "WhatsApp/2.23 A"):
        for method in ("GET", "HEAD", "GET", "HEAD"):
            request = Request(local, headers={"User-Agent": program}, method=method)
            with urlopen(request, timeout=30) as response:
                assert response.headers["Cache-Control"] == "no-store"
    page = journey.go("second", address.removeprefix(address_on_phone(journey)))
    expect(page.locator("main")).to_contain_text("मेधा सातपुते")
    check(journey, page, "link-of-another")
    with journey.town.read() as session:
        links = session.scalars(select(Link).where(Link.purpose == LinkPurpose.APPROVE)).all()
        assert {link.used_at for link in links} == {None}
        assert session.scalars(select(Decision)).all() == []


def approve(journey: Journey, phone: Page, notice: DemoNotice, sandbox: SandboxAddresses) -> None:
    """Let the officer ask for the code, type what the SMS says, look at everything, and approve."""
    site, town = Site(journey.town, journey.server.app), journey.town
    give_mobile(site, "first")
    sms = gateway(f"{sandbox.url}/sms", sms_templates={"approval_code": CODE})
    context = site.app.extensions["house"]
    settings = replace(context.settings, sms=sms)
    site.app.extensions["house"] = replace(context, settings=settings)
    phone.reload()
    expect(phone.locator("main")).not_to_contain_text(notice.mr.text_on("x").split("\n")[0])
    check(journey, phone, "proof")
    press(phone, "form:has(input[value=send]) button")
    assert tick_sms(town.database, sms=sms, base_url=address_on_phone(journey), now=town.clock)
    (message,) = letterbox(sandbox, MOBILE)
    assert notice.mr.title[:20] in str(message["text"])  # shortened as an SMS needs it
    phone.fill("#code", str(message["text"]).split()[1])
    press(phone, ACT)
    main = phone.locator("main")
    expect(main).to_contain_text(notice.mr.text_on("facebook").split("\n")[0])
    expect(main).to_contain_text(notice.photos[1].alt_mr)
    picture = phone.locator("#photos img").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    expect(picture).not_to_have_js_property("naturalWidth", 0)
    check(journey, phone, "open")
    see_photos(phone)
    press(phone, "form[data-once] .btn-act")
    expect(main).to_contain_text(DONE)
    check(journey, phone, "used")
    with town.read() as session:
        (decision,) = session.scalars(select(Decision)).all()
        assert decision.credential is DecisionCredential.LINK_AND_CODE
        assert session.get_one(Post, decision.revision.post_id).state is PostState.APPROVED
