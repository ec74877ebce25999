"""Parsing pasted links: the account, and the platform's id of the post."""

from __future__ import annotations

import pytest

from publisher.delivery.permalinks import LONGEST, read_link
from publisher.models.deliveries import Account
from publisher.validation import Invalid
from tests.support.tables import each

X = Account(platform="x", handle="PMCPune", url="https://x.com/PMCPune")
PAGE = Account(platform="facebook", handle="PMCPune", url="https://www.facebook.com/PMCPune")
PRACTICE = Account(
    platform="facebook", handle="सराव", url="http://127.0.0.1:5070/facebook/10020030040050"
)


@pytest.mark.parametrize(
    "link",
    [
        "https://x.com/PMCPune/status/1861000000000000001",
        "https://twitter.com/pmcpune/status/1861000000000000001?s=20&t=abc",
        "  https://mobile.x.com/PMCPune/status/1861000000000000001/photo/1 ",
        "http://www.x.com/PMCPune/status/1861000000000000001#top",
    ],
)
def test_a_post_on_x_is_known_by_its_number(link: str) -> None:
    assert read_link(link, X, is_reply=False).platform_id == "1861000000000000001"


@each(
    "link, page_id, expected",
    [
        ("https://www.facebook.com/PMCPune/posts/777", "55", "55_777"),
        ("https://m.facebook.com/PMCPune/posts/some-words/777/?ref=share", "55", "55_777"),
        ("https://www.facebook.com/55/posts/777", "55", "55_777"),
        ("https://facebook.com/permalink.php?story_fbid=777&id=55", "55", "55_777"),
        ("https://www.facebook.com/PMCPune/posts/777", "", ""),
        ("https://www.facebook.com/PMCPune/posts/pfbid0abcXYZ", "55", ""),
        ("https://facebook.com/permalink.php?story_fbid=pfbid0abc&id=55", "55", ""),
        (f"https://www.facebook.com/PMCPune/posts/{'7' * 41}", "55", ""),
        ("https://facebook.com/permalink.php?story_fbid=७७७&id=55", "55", ""),
    ],
)
def test_a_post_on_facebook_is_known_by_page_and_number_or_looked_for(
    link: str, page_id: str, expected: str
) -> None:
    assert read_link(link, PAGE, is_reply=False, page_id=page_id).platform_id == expected


@pytest.mark.parametrize(
    ("account", "link", "is_reply", "url"),
    [
        (
            X,
            "http://mobile.twitter.com/PMCPune/status/7/photo/1?s=20#top",
            False,
            "/PMCPune/status/7",
        ),
        (
            PAGE,
            "https://m.facebook.com/PMCPune/posts/some-words/777/?ref=share",
            False,
            "/PMCPune/posts/777",
        ),
        (PAGE, "https://facebook.com/permalink.php?story_fbid=777&id=55", False, "/55/posts/777"),
        (
            PAGE,
            "https://www.facebook.com/l.php?u=https%3A%2F%2Fevil.example%2F&story_fbid=777&id=55",
            False,
            "/55/posts/777",
        ),
        (
            PAGE,
            "https://facebook.com/PMCPune/posts/pfbid0abc?x=1",
            False,
            "/PMCPune/posts/pfbid0abc",
        ),
        (
            PAGE,
            "https://facebook.com/permalink.php?story_fbid=7%2F..%2Fa%3Fb&id=55",
            False,
            "/55/posts/7%2F..%2Fa%3Fb",
        ),
        (
            PAGE,
            "https://web.facebook.com/PMCPune/posts/777?u=1&reply_comment_id=9&comment_id=8",
            True,
            "/PMCPune/posts/777?comment_id=8&reply_comment_id=9",
        ),
    ],
)
def test_a_link_is_stored_as_the_platform_itself_writes_it(
    account: Account, link: str, is_reply: bool, url: str
) -> None:
    pasted = read_link(link, account, is_reply=is_reply, page_id="55")
    web_url = "https://x.com" if account is X else "https://www.facebook.com"
    assert pasted.url == web_url + url


def test_a_practice_platform_keeps_its_own_address() -> None:
    link = (
        "http://127.0.0.1:5070/facebook/l.php?u=http://evil.example&story_fbid=12&id=10020030040050"
    )
    pasted = read_link(link, PRACTICE, is_reply=False)
    assert pasted.url == "http://127.0.0.1:5070/facebook/10020030040050/posts/12"


def test_an_answer_on_facebook_is_known_by_post_and_comment() -> None:
    link = "https://www.facebook.com/PMCPune/posts/777?comment_id=888"
    pasted = read_link(link, PAGE, is_reply=True, page_id="55")
    assert (pasted.platform_id, pasted.url) == ("777_888", link)
    nested = read_link(f"{link}&reply_comment_id=999", PAGE, is_reply=True, page_id="55")
    assert nested.platform_id == "777_999"


def test_a_practice_platform_stands_at_the_address_of_its_account() -> None:
    link = "http://127.0.0.1:5070/facebook/10020030040050/posts/12"
    assert read_link(link, PRACTICE, is_reply=False).platform_id == "10020030040050_12"


@each(
    "account, link, code",
    [
        (X, "", "link"),
        (X, "PMCPune 1861", "link"),
        (X, "javascript:alert(1)", "link"),
        (X, "https://user:word@x.com/PMCPune/status/1", "link"),
        (X, "https://x.com/PMCPune/status/1?" + "a" * LONGEST, "link"),
        (X, "https://x.com.example.org/PMCPune/status/1", "other_platform"),
        (X, "https://www.facebook.com/PMCPune/posts/1", "other_platform"),
        (X, "https://x.com:8443/PMCPune/status/1", "other_platform"),
        (X, "https://x.com/PMCPune", "names_no_post"),
        (X, "https://x.com/i/web/status/1", "names_no_post"),
        (X, "https://x.com/PMCPune/status/one", "names_no_post"),
        (X, "https://x.com/PMCPune/status/१२३", "names_no_post"),
        (X, "https://x.com/PMC_Pune/status/1", "other_account"),
        (PAGE, "https://www.facebook.com/share/p/1AbC/", "names_no_post"),
        (PAGE, "https://www.facebook.com/photo/?fbid=1", "names_no_post"),
        (PAGE, "https://www.facebook.com/permalink.php?story_fbid=1", "names_no_post"),
        (PAGE, "https://www.facebook.com/permalink.php?story_fbid=1&id=56", "other_account"),
        (PAGE, "https://www.facebook.com/AnotherPage/posts/1", "other_account"),
    ],
)
def test_what_leads_elsewhere_is_refused_by_name(account: Account, link: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_link(link, account, is_reply=False, page_id="55")
    assert refusal.value.codes == [("link", code)]


def test_a_link_to_the_post_is_no_link_to_the_answer() -> None:
    with pytest.raises(Invalid) as refusal:
        read_link("https://www.facebook.com/PMCPune/posts/777", PAGE, is_reply=True, page_id="55")
    assert refusal.value.codes == [("link", "names_no_answer")]
