"""Problems beside posts: paused accounts and failed mails, for those who should know."""

from __future__ import annotations

from publisher.reports.problems import ProblemSummary, problem_summary
from tests.support import city_controls, scenes
from tests.support.city import City
from tests.support.city_people import HOUR


def problems_of(town: City, who: str) -> ProblemSummary:
    with town.read() as session:
        return problem_summary(session, actor=town.actor(who))


def test_where_all_is_well_there_is_nothing(town: City) -> None:
    scenes.in_review(town)
    assert problems_of(town, "lead") == ProblemSummary()
    assert problems_of(town, "lead").number == 0


def test_a_stopped_account_says_since_when_and_what_waits_for_it(town: City) -> None:
    began = town.now
    scenes.paused(town)
    town.schedule(town.approved(), 3 * HOUR)
    town.schedule(town.approved(on=["facebook"]), HOUR)
    (account,) = problems_of(town, "clerk").accounts
    assert account.account.platform == "x"
    assert account.account.state_at == began
    assert (account.waiting, account.next_at) == (2, began)
    assert {who: len(problems_of(town, who).accounts) for who in ("admin", "auditor", "first")} == {
        "admin": 1,
        "auditor": 1,
        "first": 0,
    }


def test_mails_that_did_not_go_are_told_to_who_may_send_them_again(town: City) -> None:
    scenes.in_review(town)
    since = town.now
    city_controls.fail_mail(town)
    town.clock.move(HOUR)
    city_controls.fail_mail(town)
    for who in ("admin", "lead"):
        problems = problems_of(town, who)
        assert (problems.mails, problems.mails_since, problems.number) == (2, since, 1)
    assert problems_of(town, "clerk") == problems_of(town, "first") == ProblemSummary()
