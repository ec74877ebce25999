"""Access that expires is reported in each platform's way, until it is renewed."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import facebook
import pytest
import requests
import tweepy

from sandbox.endings import SUBCODES
from sandbox.ledger import Ledger
from sandbox.now import format_time, utc_now
from sandbox.server import run_sandbox
from tests.sandbox.platform_clients import (
    CITY,
    CITY_PAGE,
    WATER,
    WATER_PAGE,
    Json,
    add_fault,
    graph,
    x_client,
)


def end_access(url: str, platform: str, account: str, **more: object) -> requests.Response:
    sent = {"platform": platform, "account": account, **more}
    return requests.post(f"{url}/endings", json=sent, timeout=5)


def subcode_of(api: facebook.GraphAPI) -> int:
    with pytest.raises(facebook.GraphAPIError) as error:
        api.get_object("me")
    body = error.value.result["error"]
    assert (body["code"], body["type"]) == (190, "OAuthException")
    return int(body["error_subcode"])


def test_access_ends_at_its_time_for_that_account_alone_and_is_renewed(url: str) -> None:
    noon = utc_now() + timedelta(hours=1)
    end_access(url, "x", CITY.id, at=format_time(noon))
    end_access(url, "facebook", CITY_PAGE.id, minutes=60)
    assert x_client(url).get_me()["data"]["id"] == CITY.id
    assert graph(url).get_object("me")["id"] == CITY_PAGE.id
    after = format_time(noon + timedelta(minutes=1))
    with pytest.raises(tweepy.Unauthorized):
        x_client(url, X_Sandbox_At=after).create_tweet(text="x")
    assert subcode_of(graph(url, X_Sandbox_At=after)) == 463
    assert x_client(url, WATER, X_Sandbox_At=after).get_me()["data"]["id"] == WATER.id
    assert graph(url, WATER_PAGE, X_Sandbox_At=after).get_object("me")["id"] == WATER_PAGE.id
    assert requests.delete(f"{url}/endings", timeout=5).json() == []
    assert x_client(url, X_Sandbox_At=after).get_me()["data"]["id"] == CITY.id
    assert graph(url, X_Sandbox_At=after).get_object("me")["id"] == CITY_PAGE.id


@pytest.mark.parametrize("subcode", SUBCODES)
def test_facebook_names_each_reason_for_ended_access(url: str, subcode: int) -> None:
    add_fault(url, "facebook", "check", "expired_token", subcode=subcode)
    assert subcode_of(graph(url)) == subcode
    assert end_access(url, "facebook", CITY_PAGE.id, subcode=subcode).status_code == 200
    assert subcode_of(graph(url)) == subcode
    app = graph(url)
    examination = app.debug_access_token(
        CITY_PAGE.token, "700000000000001", "practice-app-secret-not-real"
    )
    assert (examination["data"]["is_valid"], examination["data"]["error"]["subcode"]) == (
        False,
        subcode,
    )


def test_facebook_may_publish_and_answer_code_one_with_subcode_ninety_nine(url: str) -> None:
    add_fault(url, "facebook", "publish", "error_json_after", subcode=99)
    api = graph(url)
    with pytest.raises(facebook.GraphAPIError) as error:
        api.put_object("me", "feed", message="x")
    body = error.value.result["error"]
    assert (body["code"], body["error_subcode"]) == (1, 99)
    assert len(api.get_connections("me", "published_posts")["data"]) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"account": "1"}, "account"),
        ({"platform": "y"}, "account"),
        ({"subcode": 1}, "subcode"),
        ({"at": "noon"}, "at"),
        ({"minutes": -1}, "minutes"),
    ],
)
def test_an_ending_that_cannot_be_is_refused_by_the_name_of_its_field(
    url: str, wrong: Json, field: str
) -> None:
    response = end_access(url, **{"platform": "x", "account": CITY.id, **wrong})
    assert (response.status_code, response.json()) == (400, {"error": field})
    assert requests.get(f"{url}/endings.json", timeout=5).json() == []


def test_on_the_page_access_is_ended_and_renewed(url: str) -> None:
    sent = {"ending": f"x {CITY.id}", "minutes": "5", "subcode": "463"}
    page = requests.post(f"{url}/endings", data=sent, timeout=5).text
    assert f"{CITY.name} (@{CITY.username})" in page
    [ending] = requests.get(f"{url}/endings.json", timeout=5).json()
    assert (ending["platform"], ending["account"]) == ("x", CITY.id)
    page = requests.post(f"{url}/endings", data={**sent, "minutes": "soon"}, timeout=5).text
    assert 'id="minutes-wrong"' in page
    page = requests.post(f"{url}/endings/clear", timeout=5).text
    assert "सर्व खात्यांचा प्रवेश सुरू आहे." in page


def test_all_of_it_survives_a_restart(tmp_path: Path) -> None:
    with run_sandbox(path=tmp_path) as first:
        end_access(first.url, "facebook", CITY_PAGE.id, subcode=460)
    with run_sandbox(path=tmp_path) as second:
        assert subcode_of(graph(second.url)) == 460


def test_a_ledger_from_before_a_column_was_there_is_given_it(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    old = sqlite3.connect(tmp_path / "sandbox.sqlite3")
    old.execute("ALTER TABLE faults DROP COLUMN subcode")
    old.commit()
    old.close()
    with run_sandbox(path=tmp_path) as places:
        add_fault(places.url, "facebook", "check", "expired_token", subcode=458)
        assert subcode_of(graph(places.url)) == 458
