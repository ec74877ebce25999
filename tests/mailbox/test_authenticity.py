from __future__ import annotations

from dataclasses import replace

import pytest

from publisher.mail.mailbox import texts
from publisher.mail.mailbox.senders import Authenticity, check_authenticity
from publisher.mail.messages.message import AuthenticationResult
from tests.support.mailed import SERVER, message
from tests.support.tables import each

SENDER = "kiran@water.pmc.example"


def finding(
    method: str, outcome: str, domain: str = "", server: str = SERVER
) -> AuthenticationResult:
    return AuthenticationResult(server, method, outcome, domain)


def below(method: str, outcome: str) -> AuthenticationResult:
    """Return a finding that stands below the first Received header, so that it is the sender's."""
    return replace(finding(method, outcome), received=1)


@each(
    "findings, verdict",
    [
        ([], Authenticity.FAILED),
        ([finding("dmarc", "pass", "water.pmc.example")], Authenticity.PASSED),
        ([finding("dmarc", "pass")], Authenticity.PASSED),
        ([finding("dmarc", "pass", "elsewhere.example")], Authenticity.FAILED),
        ([finding("dmarc", "fail", "water.pmc.example")], Authenticity.FAILED),
        ([finding("dmarc", "none"), finding("spf", "pass", SENDER)], Authenticity.PASSED),
        ([finding("dkim", "pass", "pmc.example")], Authenticity.PASSED),
        ([finding("dkim", "pass", "c.example")], Authenticity.FAILED),
        ([finding("dkim", "pass", "example")], Authenticity.FAILED),
        ([finding("spf", "softfail", "water.pmc.example")], Authenticity.FAILED),
        (
            [finding("dmarc", "pass", "water.pmc.example", server="mx.elsewhere.example")],
            Authenticity.FAILED,
        ),
        # Our server writes its own result on top of one that a sender forged in its name.
        ([finding("dmarc", "fail"), finding("dmarc", "pass")], Authenticity.FAILED),
        ([finding("spf", "fail"), below("dmarc", "pass")], Authenticity.FAILED),
        ([finding("dkim", "pass", "pmc.example"), below("dmarc", "pass")], Authenticity.PASSED),
        ([finding("dkim", "pass", "pmc.example"), below("dmarc", "fail")], Authenticity.PASSED),
        ([below("dmarc", "pass")], Authenticity.FAILED),
    ],
)
def test_only_our_own_servers_first_result_proves_the_sender(
    findings: list[AuthenticationResult], verdict: Authenticity
) -> None:
    mail = message(SENDER, results=tuple(findings))
    assert check_authenticity(mail, mail_server=SERVER) is verdict


def test_without_a_server_of_ours_nothing_is_checked() -> None:
    assert check_authenticity(message(SENDER), mail_server="") is Authenticity.UNCHECKED


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("There will be no water in the east on Saturday.", "text_en"),
        ("शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील.", "text_mr"),
        ("शनिवार को शहर के पूर्वी भाग में पानी की आपूर्ति बंद रहेगी।", "text_hi"),
        ("पाणीपुरवठा बंद. No water on Saturday in the east.", "text_mr"),
        ("१२३", "text_mr"),
    ],
)
def test_a_text_stands_in_the_field_of_its_language(text: str, field: str) -> None:
    assert texts.choose_field(text) == field


@pytest.mark.parametrize("subject", ["Fwd: पाणी बंद", "RE: Fw: पाणी\u202e बंद", " पाणी\tबंद "])
def test_a_title_is_the_subject_in_its_own_words(subject: str) -> None:
    assert texts.mail_title(message(SENDER, subject=subject)) == "पाणी बंद"
