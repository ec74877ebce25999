"""Results of authentication are read as servers write them, and nothing else poses as one."""

from __future__ import annotations

from publisher.mail.messages.authentication import read_results
from publisher.mail.messages.headers import Headers
from publisher.mail.messages.message import AuthenticationResult
from publisher.mail.messages.structure import read_structure
from tests.support.tables import each

GOOGLE = (
    "Authentication-Results: mx.google.com;\r\n       dkim=pass header.i=@pune.example header.s=s1"
    ' header.b="ab/c";\r\n       spf=pass (google.com: domain of ward@pune.example '
    "designates 192.0.2.1"
    " as permitted sender; dmarc=fail) smtp.mailfrom=ward@pune.example;\r\n       "
    "dmarc=pass (p=REJECT"
    " sp=REJECT dis=NONE) header.from=pune.example\r\n"
)


def results_of(*headers: str) -> list[tuple[str, str, str, str]]:
    results = read_results(read_structure("".join(headers).encode()).headers)
    return [(result.server, result.method, result.outcome, result.domain) for result in results]


def test_the_results_of_a_large_provider_are_read() -> None:
    assert results_of(GOOGLE) == [
        ("mx.google.com", "dkim", "pass", "pune.example"),
        ("mx.google.com", "spf", "pass", "pune.example"),
        ("mx.google.com", "dmarc", "pass", "pune.example"),
    ]


def test_every_header_counts_in_its_order_whoever_claims_it() -> None:
    spoofed = "Authentication-Results: mx.google.com; dmarc=pass header.from=bank.example\r\n"
    assert [result[3] for result in results_of(GOOGLE, spoofed)][-1] == "bank.example"


@each(
    "header, results",
    [
        ("mx.pune.example; none", []),
        ("mx.pune.example 1; SPF=Fail smtp.mailfrom=X@Y.Example", [("spf", "fail", "y.example")]),
        (
            "mx.pune.example; spf/1 = pass (a (b; c) d) smtp.helo=h.example",
            [("spf", "pass", "h.example")],
        ),
        ("mx.pune.example (;dmarc=pass); dmarc=fail", [("dmarc", "fail", "")]),
        ('mx.pune.example; x="; dmarc=pass"; dmarc=fail', [("dmarc", "fail", "")]),
        ('mx.pune.example; dmarc=fail reason="a; dmarc=pass', [("dmarc", "fail", "")]),
        ("mx.pune.example; dmarc=fail (a; dmarc=pass", [("dmarc", "fail", "")]),
        ("mx.pune.example; auth=pass smtp.auth=x; iprev=pass", []),
    ],
)
def test_comments_and_quoted_texts_are_no_results(
    header: str, results: list[tuple[str, str, str]]
) -> None:
    expected = [("mx.pune.example", *result) for result in results]
    assert results_of(f"Authentication-Results: {header}\r\n") == expected


def test_a_server_that_does_not_name_itself_is_nobody() -> None:
    (result,) = read_results(
        Headers([("authentication-results", "spf=pass smtp.mailfrom=a.example; x=y")])
    )
    assert result == AuthenticationResult("", "spf", "pass", "a.example")
