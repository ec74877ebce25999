"""Connecting accounts from the pages, with a sandbox's OAuth pages, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import func, select

from commands import init
from publisher.delivery.accounts import manage
from publisher.delivery.accounts.credentials import Vault, opener
from publisher.models.accounts import Connecting
from publisher.models.deliveries import Account
from publisher.now import now
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import Outgoing, PreparedPost
from publisher.settings.environment import load
from publisher.states import AccountState
from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_APP_SECRET,
    FACEBOOK_CONFIG_ID,
    FACEBOOK_PAGES,
    X_ACCOUNTS,
    X_CONSUMER_KEY,
    X_CONSUMER_SECRET,
)
from sandbox.facebook.issued_tokens import SCOPES
from sandbox.server import run_sandbox
from tests.sandbox.platform_clients import set_switches
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
    """The site on both databases."""
    return any_site


@dataclass
class ConnectingAdmin:
    """An admin with a browser, who connects accounts of a sandbox."""

    site: Site
    browser: Browser
    sandbox: str

    @property
    def city(self) -> City:
        """The city of the site."""
        return self.site.city

    def start(self, platform: str, *, account: int | None = None) -> str:
        """Start connecting an account, and return the link to the platform."""
        fields = {"platform": platform, "account": str(account or "")}
        response = self.browser.post("/accounts/connect", fields)
        assert response.status_code == 302, response.text
        page = self.browser.page(response.headers["Location"])
        (link,) = [link.get("href") for link in page.all if link.get("href").startswith("http:")]
        return link

    def answer_x(self, link: str, *, choice: str = "allow", account: str = WATER.id) -> str:
        """Answer X's page, and return the path to which it redirects the browser."""
        page = requests.get(link, timeout=5)
        assert page.status_code == 200
        match = re.search(r'name="oauth_token" value="([^"]+)"', page.text)
        assert match
        sent = {"oauth_token": match[1], "answer": choice, "account": account}
        return _return_path(
            requests.post(_without_query(link), data=sent, timeout=5, allow_redirects=False)
        )

    def answer_facebook(
        self,
        link: str,
        *,
        choice: str = "allow",
        pages: tuple[str, ...] = (WATER_PAGE.id,),
        scopes: tuple[str, ...] = SCOPES,
    ) -> str:
        """Answer Facebook's dialog, and return the path to which it redirects the browser."""
        page = requests.get(link, timeout=5)
        assert page.status_code == 200
        query = dict(pair.split("=", 1) for pair in urlsplit(page.url).query.split("&"))
        sent: dict[str, object] = {
            "client_id": FACEBOOK_APP_ID,
            "redirect_uri": "https://nagarvani.example/accounts/back/facebook",
            "state": query["state"],
            "pages": pages,
            "scopes": tuple(scope for scope in scopes if scope in page.text),
            "answer": choice,
            **({"config_id": query["config_id"]} if "config_id" in query else {}),
        }
        return _return_path(
            requests.post(_without_query(link), data=sent, timeout=5, allow_redirects=False)
        )

    def come_back(self, path: str) -> str:
        """Open the path of the platform's redirect, and return the next path."""
        response = self.browser.get(path)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def confirm(self, path: str, **more: object) -> str:
        """Send the form that connects the account, and return the next path."""
        owner = self.city.departments["water"]
        response = self.browser.post(path, {**FORM, "department_id": owner, **more})
        assert response.status_code == 302, Page(response.text).text
        return response.headers["Location"]

    def account(self, platform: str, platform_id: str) -> Account:
        """Return the row of this platform's account."""
        query = select(Account).where(
            Account.platform == platform, Account.platform_id == platform_id
        )
        with self.city.read() as session:
            row = session.scalars(query).one()
            assert row.department.code
            assert row.open_to is not None
        return row

    def account_count(self) -> int:
        """Return the number of accounts."""
        with self.city.read() as session:
            return session.scalar(select(func.count()).select_from(Account)) or 0

    def post(self, account: Account, text: str) -> str:
        """Publish with the stored credentials, and return the post's id.

        All tests share the sandbox, which refuses duplicates, so the text names the database.
        """
        platform = opener(self.site.app.extensions["house"].settings)(account)
        database_kind = self.city.database.engine.dialect.name
        outgoing = PreparedPost(Outgoing(text=f"{text} ({database_kind})"))
        return platform.publish(outgoing, deadline=Deadline.after(10, lambda: 0.0)).platform_id


def _without_query(link: str) -> str:
    return urlsplit(link)._replace(query="").geturl()


def _return_path(response: requests.Response) -> str:
    assert response.status_code == 303
    address = urlsplit(response.headers["Location"])
    assert f"{address.scheme}://{address.netloc}" == "https://nagarvani.example"
    return f"{address.path}?{address.query}"


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a sandbox, and return its address."""
    with run_sandbox(path=tmp_path_factory.mktemp("practice")) as sandbox:
        yield sandbox.url


@pytest.fixture(autouse=True)
def _reset_switches(sandbox_url: str) -> Iterator[None]:
    """Reset the sandbox's switches after each test."""
    yield
    requests.delete(f"{sandbox_url}/switches", timeout=5).raise_for_status()


@pytest.fixture
def admin(site: Site, sandbox_url: str, tmp_path: Path) -> ConnectingAdmin:
    """An admin of a site whose app is registered at the sandbox, which has the real time."""
    site.city.clock.at = now()
    use_sandbox(site, sandbox_url, tmp_path, KEYS)
    return ConnectingAdmin(site, site.browser("admin"), sandbox_url)


def use_sandbox(site: Site, sandbox_url: str, folder: Path, keys: Mapping[str, str]) -> None:
    """Let the site use these keys, and the sandbox instead of the platforms."""
    house = app_context(site.city, folder)
    settings = load(
        {
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_DATABASE_URL": site.city.database.url,
            "NAGARVANI_BASE_URL": "https://nagarvani.example",
            "NAGARVANI_X_API_URL": sandbox_url,
            "NAGARVANI_GRAPH_API_URL": sandbox_url,
            **keys,
        },
        folder=folder,
    )
    site.app.extensions["house"] = replace(house, settings=settings)


def test_an_x_account_is_connected_in_three_legs_and_posts(admin: ConnectingAdmin) -> None:
    end = admin.come_back(admin.answer_x(admin.start("x")))
    page = admin.browser.page(end)
    assert "@sarav_pani" in page
    assert admin.account_count() == 2  # nothing is connected before the end
    admin.confirm(end, daily_cap="५०", open_to=[admin.city.departments["water"]])
    account = admin.account("x", WATER.id)
    assert (account.handle, account.name, account.state) == (
        "sarav_pani",
        FORM["name"],
        AccountState.CONNECTED,
    )
    assert (account.purpose, account.daily_cap) == (FORM["purpose"], 50)
    assert [department.code for department in account.open_to] == ["water"]
    assert account.department.code == "water"
    assert WATER.token not in account.credentials
    assert admin.city.verbs("accounts", account.id) == ["connect"]
    assert admin.post(account, "पाणी शनिवारी बंद")


def test_an_access_that_may_only_read_is_named_and_nothing_is_stored(
    admin: ConnectingAdmin,
) -> None:
    set_switches(admin.sandbox, x_access_level="read")
    end = admin.come_back(admin.answer_x(admin.start("x")))
    assert "(write)" in admin.browser.page(end)
    assert "(write)" in admin.browser.page(admin.confirm(end))
    assert admin.account_count() == 2


@pytest.mark.parametrize(("level", "is_missing"), [("read", True), ("untold", False)])
def test_check_again_tells_that_x_lets_nobody_write_any_more(
    admin: ConnectingAdmin, level: str, *, is_missing: bool
) -> None:
    admin.confirm(admin.come_back(admin.answer_x(admin.start("x"))))
    account = admin.account("x", WATER.id)
    check_again(admin, account)
    assert admin.account("x", WATER.id).missing == []
    set_switches(admin.sandbox, x_access_level=level)
    check_again(admin, account)
    assert admin.account("x", WATER.id).missing == (["write"] if is_missing else [])
    assert ("(write)" in admin.browser.page(f"/accounts/{account.id}")) is is_missing


def check_again(admin: ConnectingAdmin, account: Account) -> None:
    """Press "check again", which checks the account at the sandbox."""
    house = admin.site.app.extensions["house"]
    admin.site.app.extensions["house"] = replace(house, open_account=opener(house.settings))
    admin.browser.post(f"/accounts/{account.id}/check", {"from": "account"})


def test_init_leaves_accounts_connected_on_the_page_until_disconnected(
    admin: ConnectingAdmin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.confirm(admin.come_back(admin.answer_x(admin.start("x"))))
    account = admin.account("x", WATER.id)
    of_page = load(
        {
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_DATABASE_URL": admin.city.database.url,
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
    assert admin.account("x", WATER.id).credentials == account.credentials
    lost = Vault("another secret of the tests, long enough", ()).seal({"consumer_key": "lost"})
    with admin.city.write() as session:
        session.get_one(Account, account.id).credentials = lost
        # If the key opened nothing at all, `init` would refuse it.
        other = session.get_one(Account, admin.city.accounts["facebook"])
        other.credentials = Vault(SECRET, ()).seal({"page_id": "1"})
    init.run(of_page)  # credentials that cannot be opened are useless
    assert "sarav_pani on x is connected." in capsys.readouterr().out
    admin.confirm(admin.come_back(admin.answer_x(admin.start("x"))))
    with admin.city.write() as session:
        manage.disconnect(
            session, actor=admin.city.actor("admin"), now=admin.city.now, account_id=account.id
        )
    init.run(of_page)
    init.run(of_page)
    output = capsys.readouterr().out
    assert "sarav_pani on x is connected." in output
    assert "sarav_pani on x was connected already." in output
    assert admin.account("x", WATER.id).credentials != account.credentials


def test_a_facebook_page_is_connected_with_what_is_known_of_its_token(
    admin: ConnectingAdmin,
) -> None:
    back = admin.answer_facebook(admin.start("facebook"), pages=(CITY_PAGE.id, WATER_PAGE.id))
    end = admin.come_back(back)
    choice = admin.browser.page(end)
    assert CITY_PAGE.name in choice
    assert WATER_PAGE.name in choice
    assert 'name="purpose"' not in admin.browser.get(end).text
    admin.confirm(f"{end}?page={WATER_PAGE.id}")
    account = admin.account("facebook", WATER_PAGE.id)
    assert (account.token_until, account.missing) == (None, [])
    assert set(SCOPES) == set(account.scopes)
    assert account.data_until is not None
    assert account.checked_at == admin.city.now
    assert admin.post(account, "फेसबुकवरून पाणी बंद")
    again = admin.confirm(f"{end}?page={CITY_PAGE.id}")
    assert (again, admin.account_count()) == (
        f"/accounts/{account.id}",
        3,
    )  # one flow connects one account


@pytest.mark.parametrize("where", ["portfolio", "client", "unlisted"])
def test_a_page_that_the_person_does_not_own_is_found_and_connected(
    admin: ConnectingAdmin, where: str
) -> None:
    set_switches(admin.sandbox, facebook_pages=where)
    end = admin.come_back(admin.answer_facebook(admin.start("facebook")))
    page = admin.browser.page(end)
    assert WATER_PAGE.name in page
    assert CITY_PAGE.name not in page  # it was not chosen in the dialog
    admin.confirm(end)
    account = admin.account("facebook", WATER_PAGE.id)
    assert (account.token_until, account.missing) == (None, [])
    assert admin.post(account, f"पोर्टफोलिओतून पाणी बंद {where}")


@pytest.mark.parametrize(("where", "is_found"), [("portfolio", False), ("unlisted", True)])
def test_without_the_portfolios_permission_a_named_page_alone_is_found(
    admin: ConnectingAdmin, where: str, *, is_found: bool
) -> None:
    set_switches(admin.sandbox, facebook_pages=where, facebook_refused_scope="business_management")
    page = admin.browser.page(admin.come_back(admin.answer_facebook(admin.start("facebook"))))
    assert (WATER_PAGE.name in page) is is_found
    assert ("पोर्टफोलिओ" in page) is not is_found
    assert ("business_management" in page) is not is_found


def test_a_configuration_of_the_login_names_the_permissions(
    site: Site, sandbox_url: str, tmp_path: Path
) -> None:
    """All of them are granted, or none."""
    use_sandbox(
        site,
        sandbox_url,
        tmp_path,
        {**KEYS, "NAGARVANI_FACEBOOK_LOGIN_CONFIG_ID": FACEBOOK_CONFIG_ID},
    )
    admin = ConnectingAdmin(site, site.browser("admin"), sandbox_url)
    link = admin.start("facebook")
    query = parse_qs(urlsplit(link).query)
    assert query["config_id"] == [FACEBOOK_CONFIG_ID]
    assert "scope" not in query
    less = admin.come_back(admin.answer_facebook(link, scopes=SCOPES[:-1]))
    assert "(pages_show_list)" in admin.browser.page(less)
    end = admin.come_back(admin.answer_facebook(admin.start("facebook")))
    assert WATER_PAGE.name in admin.browser.page(end)


def test_a_reconnected_account_keeps_its_row_and_what_refers_to_it(
    admin: ConnectingAdmin,
) -> None:
    admin.confirm(admin.come_back(admin.answer_x(admin.start("x"))), purpose="पहिले प्रयोजन")
    before = admin.account("x", WATER.id)
    with admin.city.write() as session:
        manage.pause(
            session,
            actor=admin.city.actor("admin"),
            now=admin.city.now,
            account_id=before.id,
            reason="credentials",
        )
        session.get_one(Account, before.id).credentials = Vault(SECRET, ()).seal({})
    end = admin.come_back(admin.answer_x(admin.start("x", account=before.id)))
    form = admin.browser.page(end).form("account")
    assert ("purpose", "पहिले प्रयोजन") in form
    response = admin.browser.post(end, form)
    assert response.headers["Location"] == f"/accounts/{before.id}"
    after = admin.account("x", WATER.id)
    assert (after.id, after.state, after.reason) == (before.id, AccountState.CONNECTED, "")
    assert (after.purpose, after.department_id) == ("पहिले प्रयोजन", before.department_id)
    assert admin.account_count() == 3
    assert admin.post(after, "पुन्हा जोडले")


DENIED = "माध्यमावर परवानगी नाकारण्यात आली."
LOST = "ही परवानगी येथून सुरू केलेल्या जोडणीची नाही"
OLD = "परवानगीची वेळ संपली आहे"


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_a_refusal_on_the_platform_is_explained_and_nothing_is_stored(
    admin: ConnectingAdmin, platform: str
) -> None:
    at = admin.answer_x if platform == "x" else admin.answer_facebook
    end = admin.come_back(at(admin.start(platform), choice="deny"))
    assert DENIED in admin.browser.page(end)
    assert admin.account_count() == 2


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_an_oauth_callback_counts_once_in_its_own_session_and_state(
    admin: ConnectingAdmin, platform: str
) -> None:
    at = admin.answer_x if platform == "x" else admin.answer_facebook
    back = at(admin.start(platform))
    stranger = admin.site.browser("admin")  # the same person in another session
    assert stranger.get(back).headers["Location"] == "/accounts"
    assert LOST in stranger.page("/accounts")
    mine = re.sub(r"(oauth_token|state)=[^&]+", r"\1=another", back)
    assert admin.come_back(mine) == "/accounts"
    assert LOST in admin.browser.page("/accounts")
    assert admin.come_back(back).startswith("/accounts/connecting/")
    assert admin.come_back(back) == "/accounts"  # a second time
    assert LOST in admin.browser.page("/accounts")
    assert admin.account_count() == 2


def test_the_connection_of_another_session_is_not_shown(admin: ConnectingAdmin) -> None:
    end = admin.come_back(admin.answer_x(admin.start("x")))
    stranger = admin.site.browser("admin")
    assert stranger.get(end).headers["Location"] == "/accounts"
    assert stranger.post(end, FORM).headers["Location"] == "/accounts"
    assert admin.account_count() == 2


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_an_oauth_callback_after_fifteen_minutes_is_refused(
    admin: ConnectingAdmin, platform: str
) -> None:
    at = admin.answer_x if platform == "x" else admin.answer_facebook
    back = at(admin.start(platform))
    admin.city.clock.move(16 * MINUTE)
    assert admin.come_back(back) == "/accounts"
    assert OLD in admin.browser.page("/accounts")


@pytest.mark.parametrize(("platform", "wrong"), [("x", "oauth_verifier"), ("facebook", "code")])
def test_an_unknown_verifier_or_code_ends_the_connection(
    admin: ConnectingAdmin, platform: str, wrong: str
) -> None:
    at = admin.answer_x if platform == "x" else admin.answer_facebook
    back = re.sub(f"{wrong}=[^&]+", f"{wrong}=invented", at(admin.start(platform)))
    assert OLD in admin.browser.page(admin.come_back(back))
    assert admin.account_count() == 2


@pytest.mark.parametrize("missing", SCOPES)
def test_a_right_that_was_not_given_is_named_and_nothing_is_stored(
    admin: ConnectingAdmin, missing: str
) -> None:
    scopes = tuple(scope for scope in SCOPES if scope != missing)
    end = admin.come_back(admin.answer_facebook(admin.start("facebook"), scopes=scopes))
    page = admin.browser.page(end)
    # Only webhooks need the first, and only pages of a portfolio the second.
    if missing in ("pages_manage_metadata", "business_management"):
        assert WATER_PAGE.name in page
        return
    assert f"({missing})" in page
    assert admin.account_count() == 2
    with admin.city.read() as session:
        assert session.scalars(select(Connecting.sealed)).one() == ""


def test_another_page_than_the_one_to_be_connected_anew_is_refused(admin: ConnectingAdmin) -> None:
    end = admin.come_back(admin.answer_facebook(admin.start("facebook")))
    admin.confirm(end)
    account = admin.account("facebook", WATER_PAGE.id)
    back = admin.answer_facebook(admin.start("facebook", account=account.id), pages=(CITY_PAGE.id,))
    page = admin.browser.page(admin.come_back(back))
    assert f"तेथे दुसरे खाते निवडले गेले: {CITY_PAGE.name}." in page
    assert admin.account("facebook", WATER_PAGE.id).credentials == account.credentials
    assert admin.account_count() == 3


def test_the_error_for_no_chosen_facebook_page_is_shown(admin: ConnectingAdmin) -> None:
    """It says what to do there, and by which settings a page is connected that is not listed."""
    end = admin.come_back(admin.answer_facebook(admin.start("facebook"), pages=()))
    page = admin.browser.page(end)
    for words in ("कोणतेही पेज दिसले नाही", "पोर्टफोलिओ", "खूण", "NAGARVANI_FACEBOOK_PAGE_TOKEN"):
        assert words in page
    assert admin.account_count() == 2


def test_a_wrong_time_blames_neither_the_keys_nor_the_permission(admin: ConnectingAdmin) -> None:
    set_switches(admin.sandbox, date_ahead="7200")
    response = admin.browser.post("/accounts/connect", {"platform": "x"})
    assert response.status_code == 409
    assert "माध्यमाकडून स्पष्ट उत्तर आले नाही." in Page(response.text)


def test_wrong_app_keys_are_an_error_before_the_redirect_to_the_platform(
    admin: ConnectingAdmin, sandbox_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The page names their settings, and the log has what the platform answered, without a key."""
    use_sandbox(
        admin.site, sandbox_url, tmp_path, KEYS | {"NAGARVANI_X_CONSUMER_SECRET": "another"}
    )
    response = admin.browser.post("/accounts/connect", {"platform": "x"})
    assert response.status_code == 409
    page = Page(response.text)
    assert "माध्यमाने आपल्या ॲपची ‘की’ स्वीकारली नाही." in page
    assert "NAGARVANI_X_CONSUMER_KEY, NAGARVANI_X_CONSUMER_SECRET" in page
    (warning,) = [row for row in caplog.records if "keys of our app" in row.getMessage()]
    assert warning.levelname == "WARNING"
    assert "another" not in warning.getMessage()


def test_a_wrong_app_secret_for_facebook_is_an_error(
    admin: ConnectingAdmin, sandbox_url: str, tmp_path: Path
) -> None:
    use_sandbox(
        admin.site, sandbox_url, tmp_path, KEYS | {"NAGARVANI_FACEBOOK_APP_SECRET": "another"}
    )
    end = admin.come_back(admin.answer_facebook(admin.start("facebook")))
    page = admin.browser.page(end)
    assert "माध्यमाने आपल्या ॲपची ‘की’ स्वीकारली नाही." in page
    assert "NAGARVANI_FACEBOOK_APP_ID, NAGARVANI_FACEBOOK_APP_SECRET" in page


def test_a_failing_platform_is_an_error_and_connecting_can_be_restarted(
    admin: ConnectingAdmin,
) -> None:
    fault = {"platform": "x", "operation": "connect", "kind": "error_before"}
    assert requests.post(f"{admin.sandbox}/faults", json=fault, timeout=5).status_code == 201
    response = admin.browser.post("/accounts/connect", {"platform": "x"})
    assert "माध्यमाकडून स्पष्ट उत्तर आले नाही." in Page(response.text)
    assert admin.come_back(admin.answer_x(admin.start("x"))).startswith("/accounts/connecting/")


def test_without_keys_of_an_app_the_page_names_the_settings(
    site: Site, sandbox_url: str, tmp_path: Path
) -> None:
    use_sandbox(site, sandbox_url, tmp_path, {})
    admin = site.browser("admin")
    page = admin.page("/accounts")
    assert "NAGARVANI_X_CONSUMER_KEY, NAGARVANI_X_CONSUMER_SECRET" in page
    assert "NAGARVANI_FACEBOOK_APP_ID" in page
    response = admin.post("/accounts/connect", {"platform": "facebook"})
    assert response.status_code == 409
    assert "NAGARVANI_FACEBOOK_APP_ID" in Page(response.text)


def test_each_step_asks_for_a_fresh_sign_in_and_goes_on_from_there(admin: ConnectingAdmin) -> None:
    end = admin.come_back(admin.answer_x(admin.start("x")))
    admin.city.clock.move(HOUR - 5 * MINUTE)
    response = admin.browser.post(end, {**FORM, "department_id": admin.city.departments["water"]})
    page = Page(response.text)
    assert admin.account_count() == 2
    assert ("kept:purpose", FORM["purpose"]) in page.form("prove")
    again = admin.browser.post("/accounts/connect", {"platform": "x"})
    assert ("kept:platform", "x") in Page(again.text).form("prove")


def test_the_access_of_an_unfinished_connection_is_deleted_after_an_hour(
    admin: ConnectingAdmin,
) -> None:
    end = admin.come_back(admin.answer_x(admin.start("x")))
    admin.city.clock.move(HOUR + MINUTE)
    with admin.city.write() as session:
        from publisher.delivery.accounts import oauth_flow

        assert oauth_flow.tidy(session, now=admin.city.now) == 1
    assert OLD in admin.browser.page(end)
    with admin.city.read() as session:
        assert session.scalars(select(Connecting.sealed)).one() == ""


def test_checking_an_account_names_a_permission_that_was_revoked(admin: ConnectingAdmin) -> None:
    admin.confirm(admin.come_back(admin.answer_facebook(admin.start("facebook"))))
    account = admin.account("facebook", WATER_PAGE.id)
    house = admin.site.app.extensions["house"]
    house = replace(house, open_account=opener(house.settings))
    admin.site.app.extensions["house"] = house
    admin.browser.post(f"/accounts/{account.id}/check", {"from": "account"})
    page = admin.browser.page(f"/accounts/{account.id}")
    assert page.notices()[-1] == "सोशल मिडिया खाते सुरू आहे."
    _remove_permission(admin, "pages_manage_engagement")
    admin.browser.post(f"/accounts/{account.id}/check", {"from": "account"})
    page = admin.browser.page(f"/accounts/{account.id}")
    assert "सोशल मिडिया खाते सुरू आहे, परंतु काही अधिकार नाहीत." in page
    assert "(pages_manage_engagement)" in page
    assert admin.account("facebook", WATER_PAGE.id).missing == ["pages_manage_engagement"]


def _remove_permission(admin: ConnectingAdmin, right: str) -> None:
    """Store a new token of the page without this permission."""
    scopes = tuple(scope for scope in SCOPES if scope != right)
    code = re.search(r"code=([^&]+)", admin.answer_facebook(admin.start("facebook"), scopes=scopes))
    assert code
    sent = {
        "client_id": FACEBOOK_APP_ID,
        "client_secret": FACEBOOK_APP_SECRET,
        "redirect_uri": "https://nagarvani.example/accounts/back/facebook",
        "code": code[1],
    }
    graph, host = f"{admin.sandbox}/v26.0", {"Host": "graph.facebook.com"}
    response = requests.get(f"{graph}/oauth/access_token", params=sent, headers=host, timeout=5)
    token = {"access_token": response.json()["access_token"]}
    pages = requests.get(f"{graph}/me/accounts", params=token, headers=host, timeout=5).json()
    credentials = {
        "page_id": WATER_PAGE.id,
        "page_token": pages["data"][0]["access_token"],
        "app_secret": FACEBOOK_APP_SECRET,
    }
    account = admin.account("facebook", WATER_PAGE.id)
    with admin.city.write() as session:
        sealed = Vault(SECRET, ()).seal(credentials)
        session.get_one(Account, account.id).credentials = sealed


def test_disconnecting_deletes_the_token_and_scheduled_deliveries_wait(
    admin: ConnectingAdmin,
) -> None:
    city = admin.city
    (delivery,) = city.schedule(city.approved(), HOUR)
    x = city.accounts["x"]
    with city.write() as session:
        session.get_one(Account, x).credentials = Vault(SECRET, ()).seal({"a": "b"})
    assert "१ प्रसिद्धीची वेळ निश्चित आहे" in admin.browser.page(f"/accounts/{x}/disconnect")
    response = admin.browser.post(f"/accounts/{x}/disconnect")
    assert response.headers["Location"] == f"/accounts/{x}"
    with city.read() as session:
        gone = session.get_one(Account, x)
    assert (gone.credentials, gone.state) == ("", AccountState.DISCONNECTED)
    assert city.tick_dispatch(HOUR + timedelta(seconds=1)) == 0
    assert city.delivery(delivery).state == "scheduled"
    board = admin.site.browser("lead").page("/decisions")
    assert "या खात्याची जोडणी काढली आहे" in board
    assert "१ मजकूर" in board or "१ प्रसिद्धी" in board
