"""The statements of the pages that are opened all day stay short enough to be read."""

from __future__ import annotations

import pytest

from tests.support import scenes
from tests.support.city import statements
from tests.web.core.test_query_counts import comments, mentions, missed, reviews, submissions
from tests.web.site import Site
from tests.web.world import CAST

LONGEST = 4_000
PAGES = {
    "/": ("cell", "officer", "head", "admin", "member"),
    "/submissions": ("cell", "lead", "officer"),
    "/decisions": ("cell", "lead", "officer"),
    "/comments": ("cell", "officer"),
    "/departments": ("lead",),
}


@pytest.mark.twin
def test_no_statement_of_a_daily_page_is_long(any_site: Site) -> None:
    town = any_site.city
    for furnish, count in ((submissions, 8), (reviews, 3), (missed, 2), (comments, 4)):
        furnish(town, count)
    mentions(town, 2)
    scenes.held(town)
    scenes.found_gone(town)
    for path, roles in PAGES.items():
        for role in roles:
            browser = any_site.browser(CAST[role])
            with statements(town.database) as executed:
                browser.page(path)
            longest = max(executed, key=len)
            assert len(longest) <= LONGEST, (path, role, len(longest), longest[:200])
