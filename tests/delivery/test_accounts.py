"""Accounts: expiring tokens, daily checks, sealing with a new key, permitted departments."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from approvals.errors import FreshSignInRequired, WrongRole
from publisher.content_checks.outgoing_text import AccountNotOpen
from publisher.delivery.accounts import manage, token_expiry
from publisher.delivery.accounts.credentials import AccountCheck, Unsealable, Vault
from publisher.delivery.accounts.manage import AccountSettings
from publisher.drafting import drafts
from publisher.models.accounts import EndingWarning
from publisher.models.deliveries import Account, Delivery
from publisher.models.notifications import Notice
from publisher.models.posts import Post
from publisher.platforms.base.types import Health, HealthProblem
from publisher.platforms.oauth.types import TokenFacts
from publisher.reports.problems import problem_summary
from publisher.settings import environment
from publisher.states import AccountState
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

GOOD = Health(None, "@city")
WELL = AccountCheck(GOOD)
NEVER = environment.load({}, folder=Path(__file__).parent)
KEPT_BY = "information-technology"


def token_ends(
    town: City, on: str, *, token: datetime | None = None, data: datetime | None = None
) -> None:
    with town.write() as session:
        account = session.get_one(Account, town.accounts[on])
        account.token_until, account.data_until = token, data


def tick(town: City, look: AccountCheck = WELL) -> int:
    return token_expiry.tick_tokens(town.context, NEVER, checker=lambda _account: look)


def account(town: City, on: str = "x") -> Account:
    with town.read() as session:
        return session.get_one(Account, town.accounts[on])


def change(town: City, *open_to: str, on: str = "x", by: str = "admin", **more: object) -> None:
    choice = AccountSettings(
        "पुणे",
        town.departments[KEPT_BY],
        open_to=[town.departments[code] for code in open_to],
        **more,  # type: ignore[arg-type]  # by name
    )
    with town.write() as session:
        manage.change(
            session,
            actor=town.actor(by),
            now=town.now,
            account_id=town.accounts[on],
            choice=choice,
        )


def test_the_end_of_a_token_is_told_14_7_and_1_days_before_once_each(town: City) -> None:
    tick(town)
    end = town.now + 15 * DAY
    token_ends(town, "x", token=end)
    warned_at = []
    for _ in range(16 * 4):
        tick(town)
        warned_at.append(len(town.notified("access_ends")))
        town.clock.move(6 * HOUR)
    days = [
        (later - two) and (end - (town.now - (len(warned_at) - number) * 6 * HOUR)).days
        for number, (later, two) in enumerate(zip(warned_at[1:], warned_at[:-1], strict=True), 1)
    ]
    assert [day for day in days if day] == [14, 7, 1]
    assert town.notified("access_ends") == ["admin", "admin", "admin", "lead", "lead", "lead"]


def test_what_is_first_known_late_is_told_once_and_a_renewed_one_anew(town: City) -> None:
    tick(town)
    token_ends(town, "x", token=town.now + 5 * DAY, data=town.now + 20 * DAY)
    assert [tick(town), tick(town)] == [1, 0]
    token_ends(town, "x", token=town.now + 10 * DAY, data=town.now + HOUR)
    assert [tick(town), tick(town)] == [2, 0]
    with town.read() as session:
        query = select(EndingWarning.about, EndingWarning.days).order_by(EndingWarning.id)
        rows = session.execute(query)
        assert [tuple(row) for row in rows] == [("token", 7), ("data", 1), ("token", 14)]


def test_what_ends_stands_on_the_board_until_it_is_renewed(town: City) -> None:
    def board(who: str) -> list[tuple[str, datetime]]:
        with town.read() as session:
            summary = problem_summary(session, actor=town.actor(who))
        return [(problem.about.value, problem.ends_at) for problem in summary.ending]

    end = town.now + 3 * DAY
    token_ends(town, "facebook", data=end)
    assert board("lead") == []
    tick(town)
    assert board("lead") == board("auditor") == [("data", end)]
    assert board("member") == []
    token_ends(town, "facebook", data=town.now + 90 * DAY)
    assert board("lead") == []


def test_the_mail_says_what_ends_and_when(town: City) -> None:
    tick(town)
    token_ends(town, "x", data=town.now + 6 * DAY)
    tick(town)
    with town.read() as session:
        mail = session.scalars(select(Notice).where(Notice.kind == "access_ends")).first()
    assert mail is not None
    assert mail.subject.startswith("खाते पुन्हा जोडावे, मुदत मंगळ. दि. १ डिसें.")
    assert "टिप्पण्या वाचण्याची परवानगी संपते" in mail.body
    assert "१\u00a0डिसेंबर" in mail.body
    assert "/accounts" in mail.body


def test_each_account_is_checked_once_a_day_and_pauses_before_a_due_post(
    town: City,
) -> None:
    assert [tick(town), tick(town)] == [2, 0]
    town.clock.move(25 * HOUR)
    facts = TokenFacts(until=town.now + 60 * DAY, scopes=("a",), missing=("b",))
    tick(town, AccountCheck(GOOD, facts))
    before = account(town)
    assert (before.checked_at, before.token_until) == (town.now, town.now + 60 * DAY)
    assert (before.scopes, before.missing) == (["a"], ["b"])
    town.clock.move(25 * HOUR)
    tick(town, AccountCheck(Health(HealthProblem.CREDENTIALS)))
    assert account(town).state is AccountState.PAUSED
    assert town.notified("account_paused") == [
        "admin",
        "admin",
        "lead",
        "lead",
    ]  # for both accounts
    town.clock.move(25 * HOUR)
    assert tick(town) == 0  # a paused account is checked by a person


def test_a_platform_that_is_away_pauses_nothing(town: City) -> None:
    tick(town, AccountCheck(Health(HealthProblem.UNREACHABLE)))
    assert account(town).state is AccountState.CONNECTED


def test_a_clock_that_is_to_stop_asks_about_no_further_account(town: City) -> None:
    calls: list[int] = []

    def look(account: Account) -> AccountCheck:
        calls.append(account.id)
        return WELL

    def stop() -> bool:
        return len(calls) == 1

    token_expiry.tick_tokens(town.context, NEVER, checker=look, is_stopping=stop)
    assert len(calls) == 1
    token_expiry.tick_tokens(town.context, NEVER, checker=look)
    assert sorted(calls) == sorted(town.accounts.values())


def test_what_was_connected_anew_while_it_was_looked_at_is_left_alone(town: City) -> None:
    def look(account: Account) -> AccountCheck:
        with town.write() as session:
            session.get_one(Account, account.id).credentials = "new"
        return AccountCheck(Health(HealthProblem.CREDENTIALS))

    token_expiry.tick_tokens(town.context, NEVER, checker=look)
    assert account(town).state is AccountState.CONNECTED


def test_a_new_key_opens_what_the_derived_one_sealed_and_seals_it_anew() -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Vault("secret", ()).seal({"token": "t"})
    for keys in ((first,), (second, first)):
        vault = Vault("secret", keys)
        sealed = vault.seal_anew(sealed)
        assert vault.open(sealed) == {"token": "t"}
    assert Vault("another", (second,)).open(sealed) == {"token": "t"}
    with pytest.raises(Unsealable):
        Vault("another", (first,)).seal_anew(sealed)


# Who may use an account


def test_an_account_kept_for_some_departments_is_offered_to_them_alone(town: City) -> None:
    change(town, "road")
    offered = {}
    for department in ("water", "road"):
        post_id = town.start(town.hand_in(department=department))
        with town.read() as session:
            post = session.get_one(Post, post_id)
            accounts = drafts.usable_accounts(session, post)
            offered[department] = {usable_account.code for usable_account in accounts}
    assert offered == {"water": {"facebook"}, "road": {"x", "facebook"}}


def test_a_text_for_an_account_of_others_is_refused_with_a_reason(town: City) -> None:
    post_id = town.start(town.hand_in())
    change(town, "road")
    with pytest.raises(Invalid) as refused:
        town.save(post_id, on=["facebook", "x"])
    assert refused.value.codes == [("variants-1-account_id", "account_not_open")]
    town.save(post_id, on=["facebook"])


def test_what_was_approved_before_is_not_scheduled_on_an_account_of_others(town: City) -> None:
    post_id = town.approved()
    change(town, "road")
    with pytest.raises(AccountNotOpen):
        town.schedule(post_id)
    change(town, "road", "water")
    town.schedule(post_id)


def test_what_is_scheduled_already_leaves_and_answers_are_not_limited(town: City) -> None:
    (delivery,) = town.due()
    change(town, "road")
    town.tick_dispatch()
    assert town.delivery(delivery).state == "published"
    comment = town.comment(under=delivery)
    town.answer(comment)
    town.tick_dispatch()
    with town.read() as session:
        states = session.scalars(select(Delivery.state).where(Delivery.id != delivery))
        assert list(states) == ["published"]


def test_the_owner_may_always(town: City) -> None:
    with town.write() as session:
        owned = session.get_one(Account, town.accounts["x"])
        owned.department_id = town.departments["water"]
    post_id = town.approved()
    with town.write() as session:
        manage.change(
            session,
            actor=town.actor("admin"),
            now=town.now,
            account_id=town.accounts["x"],
            choice=AccountSettings(
                "पाणी", town.departments["water"], open_to=[town.departments["road"]]
            ),
        )
    assert town.schedule(post_id)


# Who may change it


@pytest.mark.parametrize("who", ["lead", "clerk", "first", "auditor"])
def test_nobody_but_an_admin_changes_an_account(town: City, who: str) -> None:
    with pytest.raises(WrongRole):
        change(town, by=who)
    with pytest.raises(WrongRole), town.write() as session:
        manage.disconnect(
            session, actor=town.actor(who), now=town.now, account_id=town.accounts["x"]
        )


def test_an_admin_does_it_after_a_fresh_sign_in(town: City) -> None:
    with pytest.raises(FreshSignInRequired), town.write() as session:
        manage.disconnect(
            session,
            actor=town.actor("admin", fresh=False),
            now=town.now,
            account_id=town.accounts["x"],
        )
    change(town, daily_cap=5)
    assert account(town).daily_cap == 5
    assert town.verbs("accounts", town.accounts["x"]) == ["change"]


@pytest.mark.parametrize(("cap", "problem"), [(0, "daily_cap"), (2401, "daily_cap")])
def test_a_cap_that_makes_no_sense_is_refused(town: City, cap: int, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        change(town, daily_cap=cap)
    assert refused.value.codes == [(problem, "out_of_range")]


def test_a_handle_that_passed_to_another_account_is_not_the_old_account(town: City) -> None:
    with town.write() as session:
        session.get_one(Account, town.accounts["x"]).platform_id = "1"
        accounts = {
            number: manage.find_account(session, f"x-{number}", "x", number, "PMC_X")
            for number in ("1", "2", "")
        }
        account_ids = {
            number: account_row.id if account_row else None
            for number, account_row in accounts.items()
        }
    x = town.accounts["x"]
    assert account_ids == {"1": x, "2": None, "": x}


def test_a_paused_account_that_was_disconnected_is_not_taken_up_by_a_check(town: City) -> None:
    x = town.accounts["x"]
    admin = town.actor("admin")
    with town.write() as session:
        manage.disconnect(session, actor=admin, now=town.now, account_id=x)
        manage.resume(session, actor=admin, now=town.now, account_id=x, health=GOOD)
    assert account(town).state is AccountState.DISCONNECTED


def test_a_post_on_a_lost_account_waits_until_its_late_limit(town: City) -> None:
    (delivery,) = town.schedule(town.approved(), MINUTE)
    with town.write() as session:
        manage.disconnect(
            session, actor=town.actor("admin"), now=town.now, account_id=town.accounts["x"]
        )
    town.tick_dispatch(2 * MINUTE)
    assert town.delivery(delivery).state == "scheduled"
    town.tick_dispatch(timedelta(minutes=61))
    assert town.delivery(delivery).state == "missed"


def test_scheduling_says_whose_account_it_is_not(town: City) -> None:
    post_id = town.approved()
    change(town, "road")
    with pytest.raises(AccountNotOpen) as refused:
        town.schedule(post_id)
    assert refused.value.values == {"account": "पुणे"}
