"""The departments that are shipped with the product."""

from __future__ import annotations

from collections import Counter
from unicodedata import normalize

from publisher.people.register_data import load

KINDS = {"department": 41, "office": 6, "zone": 5, "ward-office": 15}


def test_the_register_has_sixty_seven_departments_with_codes_of_their_own() -> None:
    codes = [row.code for row in load()]
    assert len(codes) == len(set(codes)) == 67


def test_the_annex_numbers_run_from_one_to_sixty_one() -> None:
    numbers = [row.annex_no for row in load() if row.annex_no is not None]
    assert numbers == list(range(1, 62))


def test_the_circular_says_of_exactly_its_annex_that_it_named_nobody() -> None:
    named_nobody = [row for row in load() if row.named_nobody]
    assert len(named_nobody) == 61
    assert {row.code for row in load()} - {row.code for row in named_nobody} == {
        "information-technology",
        "ward-bibwewadi",
        "ward-kondhwa",
        "ward-kothrud",
        "ward-sinhagad-road",
        "ward-yerawada",
    }


def test_each_department_is_named_in_three_languages() -> None:
    for row in load():
        assert row.name_en.isascii()
        for name in (row.name_mr, row.name_hi):
            assert name == normalize("NFC", name).strip()
            assert any("\u0900" <= sign <= "\u097f" for sign in name)


def test_no_two_departments_share_a_name() -> None:
    for field in ("name_mr", "name_en", "name_hi"):
        assert len({getattr(row, field) for row in load()}) == 67


def test_only_departments_of_the_annex_carry_its_spelling() -> None:
    for row in load():
        assert bool(row.name_mr_transcribed) == row.named_nobody


def test_the_kinds_are_counted() -> None:
    assert Counter(row.kind for row in load()) == KINDS
