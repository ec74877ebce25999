"""Connecting accounts from the page: whole walks to the practice platforms and back, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import func, select

from commands import init
from publisher.delivery.accounts import manage
from publisher.delivery.accounts.credentials import Vault, opener
from publisher.models.accounts import Connecting
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import Outgoing, PreparedPost
from publisher.settings.environment import load
from publisher.states import AccountState
from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_APP_SECRET,
    FACEBOOK_PAGES,
    X_ACCOUNTS,
    X_CONSUMER_KEY,
    X_CONSUMER_SECRET,
)
from sandbox.facebook.issuing import SCOPES
from sandbox.server import running
from tests.sandbox.loopback import turn
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE
from tests.web.html_page import Page
from tests.web.site import SECRET, Browser, Site, app_context

CITY, WATER = X_ACCOUNTS[0], X_ACCOUNTS[1]
CITY_PAGE, WATER_PAGE = FACEBOOK_PAGES[0], FACEBOOK_PAGES[1]
KEYS = {
    "NAGARVANI_X_CONSUMER_KEY": X_CONSUMER_KEY,
    "NAGARVANI_X_CONSUMER_SECRET": X_CONSUMER_SECRET,
    "NAGARVANI_FACEBOOK_APP_ID": FACEBOOK_APP_ID,
    "NAGARVANI_FACEBOOK_APP_SECRET": FACEBOOK_APP_SECRET,
}
FORM = {"name": "पाणीपुरवठा", "purpose": "पाणी बंद असल्याच्या सूचना"}


@pytest.fixture
def site(any_site: Site) -> Site:
    """The counter on both databases."""
    return any_site


@dataclass
class Walk:
    """An admin at the counter, the practice platforms beside it, and what the admin does there."""

    site: Site
    admin: Browser
    sandbox: str

    @property
    def city(self) -> City:
        """The city behind the counter."""
        return self.site.city

    def begin(self, platform: str, *, account: int | None = None) -> str:
        """Press the button; gives the address at the platform to which the page leads."""
        fields = {"platform": platform, "account": str(account or "")}
        response = self.admin.post("/accounts/connect", fields)
        assert response.status_code == 302, response.text
        page = self.admin.page(response.headers["Location"])
        (link,) = [link.get("href") for link in page.all if link.get("href").startswith("http:")]
        return link

    def at_x(self, link: str, *, choice: str = "allow", account: str = WATER.id) -> str:
        """Answer X's page; gives the path to which it sends the browser back."""
        page = requests.get(link, timeout=5)
        assert page.status_code == 200
        match = re.search(r'name="oauth_token" value="([^"]+)"', page.text)
        assert match
        sent = {"oauth_token": match[1], "answer": choice, "account": account}
        return _back(requests.post(_plain(link), data=sent, timeout=5, allow_redirects=False))

    def at_facebook(
        self,
        link: str,
        *,
        choice: str = "allow",
        pages: tuple[str, ...] = (WATER_PAGE.id,),
        scopes: tuple[str, ...] = SCOPES,
    ) -> str:
        """Answer Facebook's dialog; gives the path to which it sends the browser back."""
        page = requests.get(link, timeout=5)
        assert page.status_code == 200
        query = dict(pair.split("=", 1) for pair in urlsplit(page.url).query.split("&"))
        sent: dict[str, object] = {
            "client_id": FACEBOOK_APP_ID,
            "redirect_uri": "https://nagarvani.example/accounts/back/facebook",
            "state": query["state"],
            "pages": pages,
            "scopes": scopes,
            "answer": choice,
        }
        return _back(requests.post(_plain(link), data=sent, timeout=5, allow_redirects=False))

    def come(self, path: str) -> str:
        """Come back; gives the page that one is led to."""
        response = self.admin.get(path)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def confirm(self, path: str, **more: object) -> str:
        """Fill in the form at the end and send it; gives where it leads."""
        owner = self.city.departments["water"]
        response = self.admin.post(path, {**FORM, "department_id": owner, **more})
        assert response.status_code == 302, Page(response.text).text
        return response.headers["Location"]

    def account(self, platform: str, platform_id: str) -> Account:
        """The one account that stands for this one."""
        query = select(Account).where(
            Account.platform == platform, Account.platform_id == platform_id
        )
        with self.city.read() as session:
            row = session.scalars(query).one()
            assert row.department.code
            assert row.open_to is not None
        return row

    def count(self) -> int:
        """How many accounts there are."""
        with self.city.read() as session:
            return session.scalar(select(func.count()).select_from(Account)) or 0

    def post(self, account: Account, text: str) -> str:
        """Publish with the credentials that were stored; gives the id there.

        The practice platforms outlast the walk, and take no words twice.
        """
        platform = opener(self.site.app.extensions["house"].settings)(account)
        on = self.city.database.engine.dialect.name
        outgoing = PreparedPost(Outgoing(text=f"{text} ({on})"))
        return platform.publish(outgoing, deadline=Deadline.after(10, lambda: 0.0)).platform_id


def _plain(link: str) -> str:
    return urlsplit(link)._replace(query="").geturl()


def _back(response: requests.Response) -> str:
    assert response.status_code == 303
    back = urlsplit(response.headers["Location"])
    assert f"{back.scheme}://{back.netloc}" == "https://nagarvani.example"
    return f"{back.path}?{back.query}"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The practice platforms."""
    with running(path=tmp_path_factory.mktemp("practice")) as places:
        yield places.url


@pytest.fixture(autouse=True)
def switches(practice: str) -> Iterator[None]:
    """What a test turned at the practice platforms stands as before after it."""
    yield
    requests.delete(f"{practice}/switches", timeout=5).raise_for_status()


@pytest.fixture
def walk(site: Site, practice: str, tmp_path: Path) -> Walk:
    """The counter, with an app registered at the practice platforms."""
    reach(site, practice, tmp_path, KEYS)
    return Walk(site, site.browser("admin"), practice)


def reach(site: Site, practice: str, folder: Path, keys: Mapping[str, str]) -> None:
    """Let the counter know these keys, and the practice platforms as the real ones."""
    house = app_context(site.city, folder)
    settings = load(
        {
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_DATABASE_URL": site.city.database.url,
            "NAGARVANI_BASE_URL": "https://nagarvani.example",
            "NAGARVANI_X_API_URL": practice,
            "NAGARVANI_GRAPH_API_URL": practice,
            **keys,
        },
        folder=folder,
    )
    site.app.extensions["house"] = replace(house, settings=settings)


def test_an_x_account_is_connected_in_three_legs_and_posts(walk: Walk) -> None:
    end = walk.come(walk.at_x(walk.begin("x")))
    page = walk.admin.page(end)
    assert "@sarav_pani" in page
    assert walk.count() == 2  # nothing is connected before the end
    walk.confirm(end, daily_cap="५०", open_to=[walk.city.departments["water"]])
    account = walk.account("x", WATER.id)
    assert (account.handle, account.name, account.state) == (
        "sarav_pani",
        FORM["name"],
        AccountState.CONNECTED,
    )
    assert (account.purpose, account.daily_cap) == (FORM["purpose"], 50)
    assert [department.code for department in account.open_to] == ["water"]
    assert account.department.code == "water"
    assert WATER.token not in account.credentials
    assert walk.city.verbs("accounts", account.id) == ["connect"]
    assert walk.post(account, "पाणी शनिवारी बंद")


def test_an_access_that_may_only_read_is_named_and_nothing_is_stored(walk: Walk) -> None:
    turn(walk.sandbox, x_access_level="read")
    end = walk.come(walk.at_x(walk.begin("x")))
    assert "(write)" in walk.admin.page(end)
    assert "(write)" in walk.admin.page(walk.confirm(end))
    assert walk.count() == 2


@pytest.mark.parametrize(("level", "is_missing"), [("read", True), ("untold", False)])
def test_check_again_tells_that_x_lets_nobody_write_any_more(
    walk: Walk, level: str, *, is_missing: bool
) -> None:
    walk.confirm(walk.come(walk.at_x(walk.begin("x"))))
    account = walk.account("x", WATER.id)
    look(walk, account)
    assert walk.account("x", WATER.id).missing == []
    turn(walk.sandbox, x_access_level=level)
    look(walk, account)
    assert walk.account("x", WATER.id).missing == (["write"] if is_missing else [])
    assert ("(write)" in walk.admin.page(f"/accounts/{account.id}")) is is_missing


def look(walk: Walk, account: Account) -> None:
    """Press "check again", which asks the practice platforms."""
    house = walk.site.app.extensions["house"]
    walk.site.app.extensions["house"] = replace(house, open_account=opener(house.settings))
    walk.admin.post(f"/accounts/{account.id}/check", {"from": "account"})


def test_init_leaves_accounts_connected_on_the_page_until_disconnected(
    walk: Walk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walk.confirm(walk.come(walk.at_x(walk.begin("x"))))
    account = walk.account("x", WATER.id)
    of_page = load(
        {
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_DATABASE_URL": walk.city.database.url,
            "NAGARVANI_MEDIA_DIR": str(tmp_path),
            **KEYS,
            "NAGARVANI_X_HANDLE": account.handle,
            "NAGARVANI_X_ACCESS_TOKEN": f"{WATER.id}-older",
            "NAGARVANI_X_ACCESS_TOKEN_SECRET": "older",
        },
        folder=tmp_path,
    )
    init.run(of_page)
    assert "sarav_pani on x was connected from the page and keeps" in capsys.readouterr().out
    assert walk.account("x", WATER.id).credentials == account.credentials
    lost = Vault("another secret of the tests, long enough", ()).seal({"consumer_key": "lost"})
    with walk.city.write() as session:
        session.get_one(Account, account.id).credentials = lost
    init.run(of_page)  # an access that nobody can open any more is worth nothing
    assert "sarav_pani on x is connected." in capsys.readouterr().out
    walk.confirm(walk.come(walk.at_x(walk.begin("x"))))
    with walk.city.write() as session:
        manage.disconnect(
            session, actor=walk.city.actor("admin"), now=walk.city.now, account_id=account.id
        )
    init.run(of_page)
    init.run(of_page)
    output = capsys.readouterr().out
    assert "sarav_pani on x is connected." in output
    assert "sarav_pani on x was connected already." in output
    assert walk.account("x", WATER.id).credentials != account.credentials


def test_a_facebook_page_is_connected_with_what_is_known_of_its_token(walk: Walk) -> None:
    back = walk.at_facebook(walk.begin("facebook"), pages=(CITY_PAGE.id, WATER_PAGE.id))
    end = walk.come(back)
    choice = walk.admin.page(end)
    assert CITY_PAGE.name in choice
    assert WATER_PAGE.name in choice
    assert 'name="purpose"' not in walk.admin.get(end).text
    walk.confirm(f"{end}?page={WATER_PAGE.id}")
    account = walk.account("facebook", WATER_PAGE.id)
    assert (account.token_until, account.missing) == (None, [])
    assert set(SCOPES) == set(account.scopes)
    assert account.data_until is not None
    assert account.checked_at == walk.city.now
    assert walk.post(account, "फेसबुकवरून पाणी बंद")
    again = walk.confirm(f"{end}?page={CITY_PAGE.id}")
    assert (again, walk.count()) == (f"/accounts/{account.id}", 3)  # a walk connects one account


def test_a_reconnected_account_keeps_its_row_and_what_refers_to_it(
    walk: Walk,
) -> None:
    walk.confirm(walk.come(walk.at_x(walk.begin("x"))), purpose="पहिले प्रयोजन")
    before = walk.account("x", WATER.id)
    with walk.city.write() as session:
        manage.pause(
            session,
            actor=walk.city.actor("admin"),
            now=walk.city.now,
            account_id=before.id,
            reason="credentials",
        )
        session.get_one(Account, before.id).credentials = Vault(SECRET, ()).seal({})
    end = walk.come(walk.at_x(walk.begin("x", account=before.id)))
    form = walk.admin.page(end).form("account")
    assert ("purpose", "पहिले प्रयोजन") in form
    response = walk.admin.post(end, form)
    assert response.headers["Location"] == f"/accounts/{before.id}"
    after = walk.account("x", WATER.id)
    assert (after.id, after.state, after.reason) == (before.id, AccountState.CONNECTED, "")
    assert (after.purpose, after.department_id) == ("पहिले प्रयोजन", before.department_id)
    assert walk.count() == 3
    assert walk.post(after, "पुन्हा जोडले")


DENIED = "माध्यमावर परवानगी नाकारण्यात आली."
LOST = "हे उत्तर या सत्रात सुरू केलेल्या जोडणीचे नाही"
OLD = "परवानगीची वेळ संपली आहे"


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_a_refusal_on_the_platform_is_explained_and_nothing_is_stored(
    walk: Walk, platform: str
) -> None:
    at = walk.at_x if platform == "x" else walk.at_facebook
    end = walk.come(at(walk.begin(platform), choice="deny"))
    assert DENIED in walk.admin.page(end)
    assert walk.count() == 2


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_an_oauth_callback_counts_once_in_its_own_session_and_state(
    walk: Walk, platform: str
) -> None:
    at = walk.at_x if platform == "x" else walk.at_facebook
    back = at(walk.begin(platform))
    stranger = walk.site.browser("admin")  # the same person in another session
    assert stranger.get(back).headers["Location"] == "/accounts"
    assert LOST in stranger.page("/accounts")
    mine = re.sub(r"(oauth_token|state)=[^&]+", r"\1=another", back)
    assert walk.come(mine) == "/accounts"
    assert LOST in walk.admin.page("/accounts")
    assert walk.come(back).startswith("/accounts/connecting/")
    assert walk.come(back) == "/accounts"  # a second time
    assert LOST in walk.admin.page("/accounts")
    assert walk.count() == 2


def test_the_connection_of_another_session_is_not_shown(walk: Walk) -> None:
    end = walk.come(walk.at_x(walk.begin("x")))
    stranger = walk.site.browser("admin")
    assert stranger.get(end).headers["Location"] == "/accounts"
    assert stranger.post(end, FORM).headers["Location"] == "/accounts"
    assert walk.count() == 2


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_an_oauth_callback_after_fifteen_minutes_is_refused(walk: Walk, platform: str) -> None:
    at = walk.at_x if platform == "x" else walk.at_facebook
    back = at(walk.begin(platform))
    walk.city.clock.move(16 * MINUTE)
    assert walk.come(back) == "/accounts"
    assert OLD in walk.admin.page("/accounts")


@pytest.mark.parametrize(("platform", "wrong"), [("x", "oauth_verifier"), ("facebook", "code")])
def test_an_unknown_verifier_or_code_ends_the_connection(
    walk: Walk, platform: str, wrong: str
) -> None:
    at = walk.at_x if platform == "x" else walk.at_facebook
    back = re.sub(f"{wrong}=[^&]+", f"{wrong}=invented", at(walk.begin(platform)))
    assert OLD in walk.admin.page(walk.come(back))
    assert walk.count() == 2


@pytest.mark.parametrize("missing", SCOPES)
def test_a_right_that_was_not_given_is_named_and_nothing_is_stored(
    walk: Walk, missing: str
) -> None:
    scopes = tuple(scope for scope in SCOPES if scope != missing)
    end = walk.come(walk.at_facebook(walk.begin("facebook"), scopes=scopes))
    page = walk.admin.page(end)
    if missing == "pages_manage_metadata":  # only webhooks need it
        assert WATER_PAGE.name in page
        return
    assert f"({missing})" in page
    assert walk.count() == 2
    with walk.city.read() as session:
        assert session.scalars(select(Connecting.sealed)).one() == ""


def test_another_page_than_the_one_to_be_connected_anew_is_refused(walk: Walk) -> None:
    end = walk.come(walk.at_facebook(walk.begin("facebook")))
    walk.confirm(end)
    account = walk.account("facebook", WATER_PAGE.id)
    back = walk.at_facebook(walk.begin("facebook", account=account.id), pages=(CITY_PAGE.id,))
    page = walk.admin.page(walk.come(back))
    assert f"तेथे दुसरे खाते निवडले गेले: {CITY_PAGE.name}." in page
    assert walk.account("facebook", WATER_PAGE.id).credentials == account.credentials
    assert walk.count() == 3


def test_the_error_for_no_chosen_facebook_page_is_shown(walk: Walk) -> None:
    end = walk.come(walk.at_facebook(walk.begin("facebook"), pages=()))
    assert "फेसबुकवर कोणतेही पान निवडलेले नाही" in walk.admin.page(end)


def test_wrong_app_keys_are_an_error_before_the_redirect_to_the_platform(
    walk: Walk, practice: str, tmp_path: Path
) -> None:
    reach(walk.site, practice, tmp_path, KEYS | {"NAGARVANI_X_CONSUMER_SECRET": "another"})
    response = walk.admin.post("/accounts/connect", {"platform": "x"})
    assert response.status_code == 409
    assert "माध्यम आपल्या ॲपच्या कळा स्वीकारत नाही." in Page(response.text)


def test_a_wrong_app_secret_for_facebook_is_an_error(
    walk: Walk, practice: str, tmp_path: Path
) -> None:
    reach(walk.site, practice, tmp_path, KEYS | {"NAGARVANI_FACEBOOK_APP_SECRET": "another"})
    end = walk.come(walk.at_facebook(walk.begin("facebook")))
    assert "माध्यम आपल्या ॲपच्या कळा स्वीकारत नाही." in walk.admin.page(end)


def test_a_failing_platform_is_an_error_and_connecting_can_be_restarted(walk: Walk) -> None:
    fault = {"platform": "x", "operation": "connect", "kind": "error_before"}
    assert requests.post(f"{walk.sandbox}/faults", json=fault, timeout=5).status_code == 201
    response = walk.admin.post("/accounts/connect", {"platform": "x"})
    assert "माध्यमाकडून स्पष्ट उत्तर आले नाही." in Page(response.text)
    assert walk.come(walk.at_x(walk.begin("x"))).startswith("/accounts/connecting/")


def test_without_keys_of_an_app_the_page_names_the_settings(
    site: Site, practice: str, tmp_path: Path
) -> None:
    reach(site, practice, tmp_path, {})
    admin = site.browser("admin")
    page = admin.page("/accounts")
    assert "NAGARVANI_X_CONSUMER_KEY, NAGARVANI_X_CONSUMER_SECRET" in page
    assert "NAGARVANI_FACEBOOK_APP_ID" in page
    response = admin.post("/accounts/connect", {"platform": "facebook"})
    assert response.status_code == 409
    assert "NAGARVANI_FACEBOOK_APP_ID" in Page(response.text)


def test_each_step_asks_for_a_fresh_sign_in_and_goes_on_from_there(walk: Walk) -> None:
    end = walk.come(walk.at_x(walk.begin("x")))
    walk.city.clock.move(HOUR - 5 * MINUTE)
    response = walk.admin.post(end, {**FORM, "department_id": walk.city.departments["water"]})
    page = Page(response.text)
    assert walk.count() == 2
    assert ("kept:purpose", FORM["purpose"]) in page.form("prove")
    again = walk.admin.post("/accounts/connect", {"platform": "x"})
    assert ("kept:platform", "x") in Page(again.text).form("prove")


def test_the_access_of_an_unfinished_connection_is_deleted_after_an_hour(walk: Walk) -> None:
    end = walk.come(walk.at_x(walk.begin("x")))
    walk.city.clock.move(HOUR + MINUTE)
    with walk.city.write() as session:
        from publisher.delivery.accounts import oauth_flow

        assert oauth_flow.tidy(session, now=walk.city.now) == 1
    assert OLD in walk.admin.page(end)
    with walk.city.read() as session:
        assert session.scalars(select(Connecting.sealed)).one() == ""


def test_checking_an_account_names_a_permission_that_was_revoked(walk: Walk) -> None:
    walk.confirm(walk.come(walk.at_facebook(walk.begin("facebook"))))
    account = walk.account("facebook", WATER_PAGE.id)
    house = walk.site.app.extensions["house"]
    house = replace(house, open_account=opener(house.settings))
    walk.site.app.extensions["house"] = house
    walk.admin.post(f"/accounts/{account.id}/check", {"from": "account"})
    page = walk.admin.page(f"/accounts/{account.id}")
    assert page.notices()[-1] == "सोशल मिडिया खाते सुरू आहे."
    _take_right(walk, "pages_manage_engagement")
    walk.admin.post(f"/accounts/{account.id}/check", {"from": "account"})
    page = walk.admin.page(f"/accounts/{account.id}")
    assert "सोशल मिडिया खाते सुरू आहे, परंतु काही अधिकार नाहीत." in page
    assert "(pages_manage_engagement)" in page
    assert walk.account("facebook", WATER_PAGE.id).missing == ["pages_manage_engagement"]


def _take_right(walk: Walk, right: str) -> None:
    """Let a new token of the page, without this right, be the stored one."""
    scopes = tuple(scope for scope in SCOPES if scope != right)
    code = re.search(r"code=([^&]+)", walk.at_facebook(walk.begin("facebook"), scopes=scopes))
    assert code
    sent = {
        "client_id": FACEBOOK_APP_ID,
        "client_secret": FACEBOOK_APP_SECRET,
        "redirect_uri": "https://nagarvani.example/accounts/back/facebook",
        "code": code[1],
    }
    graph, host = f"{walk.sandbox}/v26.0", {"Host": "graph.facebook.com"}
    response = requests.get(f"{graph}/oauth/access_token", params=sent, headers=host, timeout=5)
    token = {"access_token": response.json()["access_token"]}
    pages = requests.get(f"{graph}/me/accounts", params=token, headers=host, timeout=5).json()
    credentials = {
        "page_id": WATER_PAGE.id,
        "page_token": pages["data"][0]["access_token"],
        "app_secret": FACEBOOK_APP_SECRET,
    }
    account = walk.account("facebook", WATER_PAGE.id)
    with walk.city.write() as session:
        sealed = Vault(SECRET, ()).seal(credentials)
        session.get_one(Account, account.id).credentials = sealed


def test_disconnecting_deletes_the_token_and_scheduled_deliveries_wait(walk: Walk) -> None:
    city = walk.city
    (delivery,) = city.schedule(city.approved(), HOUR)
    x = city.accounts["x"]
    with city.write() as session:
        session.get_one(Account, x).credentials = Vault(SECRET, ()).seal({"a": "b"})
    assert "१ प्रसिद्धीची वेळ निश्चित आहे" in walk.admin.page(f"/accounts/{x}/disconnect")
    response = walk.admin.post(f"/accounts/{x}/disconnect")
    assert response.headers["Location"] == f"/accounts/{x}"
    with city.read() as session:
        gone = session.get_one(Account, x)
    assert (gone.credentials, gone.state) == ("", AccountState.DISCONNECTED)
    assert city.tick_dispatch(HOUR + timedelta(seconds=1)) == 0
    assert city.delivery(delivery).state == "scheduled"
    board = walk.site.browser("lead").page("/decisions")
    assert "या खात्याची जोडणी काढली आहे" in board
    assert "१ मजकूर" in board or "१ प्रसिद्धी" in board
