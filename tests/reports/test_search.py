"""The search finds rows by word and by number, if the person may see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.database.session import Database
from publisher.models.submissions import Submission
from publisher.reports.search import Kind, find_exact_path, hits_of, search
from tests.support.city import City, city


@pytest.fixture
def town_with_hits(on_sqlite: Database, tmp_path: Path) -> City:
    """Add a live post of water with a comment, and a submission of the road department."""
    town = city(on_sqlite, tmp_path)
    live = town.live()[0]
    town.comment("टाकी कधी भरणार?", under=live)
    other = town.hand_in("टाकी रस्ता बंद", department="road")
    with town.write() as session:
        session.get_one(Submission, other).outward_number = "पथ/७५१"
    return town


def _hit_counts(town: City, who: str, text: str) -> dict[Kind, int]:
    with town.read() as session:
        groups = search(session, actor=town.actor(who), text=text)
    return {group.kind: len(group.hits) for group in groups}


@pytest.mark.parametrize(
    ("who", "text", "counts"),
    [
        ("clerk", "टाकी", (1, 0, 1)),
        ("clerk", "पाणीपुरवठा", (2, 1, 0)),
        ("clerk", "PMC/2026/000001", (1, 1, 0)),
        ("clerk", "PMC/२०२६/०००००१", (1, 1, 0)),
        ("auditor", "टाकी", (1, 0, 1)),
        ("member", "टाकी", (0, 0, 1)),
        ("road_member", "टाकी", (1, 0, 0)),
        ("road_member", "पाणीपुरवठा", (1, 0, 0)),
        ("oversight", "टाकी", (1, 0, 1)),
        ("health_head", "टाकी", (0, 0, 0)),
        ("clerk", "", (0, 0, 0)),
        ("clerk", "\u202e", (0, 0, 0)),
        ("clerk", "%", (0, 0, 0)),
    ],
)
def test_everybody_finds_what_is_in_their_sight(
    town_with_hits: City, who: str, text: str, counts: tuple[int, int, int]
) -> None:
    assert _hit_counts(town_with_hits, who, text) == dict(zip(Kind, counts, strict=True))


def test_an_admin_finds_posts_alone(town_with_hits: City) -> None:
    assert _hit_counts(town_with_hits, "admin", "पाणीपुरवठा") == {Kind.POSTS: 1}


@pytest.mark.parametrize(
    ("who", "text", "leads_to"),
    [
        ("clerk", "PMC/2026/000002", "/submissions/2"),
        ("clerk", "pmc/२०२६/२", "/submissions/2"),
        ("clerk", "२", "/submissions/2"),
        ("clerk", " 000002 ", "/submissions/2"),
        ("clerk", "पथ/७५१", "/submissions/2"),
        ("clerk", "PMC/2026/000009", None),
        ("clerk", "टाकी", None),
        ("clerk", "टाकी 2", None),
        ("member", "PMC/2026/000002", None),
        ("admin", "PMC/2026/000002", None),
    ],
)
def test_a_number_leads_straight_to_the_thing_in_sight(
    town_with_hits: City, who: str, text: str, leads_to: str | None
) -> None:
    with town_with_hits.read() as session:
        assert find_exact_path(session, actor=town_with_hits.actor(who), text=text) == leads_to


def test_more_hits_than_fit_are_asked_on_from_the_last_one(town_with_hits: City) -> None:
    for _ in range(3):
        town_with_hits.hand_in("गळती दुरुस्ती")
    with town_with_hits.read() as session:
        actor = town_with_hits.actor("clerk")
        first = hits_of(session, actor=actor, kind=Kind.SUBMISSIONS, text="गळती", limit=2)
        rest = hits_of(
            session, actor=actor, kind=Kind.SUBMISSIONS, text="गळती", before=first.following
        )
    assert (len(first.hits), len(rest.hits), rest.following) == (2, 1, None)
    assert {hit.path for hit in first.hits}.isdisjoint(hit.path for hit in rest.hits)
