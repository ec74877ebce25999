"""The access log as a page: in three languages, by kind, person and day, in Indian time."""

from __future__ import annotations

import pytest

from publisher.working_time import local_day
from tests.web.site import Site


def prepare(site: Site) -> None:
    """Refuse a sign-in of the member, close and open the access, and export a list."""
    site.give_password("member")
    site.nobody().sign_in("member", "not the password")
    admin, path = site.browser("admin"), f"/people/{site.city.people['member']}"
    assert admin.post(f"{path}/disable").status_code == 302
    assert admin.post(f"{path}/enable").status_code == 302
    assert site.browser("clerk").get("/submissions.csv?view=all").status_code == 200


def test_an_admin_and_an_auditor_read_the_log_and_nobody_else(any_site: Site) -> None:
    prepare(any_site)
    for name in ("admin", "auditor"):
        page = any_site.browser(name).page("/access-log")
        for words in (
            "साइन इन नाकारले",
            "चुकीचा पासवर्ड",
            "प्रवेश बंद केला",
            "यादी फाइल स्वरूपात डाउनलोड केली",
        ):
            assert words in page
        assert "१२:००" in page, "noon in India"
    for name in ("lead", "clerk", "member"):
        assert any_site.browser(name).get("/access-log").status_code == 403


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Sign-in refused"), ("hi", "साइन इन अस्वीकृत")]
)
def test_the_log_is_read_in_every_language(site: Site, language: str, words: str) -> None:
    prepare(site)
    auditor = site.browser("auditor")
    auditor.post("/language", {"lang": language})
    assert words in auditor.page("/access-log")


def test_the_log_is_chosen_by_kind_person_and_day(site: Site) -> None:
    prepare(site)
    auditor, member = site.browser("auditor"), site.city.people["member"]
    refused = auditor.page("/access-log?kind=refused")
    assert "साइन इन नाकारले" in refused
    assert "प्रवेश बंद केला" not in refused
    day = local_day(site.city.now).isoformat()
    listed = auditor.page(f"/access-log?kind=refused&person={member}&day={day}")
    assert "साइन इन नाकारले" in listed
    assert "साइन इन नाकारले" not in auditor.page("/access-log?kind=refused&day=2020-01-01")
    assert "साइन इन नाकारले" not in auditor.page("/access-log?kind=exports")
    for odd in ("kind=x", "day=x", "person=x", "person=99999", "after=x", "day=0001-01-01"):
        assert auditor.get(f"/access-log?{odd}").status_code == 200
