"""The pages on which a person comments as a citizen, reads mail and adds faults."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from sandbox.credentials import FACEBOOK_APP_ID
from sandbox.facebook.issued_tokens import SCOPES
from sandbox.faults import OPERATIONS, Kind
from sandbox.pages import blueprint
from sandbox.pages.translations import ENGLISH, MARATHI
from sandbox.server import SandboxAddresses
from tests.sandbox.platform_clients import (
    CITY,
    CITY_PAGE,
    WATER,
    add_comment,
    graph,
    ledger,
    picture,
    post_mail,
    x_client,
)
from tests.sandbox.test_connecting_x import Handler
from tests.sandbox.test_letters_sandbox import KIRAN, introduce
from tests.support.accessibility import Findings

TEMPLATES = Path(blueprint.__file__).parents[1] / "templates"


def posts(url: str) -> dict[str, str]:
    """Add a post on each platform, and return their pages."""
    x = x_client(url).create_tweet(text="पाणी बंद, पाहा https://example.org/mr")["data"]["id"]
    facebook = graph(url).put_object("me", "feed", message="रस्ता बंद")["id"]
    number = facebook.partition("_")[2]
    return {
        "x": f"{url}/x/{CITY.username}/status/{x}",
        "facebook": f"{url}/facebook/{CITY_PAGE.id}/posts/{number}",
    }


def parent_of(page: str) -> str:
    match = re.search(r'name="parent_id" value="([^"]+)"', page)
    assert match
    return match[1]


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_a_citizen_comments_and_answers_a_comment_without_script(url: str, platform: str) -> None:
    address, visitor = posts(url)[platform], requests.Session()
    post = parent_of(visitor.get(address).text)
    sent = {
        "platform": platform,
        "post_id": post,
        "parent_id": post,
        "author": "आशा",
        "text": "कधी सुरू होईल?",
    }
    response = visitor.post(f"{url}/comments", data=sent)
    assert response.url.startswith(address + "#c")
    assert "कधी सुरू होईल?" in response.text
    comment = str(ledger(url, platform)[-1]["id"])
    visitor.post(f"{url}/comments", data=sent | {"parent_id": comment, "text": "आम्हालाही सांगा"})
    below = ledger(url, platform)[-1]
    assert (below["parent_id"], below["root_id"]) == (comment, post)
    page = visitor.get(address).text
    assert page.count('class="thread"') == 2
    assert 'value="आशा"' in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"author": " "}, "नाव लिहा."), ({"text": ""}, "टिप्पणी लिहा"), ({"text": "क" * 8001}, "कमाल")],
)
def test_a_refused_comment_stays_in_the_form_with_the_reason_at_its_field(
    url: str, changed: dict[str, str], says: str
) -> None:
    address = posts(url)["facebook"]
    post = parent_of(requests.get(address, timeout=5).text)
    sent = {
        "platform": "facebook",
        "post_id": post,
        "parent_id": post,
        "author": "Ravi",
        "text": "Kadhi?",
    } | changed
    response = requests.post(f"{url}/comments", data=sent, timeout=5)
    assert response.status_code == 400
    [field] = changed
    assert f'id="{field}-{post}-wrong"' in response.text
    assert f'aria-invalid="true" aria-describedby="{field}-{post}-wrong"' in response.text
    assert says in response.text
    for name in {"author", "text"} - {field}:
        assert sent[name] in response.text
    assert len(ledger(url, "facebook")) == 1


def test_a_form_from_another_site_is_refused(url: str) -> None:
    fault = {"platform": "x", "kind": "lag"}
    headers = {"Origin": "https://elsewhere.example"}
    response = requests.post(f"{url}/faults", data=fault, headers=headers, timeout=5)
    assert response.status_code == 403
    response = requests.post(f"{url}/faults", data=fault, headers={"Origin": url}, timeout=5)
    assert response.status_code == 200
    assert len(requests.get(f"{url}/faults.json", timeout=5).json()) == 1


def test_the_form_sets_and_clears_faults_and_names_the_wrong_field(url: str) -> None:
    fault = {
        "platform": "x",
        "operation": "publish",
        "kind": "hang_after",
        "count": "always",
        "seconds": "9",
        "skip": "0",
        "code": "",
        "account": "",
    }
    page = requests.post(f"{url}/faults", data=fault, timeout=5).text
    assert "नोंदीनंतर अडकणे" in page
    assert "सेकंद: ९" in page
    page = requests.post(f"{url}/faults", data=fault | {"seconds": "soon"}, timeout=5).text
    assert 'id="seconds-wrong"' in page
    page = requests.post(f"{url}/faults/clear", timeout=5).text
    assert "सध्या एकही बिघाड चालू नाही." in page


def test_english_is_one_click_away_and_the_choice_is_kept(url: str) -> None:
    visitor = requests.Session()
    assert '<html lang="mr">' in visitor.get(url).text
    english = visitor.get(f"{url}/?lang=en").text
    assert "Practice platform" in english
    assert '<html lang="en">' in visitor.get(f"{url}/letterbox").text
    assert '<html lang="mr">' in visitor.get(f"{url}/letterbox?lang=mr").text


def test_every_text_of_the_templates_has_its_marathi_and_none_is_left_over() -> None:
    source = "".join(file.read_text() for file in TEMPLATES.glob("*.html"))
    modules = (
        path for path in Path(blueprint.__file__).parent.glob("*.py") if path.stem != "words"
    )
    source += "".join(file.read_text() for file in modules)
    spoken = {*Kind, *OPERATIONS}
    used = {text for text in MARATHI if f'"{text}"' in source or f"'{text}'" in source}
    assert set(re.findall(r'w\("([^"]+)"\)', source)) <= set(MARATHI)
    assert spoken <= set(MARATHI)
    assert set(MARATHI) - used - spoken == set()
    assert set(ENGLISH) <= spoken


def test_what_is_not_there_is_a_page_of_ours(url: str) -> None:
    for path in ("/nowhere", "/x/nobody", "/x/a/status/1", "/letterbox/9", "/pictures/0"):
        response = requests.get(url + path, timeout=5)
        assert (response.status_code, "हे पान उपलब्ध नाही." in response.text) == (404, True), path


def example_pages(places: SandboxAddresses) -> list[str]:
    """Return every page, with and without contents, and one with an error."""
    url = places.url
    empty = ["/", "/letterbox?to=nobody", "/faults", f"/x/{WATER.username}", "/nowhere"]
    addresses = posts(url)
    post = parent_of(requests.get(addresses["x"], timeout=5).text)
    add_comment(url, "x", add_comment(url, "x", post, "पहिली"), "तिच्याखाली")
    requests.post(f"{url}/faults", data={"platform": "x", "kind": "lag", "seconds": 3}, timeout=5)
    post_mail(places.smtp_port, text="http://127.0.0.1:1/a", html="<p lang='mr'>पाहा</p>", file="a")
    token = Handler(url, "oob").get_authorization_url().rpartition("=")[2]
    address = urlencode(
        {"client_id": FACEBOOK_APP_ID, "redirect_uri": url, "scope": ",".join(SCOPES)}
    )
    requests.post(f"{url}/endings", json={"platform": "x", "account": WATER.id}, timeout=5)
    introduce(url)
    letter = {"sender": KIRAN, "subject": "पाणी बंद", "text": "गुरुवारी."}
    requests.post(f"{url}/letterbox/write", data=letter, timeout=5)
    return [
        f"{url}{path}"
        for path in [
            *empty,
            "/webhooks",
            "/webhooks?wrong=url",
            "/webhooks?wrong=unanswered",
            "/faults?wrong=minutes",
            "/oauth/authorize",
            f"/oauth/authorize?oauth_token={token}",
            f"/v26.0/dialog/oauth?{address}",
            "/letterbox",
            "/letterbox/1",
            "/letterbox/write",
            "/letterbox/write?answer=1",
            "/letterbox/written/1",
            "/faults?wrong=seconds",
            f"/x/{CITY.username}",
            f"/facebook/{CITY_PAGE.id}",
        ]
    ] + list(addresses.values())


def posts_page(url: str) -> str:
    """Return a post's page with its empty form."""
    return f"{url}/x/{CITY.username}/status/{ledger(url, 'x')[0]['id']}"


@pytest.mark.parametrize("language", ["mr", "en"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_on_any_page(
    sandbox_server: SandboxAddresses,
    window: Callable[..., BrowserContext],
    axe: Callable[[Page], Findings],
    language: str,
    width: int,
) -> None:
    page = window(width=width).new_page()
    refused: list[str] = []
    page.on(
        "console", lambda message: refused.append(message.text) if message.type == "error" else None
    )
    for address in example_pages(sandbox_server):
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        assert [str(violation) for violation in axe(page).violations] == [], address
    page.goto(posts_page(sandbox_server.url))
    page.locator("main form button").first.click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)  # waits for the answer
    assert [str(violation) for violation in axe(page).violations] == []
    assert [text for text in refused if "404" not in text and "400" not in text] == []


def test_nothing_scrolls_sideways_on_a_narrow_phone(
    sandbox_server: SandboxAddresses, window: Callable[..., BrowserContext]
) -> None:
    page = window(width=320, javascript=False).new_page()
    for address in example_pages(sandbox_server):
        for language in ("mr", "en"):
            page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, (address, language)


def test_a_picture_is_shown_with_its_description(url: str) -> None:
    client = x_client(url)
    body = {
        "media_category": "tweet_image",
        "media": base64.b64encode(picture()).decode(),
    }
    medium = client.request("POST", "/2/media/upload", json=body, user_auth=True).json()["data"]
    alt = {"id": medium["id"], "metadata": {"alt_text": {"text": "पाण्याची टाकी"}}}
    client.request("POST", "/2/media/metadata", json=alt, user_auth=True)
    client.create_tweet(text="फोटो", media_ids=[medium["id"]])
    page = requests.get(f"{url}/x/{CITY.username}", timeout=5).text
    assert 'alt="पाण्याची टाकी"' in page
    match = re.search(r'src="(/pictures/[0-9a-f]+)"', page)
    assert match
    assert requests.get(url + match[1], timeout=5).headers["Content-Type"] == "image/jpeg"
    assert "t.co" not in page
