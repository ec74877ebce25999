"""The tour leads every role through its own pages, and ends on the home page."""

from __future__ import annotations

import pytest

from approvals.policy import Role
from tests.web.site import Site
from tests.web.world import CAST
from web.messages.tour import TOURS

ROLES = {Role.CELL_LEAD: "lead"} | {role: role.value for role in Role if role is not Role.CELL_LEAD}


@pytest.mark.ci
@pytest.mark.parametrize("role", list(Role))
def test_each_step_leads_to_a_page_that_this_role_may_open(site: Site, role: Role) -> None:
    browser = site.browser(CAST[ROLES[role]])
    for number, step in enumerate(TOURS[role], 1):
        page = browser.get(f"/tour/{number}")
        assert page.status_code == 200
        with site.app.test_request_context():
            path = site.app.url_for(step.endpoint, _external=False)
        assert f'href="{path}"' in page.text
        assert browser.get(path).status_code == 200
    assert browser.get(f"/tour/{len(TOURS[role]) + 1}").status_code == 404
    assert browser.get("/tour/0").status_code == 404
