"""Two short scenarios in which something goes wrong on purpose: a token that ends, a lagging X."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from demo.notices import Notice
from demo.remarks import Remark
from demo.scenarios import rain
from demo.scenarios.rain import Item
from demo.seeding.script import Script
from demo.seeding.stage import Stage
from publisher.delivery.accounts.credentials import Vault
from publisher.models.deliveries import Account

#: The scenario's noon: so long after everything is counted from.
NOON: Final = timedelta(minutes=10)
LAG_SECONDS: Final = 3600
COMMENTS_EACH: Final = 6
#: Minutes from now at which posts are due, beside two that are live already.
DUE: Final = (4, 8, 14, 20)


def _items() -> tuple[Item, ...]:
    of = rain.matters()
    live = [Item(of[0], 0, -200, -120, "published"), Item(of[5], 0, -150, -60, "published")]
    later = [Item(of[number], 1, -60, due, "scheduled") for number, due in enumerate(DUE)]
    return (*live, *later)


def _script(last: Callable[[Stage], None]) -> Script:
    of = _items()

    def noticed(base: datetime) -> dict[str, Notice]:
        return rain.noticed(of, base)

    live = (item for item in of if item.ends == "published")
    said: list[Remark] = []
    for item in live:
        said += rain.remarks_under(item, COMMENTS_EACH)
    return Script(tuple(item.course() for item in of), noticed, tuple(said), last)


def noon() -> Script:
    """The Facebook page's token ends ten minutes after the start, with posts still to come."""
    return _script(_end_the_pages_token)


def lag() -> Script:
    """X keeps posts without answering and shows them late; Facebook answers wrongly once."""
    return _script(_let_it_lag)


def _end_the_pages_token(stage: Stage) -> None:
    with stage.database.reading() as session:
        account = session.scalars(select(Account).where(Account.platform == "facebook")).one()
        vault = Vault(stage.settings.secret_key, stage.settings.token_keys)
        page = vault.open(account.credentials)["page_id"]
    stage.practice.end_access(platform="facebook", account=page, at=stage.now + NOON)


def _let_it_lag(stage: Stage) -> None:
    practice = stage.practice
    for operation in ("timeline", "lookup", "search", "comments"):
        practice.lay_fault(
            platform="x", operation=operation, kind="lag", count="always", seconds=LAG_SECONDS
        )
    practice.lay_fault(platform="x", operation="publish", kind="reset_after", count="2")
    practice.lay_fault(platform="facebook", operation="publish", kind="error_json_after")
