"""The pages of accounts on both databases: SQLite knows no locks, so it would hide one."""

from __future__ import annotations

import pytest

from tests.web.counter import Site

pytestmark = pytest.mark.both


@pytest.mark.parametrize("page", ["", "/change", "/disconnect"])
def test_an_account_opens(any_site: Site, page: str) -> None:
    admin = any_site.browser("admin")
    account_id = any_site.city.accounts["x"]
    assert admin.get(f"/accounts/{account_id}{page}").status_code == 200


def test_looking_again_at_an_account_ends_on_its_page(any_site: Site) -> None:
    admin = any_site.browser("admin")
    account_id = any_site.city.accounts["x"]
    answer = admin.post(f"/accounts/{account_id}/check", {})
    assert answer.status_code in (302, 303)
