"""A CTE that several conditions share exists once, whichever thread asks for it first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

from sqlalchemy import CTE, select

from publisher.models.posts import Post
from publisher.reports.sql_basics import once


def test_two_threads_that_ask_at_once_share_one_cte() -> None:
    """Without a lock both threads meet in the middle of building, and each has its own."""
    both_build = Barrier(2)

    @once
    def posts() -> CTE:
        with suppress(BrokenBarrierError):
            both_build.wait(0.2)
        return select(Post.id).cte("posts")

    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(posts) for _ in range(2))
    assert first.result() is second.result()
    assert posts() is first.result()
