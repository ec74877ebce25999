"""A cursor moves on only after all pages have been read."""

from __future__ import annotations

import pytest

from publisher.platforms.base.cursor import CursorPosition, read_next_page
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.platforms.base.types import CommentPage


def test_a_cursor_is_read_as_it_was_written() -> None:
    cursor = CursorPosition("5", "9", "to|ken")
    assert CursorPosition.decode(cursor.encode()) == cursor
    assert CursorPosition.decode(None) == CursorPosition()


def test_within_a_round_nothing_counts_as_read_for_certain() -> None:
    first = CursorPosition("5").after("9", "second-page")
    assert first == CursorPosition("5", "9", "second-page")
    assert first.after("9", "") == CursorPosition("9")


def test_a_round_that_found_nothing_stays_where_it_was() -> None:
    assert CursorPosition("5").after("", "") == CursorPosition("5")


def test_a_token_that_leads_to_itself_ends_the_round() -> None:
    assert CursorPosition("5", "9", "same").after("9", "same") == CursorPosition("9")


def failing(
    *refused: CursorPosition, reason: RefusalCode = RefusalCode.INVALID
) -> tuple[CommentPage, list[CursorPosition]]:
    tried: list[CursorPosition] = []

    def read(cursor: CursorPosition) -> CommentPage:
        tried.append(cursor)
        if cursor in refused:
            raise Refused(reason)
        return CommentPage((), cursor.encode(), False)

    return read_next_page(CursorPosition("5", "9", "old"), read), tried


def test_reading_goes_back_to_the_rounds_start_and_then_to_the_very_start() -> None:
    page, tried = failing(CursorPosition("5", "9", "old"))
    assert (page.cursor, len(tried)) == ("5||", 2)
    page, tried = failing(CursorPosition("5", "9", "old"), CursorPosition("5"))
    assert (page.cursor, len(tried)) == ("||", 3)


def test_a_refusal_of_the_very_start_is_a_refusal() -> None:
    with pytest.raises(Refused):
        failing(CursorPosition("5", "9", "old"), CursorPosition("5"), CursorPosition())


def test_a_refusal_for_another_reason_is_not_tried_again() -> None:
    with pytest.raises(Refused):
        failing(CursorPosition("5", "9", "old"), reason=RefusalCode.PERMISSION)
