"""Pages read accounts without a lock, so that read-only sessions may do so."""

from __future__ import annotations

import pytest

from publisher.database.session import ReadOnly
from publisher.delivery.accounts import manage
from tests.support.city import City

pytestmark = pytest.mark.twin


def test_an_account_is_read_without_a_lock(town: City) -> None:
    with town.read() as session:
        account = manage.get_account(session, town.accounts["x"], lock=False)
        again = manage.find_account(session, account.code, "x", "", account.handle, lock=False)
    assert again is account


def test_and_with_one_only_where_something_is_to_be_changed(town: City) -> None:
    with town.read() as session, pytest.raises(ReadOnly):
        manage.get_account(session, town.accounts["x"])
