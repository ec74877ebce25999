"""The pixels that are decoded at the same time: small pictures together, a large one alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from publisher.media.pixel_budget import PixelBudget


def test_two_small_pictures_are_decoded_together() -> None:
    budget, both = PixelBudget(26), Barrier(2, timeout=20)

    def decode(_number: int) -> bool:
        with budget.spend(12):
            return both.wait() >= 0  # neither goes on alone

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(decode, range(2))) == [True, True]


@pytest.mark.parametrize(("first", "second"), [(40, 40), (40, 1), (12, 40), (14, 13)])
def test_what_is_too_much_together_waits_for_the_other(first: int, second: int) -> None:
    budget, is_inside, is_done = PixelBudget(26), Event(), Event()
    order: list[str] = []

    def decode_second() -> None:
        assert is_inside.wait(20)
        with budget.spend(second):
            order.append("second")
        is_done.set()

    with ThreadPoolExecutor(1) as threads:
        result = threads.submit(decode_second)
        with budget.spend(first):
            is_inside.set()
            assert not is_done.wait(0.2)
            order.append("first")
        result.result(timeout=20)
    assert order == ["first", "second"]


def test_room_is_given_back_after_an_error() -> None:
    budget = PixelBudget(26)
    with pytest.raises(MemoryError), budget.spend(40):
        raise MemoryError
    with budget.spend(40):
        pass
