"""Connecting a page on the sandbox's Facebook: the dialog, its code, long-lived tokens, pages."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import facebook
import pytest
import requests

from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_APP_SECRET,
    FACEBOOK_APP_TOKEN,
    FACEBOOK_CONFIG_ID,
    FACEBOOK_PERSON_ID,
    FACEBOOK_PORTFOLIO_ID,
)
from sandbox.facebook.issued_tokens import SCOPES
from sandbox.now import format_time, utc_now
from tests.sandbox.platform_clients import CITY_PAGE, WATER_PAGE, Json, session, set_switches

BACK = "http://127.0.0.1:9/accounts/facebook/back"
APP = {"app_id": FACEBOOK_APP_ID, "app_secret": FACEBOOK_APP_SECRET}


def client(url: str, token: str = "", **headers: str) -> facebook.GraphAPI:
    """Return a facebook-sdk client with this token."""
    graph_api = facebook.GraphAPI(token, timeout=10, session=session(url, **headers))
    graph_api.version = "v26.0"
    return graph_api


def dialog(
    url: str,
    *,
    choice: str = "allow",
    pages: tuple[str, ...] = (CITY_PAGE.id,),
    scopes: tuple[str, ...] = SCOPES,
) -> dict[str, list[str]]:
    """Answer the dialog as a person, and return the redirect's query."""
    address = client(url).get_auth_url(FACEBOOK_APP_ID, BACK, list(SCOPES), state="s1")
    own = url + address.removeprefix("https://www.facebook.com")
    page = requests.get(own, timeout=5)
    assert page.status_code == 200
    assert all(scope in page.text for scope in SCOPES)
    assert "form-action 'self' http://127.0.0.1:9;" in page.headers["Content-Security-Policy"]
    sent: dict[str, object] = {"client_id": FACEBOOK_APP_ID, "redirect_uri": BACK, "state": "s1"}
    sent |= {"pages": pages, "scopes": scopes, "answer": choice}
    answered = requests.post(f"{url}/dialog/oauth", data=sent, timeout=5, allow_redirects=False)
    assert answered.status_code == 303
    return parse_qs(urlsplit(answered.headers["Location"]).query)


def token_of(
    url: str, pages: tuple[str, ...] = (CITY_PAGE.id,), scopes: tuple[str, ...] = SCOPES
) -> str:
    """Return a short-lived token of the person."""
    code = dialog(url, pages=pages, scopes=scopes)["code"][0]
    return str(client(url).get_access_token_from_code(code, BACK, **APP)["access_token"])


def long_token(url: str) -> str:
    """Return a long-lived token."""
    return str(client(url, token_of(url)).extend_access_token(**APP)["access_token"])


def examined(url: str, token: str) -> Json:
    examination: Json = client(url).debug_access_token(token, **APP)["data"]
    return examination


def test_the_whole_way_ends_in_a_page_token_that_posts_and_never_ends(url: str) -> None:
    back = dialog(url)
    assert back["state"] == ["s1"]
    short = client(url).get_access_token_from_code(back["code"][0], BACK, **APP)
    assert 3000 < short["expires_in"] <= 3600
    long = client(url, short["access_token"]).extend_access_token(**APP)
    assert 5_183_900 <= long["expires_in"] <= 5_183_944
    assert long["token_type"] == "bearer"
    person = client(url, long["access_token"])
    assert person.get_object("me")["id"] == FACEBOOK_PERSON_ID
    [page] = person.get_connections("me", "accounts")["data"]
    assert (page["id"], page["name"]) == (CITY_PAGE.id, CITY_PAGE.name)
    assert {"CREATE_CONTENT", "MODERATE"} <= set(page["tasks"])
    api = client(url, page["access_token"])
    assert api.put_object(CITY_PAGE.id, "feed", message="जोडले")["id"]
    examination = examined(url, page["access_token"])
    assert (examination["type"], examination["is_valid"], examination["expires_at"]) == (
        "PAGE",
        True,
        0,
    )
    assert examination["profile_id"] == CITY_PAGE.id
    assert examination["data_access_expires_at"] > utc_now().timestamp() + 89 * 86_400


def test_debug_token_tells_of_a_persons_token_and_of_each_permission(url: str) -> None:
    token = token_of(url, scopes=("pages_show_list", "pages_manage_posts"))
    examination = examined(url, token)
    assert (examination["type"], examination["app_id"], examination["is_valid"]) == (
        "USER",
        FACEBOOK_APP_ID,
        True,
    )
    assert set(examination["scopes"]) == {"pages_show_list", "pages_manage_posts"}
    assert {scope["scope"]: scope["target_ids"] for scope in examination["granular_scopes"]} == {
        "pages_show_list": [CITY_PAGE.id],
        "pages_manage_posts": [CITY_PAGE.id],
    }
    assert 3000 < examination["expires_at"] - examination["issued_at"] <= 3600
    with pytest.raises(facebook.GraphAPIError):
        client(url, token).request("v26.0/debug_token", {"input_token": token})
    assert examined(url, "nobody's")["is_valid"] is False


def test_a_page_token_from_a_short_lived_one_ends_with_it(url: str) -> None:
    set_switches(url, facebook_short_token_minutes="5")
    person = client(url, token_of(url))
    page = person.get_connections("me", "accounts")["data"][0]["access_token"]
    assert 0 < examined(url, page)["expires_at"] - utc_now().timestamp() <= 300
    later = client(url, page, X_Sandbox_At=format_time(utc_now() + timedelta(minutes=6)))
    with pytest.raises(facebook.GraphAPIError) as error:
        later.get_object("me")
    assert error.value.result["error"]["error_subcode"] == 463


def test_what_was_not_granted_is_not_seen_and_not_done(url: str) -> None:
    pages = (CITY_PAGE.id, WATER_PAGE.id)
    pages_listed = client(url, token_of(url, pages=pages)).get_connections("me", "accounts")["data"]
    assert [page["id"] for page in pages_listed] == list(pages)
    blind = client(url, token_of(url, scopes=("pages_manage_posts",)))
    assert blind.get_connections("me", "accounts")["data"] == []
    reads = tuple(scope for scope in SCOPES if scope != "pages_manage_posts")
    person = client(url, token_of(url, scopes=reads))
    api = client(url, person.get_connections("me", "accounts")["data"][0]["access_token"])
    assert api.get_connections(CITY_PAGE.id, "published_posts")["data"] == []
    with pytest.raises(facebook.GraphAPIError) as error:
        api.put_object(CITY_PAGE.id, "feed", message="x")
    assert error.value.code == 200


@pytest.mark.parametrize(
    ("where", "edge"),
    [
        ("own", "me/accounts"),
        ("portfolio", f"{FACEBOOK_PORTFOLIO_ID}/owned_pages"),
        ("client", f"{FACEBOOK_PORTFOLIO_ID}/client_pages"),
        ("unlisted", ""),
    ],
)
def test_a_page_is_listed_where_the_switch_says_and_nowhere_else(
    url: str, where: str, edge: str
) -> None:
    set_switches(url, facebook_pages=where)
    api = client(url, token_of(url))
    portfolios = api.get_object("me/businesses", fields="id,name")["data"]
    in_portfolio = FACEBOOK_PORTFOLIO_ID in edge
    assert [row["id"] for row in portfolios] == [FACEBOOK_PORTFOLIO_ID] * in_portfolio
    edges = (
        "me/accounts",
        *(f"{FACEBOOK_PORTFOLIO_ID}/{name}_pages" for name in ("owned", "client")),
    )
    listed = {path: api.get_object(path)["data"] for path in edges}
    assert [path for path, pages in listed.items() if pages] == [path for path in [edge] if path]
    page = api.get_object(CITY_PAGE.id, fields="id,name,access_token")
    assert client(url, page["access_token"]).get_object("me")["id"] == CITY_PAGE.id
    with pytest.raises(facebook.GraphAPIError):
        api.get_object(WATER_PAGE.id, fields="id,name,access_token")  # it was not shared


def test_a_permission_that_is_refused_is_not_granted(url: str) -> None:
    set_switches(url, facebook_refused_scope="business_management")
    api = client(url, token_of(url))
    assert "business_management" not in examined(url, api.access_token)["scopes"]
    with pytest.raises(facebook.GraphAPIError, match="Missing Permissions"):
        api.get_object("me/businesses")
    assert api.get_connections("me", "accounts")["data"]


def test_a_configuration_of_another_app_leads_nowhere(url: str) -> None:
    parameters = {"client_id": FACEBOOK_APP_ID, "redirect_uri": BACK, "config_id": "12345"}
    wrong = requests.get(f"{url}/v26.0/dialog/oauth", params=parameters, timeout=5)
    assert wrong.status_code == 400
    parameters |= {"config_id": FACEBOOK_CONFIG_ID}
    page = requests.get(f"{url}/v26.0/dialog/oauth", params=parameters, timeout=5)
    assert all(scope in page.text for scope in SCOPES)


def test_who_says_no_is_sent_back_with_the_reason(url: str) -> None:
    back = dialog(url, choice="deny")
    assert back["error"] == ["access_denied"]
    assert (back["error_reason"], back["state"]) == (["user_denied"], ["s1"])
    assert "code" not in back


def test_a_code_is_good_once_for_its_own_address_and_with_the_apps_secret(url: str) -> None:
    code, api = dialog(url)["code"][0], client(url)
    for wrong in (
        {"redirect_uri": BACK + "/x", **APP},
        {"redirect_uri": BACK, **APP, "app_secret": "another"},
        {"redirect_uri": BACK, **APP, "app_id": "1"},
    ):
        with pytest.raises(facebook.GraphAPIError):
            api.get_access_token_from_code(code, **wrong)
    later = client(url, X_Sandbox_At=format_time(utc_now() + timedelta(minutes=11)))
    with pytest.raises(facebook.GraphAPIError):
        later.get_access_token_from_code(code, BACK, **APP)
    api.get_access_token_from_code(code, BACK, **APP)
    with pytest.raises(facebook.GraphAPIError):
        api.get_access_token_from_code(code, BACK, **APP)


def test_only_a_living_token_of_the_person_is_exchanged(url: str) -> None:
    person = client(url, long_token(url))
    page = person.get_connections("me", "accounts")["data"][0]["access_token"]
    for token in (page, CITY_PAGE.token, "nobody's"):
        with pytest.raises(facebook.GraphAPIError):
            client(url, token).extend_access_token(**APP)
    late = format_time(utc_now() + timedelta(hours=2))
    with pytest.raises(facebook.GraphAPIError):
        client(url, token_of(url), X_Sandbox_At=late).extend_access_token(**APP)
    with pytest.raises(facebook.GraphAPIError):
        client(url, CITY_PAGE.token).get_connections("me", "accounts")


def test_the_app_gets_its_own_token_by_its_keys(url: str) -> None:
    assert client(url).get_app_access_token(**APP) == FACEBOOK_APP_TOKEN


@pytest.mark.parametrize(
    "wrong", [{"client_id": "1"}, {"redirect_uri": "javascript:alert(1)"}, {"redirect_uri": ""}]
)
def test_a_dialog_for_another_app_or_without_a_web_address_leads_nowhere(
    url: str, wrong: dict[str, str]
) -> None:
    parameters = {"client_id": FACEBOOK_APP_ID, "redirect_uri": BACK, **wrong}
    assert (
        requests.get(f"{url}/v26.0/dialog/oauth", params=parameters, timeout=5).status_code == 400
    )
    response = requests.post(
        f"{url}/dialog/oauth", data={**parameters, "answer": "allow"}, timeout=5
    )
    assert response.status_code == 400
