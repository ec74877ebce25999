"""Programs on this machine or with the token are answered; others meet an unknown page."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, TestResponse

from publisher.database.session import Database
from publisher.delivery.costs import ledger
from publisher.models.deliveries import ClockBeat
from publisher.models.submission_details import StoreInUse
from publisher.platforms.base.charges import Cause, Charge, ChargeKind
from tests.support.city import statements
from tests.support.tables import each
from tests.web.site import Site
from tools.source import read
from web.home.monitoring import PATHS, PATIENCE, SharedRead

TOKEN = "an-invented-token-of-forty-characters-xx"
ELSEWHERE = {"REMOTE_ADDR": "198.51.100.7"}
OWN_METRICS = {"up"}
"""The metrics that Prometheus itself makes of each scrape."""


def ask(
    site: Site,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
) -> TestResponse:
    """Ask for a path by a connection from this machine, unless the environment says otherwise."""
    return site.app.test_client().open(
        path, method=method, headers=headers, environ_overrides=environ
    )


def body_of(response: TestResponse) -> dict[str, Any]:
    """Return the object that a response holds."""
    body: dict[str, Any] = json.loads(response.data)
    return body


@pytest.fixture
def with_token(site: Site) -> Site:
    """Set the token of the settings."""
    house = site.app.extensions["house"]
    settings = replace(house.settings, metrics_token=TOKEN)
    site.app.extensions["house"] = replace(house, settings=settings)
    return site


@pytest.fixture
def away(site: Site) -> Iterator[Site]:
    """Point the site to a database that is away."""
    house = site.app.extensions["house"]
    database = Database("postgresql://city:hidden@127.0.0.1:9/city")
    site.app.extensions["house"] = replace(house, database=database)
    yield site
    database.dispose()


def test_this_machine_is_answered_without_cookie_session_or_query(site: Site) -> None:
    with statements(site.city.database) as executed:
        response = ask(site, "/healthz", headers={"Cookie": "__Host-nagarvani=x"})
    assert (response.status_code, response.text, executed) == (200, "ok\n", [])
    for path in PATHS:
        response = ask(site, path)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers
        # The histogram has what all tests of this process have asked for.
        assert path == "/metrics" or len(response.data) < 1_000


def test_a_session_is_not_looked_at(site: Site) -> None:
    browser = site.browser("clerk")
    with statements(site.city.database) as executed:
        assert browser.get("/healthz").status_code == 200
    assert executed == []


@each(
    "headers, environ",
    [
        ({}, ELSEWHERE),
        ({}, {"REMOTE_ADDR": ""}),
        ({}, {"REMOTE_ADDR": "localhost"}),
        ({"X-Forwarded-For": "127.0.0.1"}, {}),
        ({"X-Forwarded-For": ""}, {}),
        ({"X-Forwarded-Proto": "https"}, {}),
        ({"Forwarded": "for=127.0.0.1"}, {}),
        ({"X-Real-IP": "127.0.0.1"}, {}),
        ({"Via": "1.1 proxy"}, {}),
        ({"Authorization": "Bearer "}, ELSEWHERE),
        ({"Authorization": f"Bearer {TOKEN}"}, ELSEWHERE),
    ],
)
@each("path", sorted(PATHS))
def test_a_stranger_meets_an_unknown_page(
    site: Site, path: str, headers: dict[str, str], environ: dict[str, str]
) -> None:
    """The settings of this site have no token, so none is right."""
    assert ask(site, path, headers=headers, environ=environ).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"])
def test_nothing_tells_a_stranger_that_the_path_exists(site: Site, method: str) -> None:
    unknown, hidden = (
        ask(site, path, method=method, environ=ELSEWHERE) for path in ("/metrich", "/metrics")
    )
    assert hidden.status_code == unknown.status_code == 404
    assert list(hidden.headers.keys()) == list(unknown.headers.keys())
    same = re.compile(r'name="csrf_token" value="[^"]*"|/metric[hs]')
    assert same.sub("", hidden.text) == same.sub("", unknown.text)


def test_the_address_of_a_header_is_not_believed(site: Site) -> None:
    behind_proxy = Client(ProxyFix(site.app.wsgi_app, x_for=1))
    headers = {"X-Forwarded-For": "127.0.0.1"}
    for given_headers in (headers, {}):
        response = behind_proxy.get("/metrics", headers=given_headers, environ_base=ELSEWHERE)
        assert response.status_code == 404
    local = {"REMOTE_ADDR": "127.0.0.1"}
    assert behind_proxy.get("/metrics", environ_base=local).status_code == 200


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 404),
        (f"Bearer {TOKEN[:-1]}", 404),
        (f"Basic {TOKEN}", 404),
        (TOKEN, 404),
        ("Bearer ", 404),
        ("Bearer \xe9", 404),
    ],
)
def test_the_token_is_answered_from_anywhere(
    with_token: Site, authorization: str, code: int
) -> None:
    headers = {"Authorization": authorization, "X-Forwarded-For": "203.0.113.9"}
    assert ask(with_token, "/metrics", headers=headers, environ=ELSEWHERE).status_code == code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_every_address_of_loopback_is_this_machine(site: Site, address: str) -> None:
    assert ask(site, "/healthz", environ={"REMOTE_ADDR": address}).status_code == 200


def test_a_silent_clock_makes_no_web_unready(site: Site) -> None:
    response = ask(site, "/readyz")
    assert response.status_code == 200
    assert body_of(response)["ready"] is True
    assert body_of(response)["clock_beat_seconds"] is None
    with site.city.write() as session:
        session.add(ClockBeat(name="clock", started_at=site.city.now, beat_at=site.city.now))
    site.app.extensions["house"] = replace(site.app.extensions["house"])  # nothing read before
    assert body_of(ask(site, "/readyz"))["clock_beat_seconds"] == 0


@pytest.mark.parametrize(("revision", "code"), [("0019", 503), ("9999", 200)])
def test_a_web_is_unready_with_older_tables_and_serves_with_newer_ones(
    site: Site, revision: str, code: int
) -> None:
    """A release whose tables the web of the last one cannot use says that it is to be stopped."""
    with site.city.write() as session:
        statement = text("UPDATE alembic_version SET version_num = :revision")
        session.execute(statement, {"revision": revision})
    response = ask(site, "/readyz")
    assert response.status_code == code
    assert (body_of(response)["database"], body_of(response)["revision"]) == ("reachable", revision)


def test_a_web_is_unready_once_the_database_names_another_media_store(site: Site) -> None:
    with site.city.write() as session:
        session.add(StoreInUse(id=1, identity="a" * 32, laid_at=site.city.now))
    for identity, code, text_of_store in (("a", 200, "same"), ("b", 503, "another")):
        context = replace(site.app.extensions["house"], store_identity=identity * 32)
        site.app.extensions["house"] = context
        response = ask(site, "/readyz")
        assert (response.status_code, body_of(response)["media_store"]) == (code, text_of_store)


def test_a_database_that_is_away_is_told_without_a_traceback(
    away: Site, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(away, "/healthz").status_code == 200
    response = ask(away, "/readyz")
    assert (response.status_code, body_of(response)["database"]) == (503, "unreachable")
    metrics = ask(away, "/metrics")
    assert metrics.status_code == 200
    assert "nagarvani_database_up 0.0\n" in metrics.text
    assert "nagarvani_request_seconds_count" in metrics.text
    assert "nagarvani_deliveries" not in metrics.text
    assert "hidden" not in metrics.text + response.text
    assert [record.name for record in caplog.records if record.name != "nagarvani.access"] == []


class _Gate:
    """A reading that waits until it is let go, and counts how often it was begun."""

    def __init__(self) -> None:
        self.count, self.begun, self.open = 0, threading.Event(), threading.Event()

    def read(self) -> int:
        """Return how often it was begun."""
        self.count += 1
        self.begun.set()
        self.open.wait(20)
        return self.count


def test_all_who_ask_at_once_share_one_reading() -> None:
    gate, at = _Gate(), [100.0]
    shared = SharedRead(gate.read, 10, lambda: at[0])
    answers: list[int | None] = []
    threads = [threading.Thread(target=lambda: answers.append(shared.latest())) for _ in range(20)]
    for thread in threads:
        thread.start()
    gate.open.set()
    for thread in threads:
        thread.join()
    assert answers == [1] * 20
    at[0] = 109.9
    assert shared.latest() == 1
    at[0] = 110
    assert shared.latest() == 2


def test_a_database_that_does_not_respond_holds_nobody_up() -> None:
    gate, at = _Gate(), [100.0]
    shared = SharedRead(gate.read, 10, lambda: at[0])
    starter = threading.Thread(target=shared.latest)
    starter.start()
    assert gate.begun.wait(20)
    at[0] += PATIENCE
    assert shared.latest() is None  # at once: the reading began that long ago
    at[0] = 1_000
    assert shared.latest() is None
    assert gate.count == 1
    gate.open.set()
    starter.join()


def scraped(site: Site) -> dict[str, set[str]]:
    """Return the samples that a scrape may have, each with the names of its labels."""
    families = list(text_string_to_metric_families(ask(site, "/metrics").text))
    samples: dict[str, set[str]] = {family.name: set() for family in families}
    for family in families:
        for sample in family.samples:
            samples.setdefault(sample.name, set()).update(sample.labels)
    return samples


def expressions() -> list[str]:
    """Return every expression of the alert rules and of the board."""
    groups = yaml.safe_load(read("deploy/monitoring/alerts.yml"))["groups"]
    rules = [rule["expr"] for group in groups for rule in group["rules"]]
    panels = json.loads(read("deploy/monitoring/grafana.json"))["panels"]
    targets = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    assert len(rules) >= 8
    assert len(targets) >= 8
    return [*rules, *targets]


@pytest.fixture
def busy(site: Site) -> Site:
    """Let the city have published something, so that every metric has a sample."""
    city = site.city
    city.live()
    read = [Charge(ChargeKind.POST_READ, "post/1")]
    with city.write() as session:
        platforms = site.app.extensions["house"].settings.platforms
        account_id, today = city.accounts["x"], city.now.date()
        ledger.add(session, "x", account_id, Cause.LOOKS, today, read, platforms)
    ask(site, "/sign-in")
    return site


def test_every_metric_of_the_rules_and_the_board_is_in_a_scrape(busy: Site) -> None:
    samples = scraped(busy)
    for expression in expressions():
        without_texts = re.sub(r'"[^"]*"', '""', expression)
        for name, matchers in re.findall(r"\b(nagarvani_\w+|up)\b(?:{([^}]*)})?", without_texts):
            if name in OWN_METRICS:
                continue
            assert name in samples, expression
            assert set(re.findall(r"(\w+)\s*!?=", matchers)) <= samples[name], expression
        grouped = re.findall(r"(?:by|without) \(([^)]*)\)", without_texts)
        labels = {label.strip() for group in grouped for label in group.split(",")}
        assert labels <= set().union(*samples.values()), expression


def test_the_values_that_rules_name_are_in_a_scrape(busy: Site) -> None:
    body = ask(busy, "/metrics").text
    for expression in expressions():
        for name, matchers in re.findall(r"(nagarvani_\w+){([^}]*)}", expression):
            if "request" not in name:
                for label in re.findall(r'\w+="\w+"', matchers):
                    assert re.search(rf"^{name}{{[^}}]*{label}", body, re.MULTILINE), expression


def test_the_docs_have_each_metric_with_its_labels_and_no_other(busy: Site) -> None:
    documented = {
        name: set(re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(
            r"^\| `(nagarvani_\w+)` \| (.*?) \|", read("docs/metrics.md"), re.MULTILINE
        )
    }
    families = text_string_to_metric_families(ask(busy, "/metrics").text)
    present = {
        family.name: {label for sample in family.samples for label in sample.labels} - {"le"}
        for family in families
    }
    assert documented == present


def test_each_alert_says_what_to_do_and_how_bad_it_is() -> None:
    (group,) = yaml.safe_load(read("deploy/monitoring/alerts.yml"))["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(names) == len(set(names))
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
        assert _is_balanced(rule["expr"])


def _is_balanced(expression: str) -> bool:
    pairs: dict[Any, str] = {")": "(", "}": "{", "]": "["}
    open_ones: list[str] = []
    for sign in expression:
        if sign in pairs.values():
            open_ones.append(sign)
        elif sign in pairs and (not open_ones or open_ones.pop() != pairs[sign]):
            return False
    return not open_ones
